"""Commands that compare the documents with the log: `verify` reports, `rebuild` repairs."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from gatherlog.entrypoints.cli.failures import FAILED
from gatherlog.entrypoints.cli.opening import finish, opened_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, printable, updated_line

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Store
    from gatherlog.core.projections.folds import Category
    from gatherlog.core.projections.rebuild import Difference, Progress

__all__ = ["rebuild", "verify"]

MOST_NAMED = 20


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

    Prints a line per document that differs, without its content. Status 1 if any does, or if a view
    of this release is not built. The store may be in use meanwhile. Documents that subscriptions
    write, and streams and views of other programs, are not compared; the last lines name them. With
    --json, the last line on standard output has how much was compared, as `counts`.
    """
    from gatherlog.core.projections.rebuild import verify

    return finish(_compare(verify, store, json, "differs"))


def rebuild(*, store: StoreUrl = None, json: Json = False) -> int:
    """Repair documents that differ from their events, and build new indexes.

    Prints a line per document that was repaired. The store may be in use meanwhile; interrupting
    it and starting again does no harm. Documents that subscriptions write, and streams and views of
    other programs, are not compared; the last lines name them. Status 1 if a view of this release
    is still not built.
    """
    from gatherlog.core.projections.rebuild import rebuild

    return finish(_compare(rebuild, store, json, "repaired"))


async def _compare(comparison: _Comparison, store: str | None, as_json: bool, verb: str) -> int:
    """Compare, print what differs and what was not compared, and give the status."""
    import msgspec

    from gatherlog.bootstrap import all_categories
    from gatherlog.core.eventstore.store import KnowsViews
    from gatherlog.core.projections.building import unbuilt_views
    from gatherlog.core.projections.rebuild import Progress

    count = Progress()
    with updated_line() as show:

        def note(progress: "Progress") -> None:
            nonlocal count
            count = progress
            show(f"{progress.streams:,} streams, {progress.documents:,} documents")

        async with opened_store(store, read_only=verb == "differs") as opened:
            categories = await all_categories(opened)
            async for difference in comparison(opened, categories, progress=note):
                if as_json:
                    print(msgspec.json.encode(difference).decode())
                else:
                    print(f"{difference.view}/{difference.id} {verb}: {difference.what}")
            others = await _streams_of_others(opened, {one.name for one in categories})
            views = await opened.undeclared() if isinstance(opened, KnowsViews) else []
            unbuilt = await unbuilt_views(opened)
    if as_json:
        counts = msgspec.to_builtins(count) | {"streams_of_others": others}
        print(msgspec.json.encode({"counts": counts}).decode())
    _report(count, verb, others, views)
    if unbuilt:
        print(f"Not built: {', '.join(unbuilt)}; `gatherlog upgrade` builds them.", file=sys.stderr)
    differs = verb == "differs" and count.differences > 0
    return FAILED if unbuilt or differs else 0


async def _streams_of_others(store: "Store", logs: Collection[str]) -> dict[str, int]:
    """The categories that programs have appended to which are neither Gatherlog's own nor of
    `logs`, and how many streams each has.

    Each stream has one event with the version 1.
    """
    from gatherlog.bootstrap import OWNED
    from gatherlog.core.eventstore.feed_pages import feed_events
    from gatherlog.core.eventstore.streams import INTERNAL, category_of

    known, others = {*OWNED, *INTERNAL, *logs}, Counter[str]()
    for partition, head in enumerate(await store.heads()):
        async with aclosing(feed_events(store, partition, 0, head)) as pages:
            async for page in pages:
                firsts = [category_of(event.stream) for event in page if event.version == 1]
                others.update(category for category in firsts if category not in known)
    return others


def _named(names: Collection[str]) -> str:
    """The names in order, as far as a line has room for them."""
    shown = [printable(name) for name in sorted(names)][:MOST_NAMED]
    return ", ".join(shown) + (", …" if len(names) > MOST_NAMED else "")


def _report(count: "Progress", verb: str, others: Mapping[str, int], views: Sequence[str]) -> None:
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
        streams = sum(others.values())
        is_one = "was" if streams == 1 else "were"
        print(
            f"{counted(streams, 'stream')} of other programs ({_named(others)}) {is_one} not "
            "compared; they do it with gatherlog.core.projections.rebuild.",
            file=sys.stderr,
        )
    if views:
        print(f"Views of other programs were not compared: {_named(views)}.", file=sys.stderr)
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
