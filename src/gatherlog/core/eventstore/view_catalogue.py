"""Which views are declared, and which of their indexes can serve queries already.

A store records what each view was declared as when its documents were last known to be complete. An
index that is newer than that serves nothing until the view has been rebuilt.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.core.eventstore.engine import Engine, RecordedView
from gatherlog.core.eventstore.errors import ViewNotBuilt, ViewOutdated
from gatherlog.core.eventstore.store import DeclaredView

__all__ = ["Recorded", "ViewCatalogue", "declare_views", "record_of"]

LOOK_SECONDS: Final = 1.0
"""How often a process looks whether another one has built an index that is asked for."""


Recorded = Mapping[str, RecordedView]


async def declare_views(
    engine: Engine, views: Sequence[DeclaredView], *, complete: bool = False
) -> Recorded:
    """Record views that have no documents, or all if they are `complete`; what is recorded then.

    Raises ViewOutdated if the store holds a newer version of a view.
    """
    while True:
        recorded = await engine.views()
        for view in views:
            _check_version(view, recorded.get(view.name))
        new = [
            (record_of(view), recorded.get(view.name))
            for view in views
            if not _is_recorded(view, recorded.get(view.name))
        ]
        if not new:
            return recorded
        await engine.record_views(new, only_if_empty=not complete)
        after = await engine.views()
        if all(after.get(view.name) in (view, before) for view, before in new):
            return after  # else another process has declared one otherwise at the same moment


def record_of(view: DeclaredView) -> RecordedView:
    """What is recorded of a view once its documents are complete."""
    return RecordedView(view.name, view.version, frozenset(view.indexes))


class ViewCatalogue:
    """The views that this process declares, and which of their indexes can serve."""

    def __init__(self, engine: Engine, views: Sequence[DeclaredView], recorded: Recorded) -> None:
        self._engine = engine
        self._serves: dict[tuple[str, str], bool] = {}
        """Of every declared index."""
        self._views: dict[str, DeclaredView] = {}
        self._looked_at = 0.0
        self._know(views, recorded)

    async def complete(self, views: Sequence[DeclaredView]) -> None:
        """Record that the documents of these views are complete, so that all their indexes serve.

        Raises ViewOutdated if the store holds a newer version of a view.
        """
        self._know(views, await declare_views(self._engine, views, complete=True))

    async def check(self, view: str, index: str) -> None:
        """Raise ValueError for an index that no view declares, ViewNotBuilt if it cannot serve."""
        serves = self._serves.get((view, index))
        if serves is False:
            await self._look_again()
            serves = self._serves[view, index]
        if serves is None:
            raise ValueError(f"no view declares index {view}.{index}")
        if not serves:
            raise ViewNotBuilt(
                f"{view}.{index} is not built yet: run `gatherlog rebuild`, or, for a view of your "
                "own, gatherlog.core.projections.rebuild"
            )

    async def _look_again(self) -> None:
        """Learn of views that another process has built meanwhile."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._know((), await self._engine.views())

    def _know(self, views: Sequence[DeclaredView], recorded: Recorded) -> None:
        self._views |= {view.name: view for view in views}
        for view in self._views.values():
            known = recorded.get(view.name)
            is_current = known is not None and known.version == view.version
            for index in view.indexes:
                serves = is_current and known is not None and index in known.indexes
                self._serves[view.name, index] = serves


def _check_version(view: DeclaredView, recorded: RecordedView | None) -> None:
    if recorded is not None and recorded.version > view.version:
        raise ViewOutdated(
            f"view {view.name!r} is at version {recorded.version} in this store, and at"
            f" {view.version} in this program: use a newer version of the program"
        )


def _is_recorded(view: DeclaredView, recorded: RecordedView | None) -> bool:
    return (
        recorded is not None
        and recorded.version == view.version
        and recorded.indexes >= set(view.indexes)
    )
