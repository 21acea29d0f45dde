"""Commands that compare the documents with the log: `verify` reports, `rebuild` repairs."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from gatherlog.entrypoints.cli.failures import FAILED
from gatherlog.entrypoints.cli.opening import finish, opened_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Compare every document with what its events say; write nothing.

    Prints a line per document that differs, without what it says. Status 1 if any does. The store
    may be in use meanwhile.
    """
    from gatherlog.core.projections.rebuild import verify

    found = finish(_compare(verify, store, json, "differs"))
    return FAILED if found else 0


def rebuild(*, store: StoreUrl = None, json: Json = False) -> None:
    """Mend every document that is not what its events say, and build new indexes.

    Prints a line per document that was mended. The store may be in use meanwhile; breaking it off
    and starting again does no harm.
    """
    from gatherlog.core.projections.rebuild import rebuild

    finish(_compare(rebuild, store, json, "mended"))


async def _compare(comparison: _Comparison, store: str | None, as_json: bool, verb: str) -> int:
    import msgspec

    from gatherlog.bootstrap import CATEGORIES
    from gatherlog.core.projections.rebuild import Progress

    count = Progress()
    with _shown() as show:

        def note(progress: "Progress") -> None:
            nonlocal count
            count = progress
            show(progress)

        async with opened_store(store) as opened:
            async for difference in comparison(opened, CATEGORIES, progress=note):
                if as_json:
                    print(msgspec.json.encode(difference).decode())
                else:
                    print(f"{difference.view}/{difference.id} {verb}: {difference.what}")
    read = f"{count.streams:,} streams, {count.events:,} events, {count.documents:,} documents"
    print(f"{read}: {count.differences:,} {verb.removesuffix('s')}", file=sys.stderr)
    return count.differences


@contextmanager
def _shown() -> "Iterator[Callable[[Progress], None]]":
    """Shows the progress in one line that is updated, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda progress: status.update(
            f"{progress.streams:,} streams, {progress.documents:,} documents"
        )
