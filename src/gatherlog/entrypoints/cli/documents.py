"""Commands that compare the documents with the log: `verify` reports, `rebuild` repairs."""

import sys
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from gatherlog.entrypoints.cli.failures import FAILED
from gatherlog.entrypoints.cli.opening import finish, opened_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, updated_line

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Store
    from gatherlog.core.projections.folds import Category
    from gatherlog.core.projections.rebuild import Difference, Progress

__all__ = ["rebuild", "verify"]


class _Comparison(Protocol):
    def __call__(
        self,
        store: "Store",
        categories: "Sequence[Category]",
        *,
        progress: "Callable[[Progress], None]",
    ) -> "AsyncIterator[Difference]": ...


def verify(*, store: StoreUrl = None, json: Json = False) -> int:
    """Compare documents with what their events say; write nothing.

    Prints a line per document that differs, without its content. Status 1 if any does. The store
    may be in use meanwhile. Documents that subscriptions write, and streams of other programs, are
    not compared; the last lines name them. With --json, the last line on standard output has how
    much was compared, as `counts`.
    """
    from gatherlog.core.projections.rebuild import verify

    found = finish(_compare(verify, store, json, "differs"))
    return FAILED if found else 0


def rebuild(*, store: StoreUrl = None, json: Json = False) -> None:
    """Repair documents that differ from their events, and build new indexes.

    Prints a line per document that was repaired. The store may be in use meanwhile; interrupting
    it and starting again does no harm. Documents that subscriptions write, and streams of other
    programs, are not compared; the last lines name them.
    """
    from gatherlog.core.projections.rebuild import rebuild

    finish(_compare(rebuild, store, json, "repaired"))


async def _compare(comparison: _Comparison, store: str | None, as_json: bool, verb: str) -> int:
    import msgspec

    from gatherlog.apps.intake import record_logs
    from gatherlog.bootstrap import CATEGORIES
    from gatherlog.core.projections.rebuild import Progress

    count = Progress()
    with updated_line() as show:

        def note(progress: "Progress") -> None:
            nonlocal count
            count = progress
            show(f"{progress.streams:,} streams, {progress.documents:,} documents")

        async with opened_store(store) as opened:
            logs = await record_logs(opened)
            async for difference in comparison(opened, [*CATEGORIES, *logs], progress=note):
                if as_json:
                    print(msgspec.json.encode(difference).decode())
                else:
                    print(f"{difference.view}/{difference.id} {verb}: {difference.what}")
            others = await _streams_of_others(opened, {log.name for log in logs})
    if as_json:
        counts = msgspec.to_builtins(count) | {"streams_of_others": others}
        print(msgspec.json.encode({"counts": counts}).decode())
    _report(count, verb, others)
    return count.differences


async def _streams_of_others(store: "Store", logs: Collection[str]) -> int:
    """How many streams programs have appended to that are neither Gatherlog's own nor of `logs`.

    Each stream has one event with the version 1.
    """
    from gatherlog.bootstrap import OWNED
    from gatherlog.core.eventstore.feed_pages import feed_events
    from gatherlog.core.eventstore.streams import INTERNAL, category_of

    known, others = {*OWNED, *INTERNAL, *logs}, 0
    for partition, head in enumerate(await store.heads()):
        async with aclosing(feed_events(store, partition, 0, head)) as pages:
            async for page in pages:
                firsts = [event.stream for event in page if event.version == 1]
                others += sum(category_of(stream) not in known for stream in firsts)
    return others


def _report(count: "Progress", verb: str, others: int) -> None:
    """Print how much was compared, and what was not."""
    from gatherlog.bootstrap import projections

    read = ", ".join(
        counted(number, noun)
        for number, noun in (
            (count.streams, "stream"),
            (count.events, "event"),
            (count.documents, "document"),
        )
    )
    differ = verb if count.differences == 1 else verb.removesuffix("s")
    print(f"{read}: {count.differences:,} {differ}", file=sys.stderr)
    if others:
        is_one = "was" if others == 1 else "were"
        print(
            f"{counted(others, 'stream')} of other programs {is_one} not compared; they do it with "
            "gatherlog.core.projections.rebuild.",
            file=sys.stderr,
        )
    left_out = ", ".join(
        f"{', '.join(view.name for view in fold.views)} (subscription {one.name})"
        for one in projections()
        if (fold := one.fold) is not None
    )
    print(
        f"Not compared: {left_out}; `gatherlog subscriptions reset NAME --to start` makes these "
        "documents again.",
        file=sys.stderr,
    )
