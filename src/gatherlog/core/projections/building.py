"""Building views: what has to be done before the views of a newer release serve.

The documents of a category are folded from its events again (`rebuild`). Documents that do not
follow from events, such as checkpoints, are read and written again as they are, with their index
keys of now. Those of projections are made again by their subscription, see
`gatherlog.core.subscriptions.refolding`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.store import Commit, Document, KnowsViews, Store
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.paging import all_documents, all_streams
from gatherlog.core.projections.rebuild import Progress, rebuild
from gatherlog.core.projections.views import View

__all__ = ["BuildProgress", "build_views", "unbuilt_views"]


class BuildProgress(msgspec.Struct, frozen=True):
    """How many events have been read, of how many; 0 of 0 if no events have to be read.

    More may be read than there were at the beginning.
    """

    done: int = 0
    total: int = 0


async def unbuilt_views(store: Store) -> list[str]:
    """The declared views that have to be built before they serve, by name.

    None for a store that does not know. Raises ViewOutdated if the store has a newer version.
    """
    return await store.unbuilt() if isinstance(store, KnowsViews) else []


async def build_views(
    store: Store,
    categories: Sequence[Category],
    kept: Sequence[View[Any]] = (),
    *,
    progress: Callable[[BuildProgress], None] = lambda progress: None,
) -> list[str]:
    """Build the views of these categories, and those of `kept`, that are not built; their names.

    Other views are left alone. It may be interrupted and started again at any time, and other
    commits may go on meanwhile; several processes may do it at once, but each does all of the work.
    Raises EventUnknown, EventUndecodable and DocumentUndecodable for what cannot be read.
    """
    names = set(await unbuilt_views(store))
    rewritten = [view for view in kept if view.name in names]
    for view in rewritten:
        await _rewrite(store, view)
    affected = [c for c in categories if any(view.name in names for view in c.fold.views)]
    views = {v.name: v for c in affected for v in c.fold.views if v.name in names}
    if affected:
        total = await _events_of(store, affected)
        progress(BuildProgress(0, total))

        def note(count: Progress) -> None:
            progress(BuildProgress(count.events, max(total, count.events)))

        async for _ in rebuild(store, affected, views=list(views.values()), progress=note):
            pass
    return sorted({*views, *(view.name for view in rewritten)})


async def _events_of(store: Store, categories: Sequence[Category]) -> int:
    """How many events the streams of these categories have."""
    total = 0
    for category in categories:
        async for head in all_streams(store, category.name):
            total += head.version
    return total


async def _rewrite(store: Store, view: View[Any]) -> None:
    """Write every document of a view again, with the same content and version."""
    async for found in all_documents(store, view.name):
        document: Document | None = found
        while document is not None and not await _is_written_again(store, view, document):
            [document] = await store.get([view.ref(found.id)])
    await store.declare([view])


async def _is_written_again(store: Store, view: View[Any], document: Document) -> bool:
    """Write one document again; False if it has changed meanwhile."""
    body = view.read(document)
    if body is None:
        return True
    version = document.version
    write = view.write(document.id, document.stream, body, expects=version, at=version)
    try:
        await store.commit(Commit(writes=[write]))
    except Conflict:
        return False
    return True
