"""Which views are declared, and which of their indexes can serve queries already.

A store records what each view was declared as when its documents were last known to be complete. An
index that is newer than that serves nothing until the view has been rebuilt.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gatherlog.core.eventstore.engine import Engine, RecordedView
from gatherlog.core.eventstore.errors import ViewNotBuilt, ViewOutdated
from gatherlog.core.eventstore.store import DeclaredView

__all__ = ["Recorded", "ViewCatalogue", "declare_views", "empty_views", "record_of"]

LOOK_SECONDS: Final = 1.0
"""How long a process that queries goes by what it knows of the views that others have built."""

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


async def empty_views(engine: Engine, views: Sequence[DeclaredView]) -> Recorded:
    """Those of the views that are not recorded and have no documents, as they would be recorded.

    It writes nothing. Raises ViewOutdated if the store holds a newer version of a view.
    """
    recorded, empty = await engine.views(), {}
    for view in views:
        _check_version(view, recorded.get(view.name))
        if not _is_recorded(view, recorded.get(view.name)):
            documents, _ = await engine.read_view(view.name, "", 1)
            if not documents:
                empty[view.name] = record_of(view)
    return empty


def record_of(view: DeclaredView) -> RecordedView:
    """What is recorded of a view once its documents are complete."""
    return RecordedView(view.name, view.version, frozenset(view.indexes))


class ViewCatalogue:
    """The views that this process declares, and which of their indexes can serve.

    `empty` are views without documents that this process may not record; see `empty_views`.
    """

    def __init__(
        self,
        engine: Engine,
        views: Sequence[DeclaredView],
        recorded: Recorded,
        empty: Recorded = MappingProxyType({}),
    ) -> None:
        self._engine = engine
        self._declared = {view.name: view for view in views}
        self._empty = empty
        self._recorded = self._with_empty(recorded)
        self._look_at = 0.0

    async def complete(self, views: Sequence[DeclaredView]) -> None:
        """Record that the documents of these views are complete, so that all their indexes serve.

        Raises ViewOutdated if the store holds a newer version of a view.
        """
        self._recorded = await declare_views(self._engine, views, complete=True)
        self._declared |= {view.name: view for view in views}

    async def check(self, view: str, index: str) -> None:
        """Return if an index can serve, as far as was known LOOK_SECONDS ago.

        Raises ValueError for an index that no view declares, ViewOutdated if the store has a newer
        version of the view, and ViewNotBuilt if it does not have this version or this index yet.
        """
        await self._look()
        declared = self._declared.get(view)
        if declared is None or index not in declared.indexes:
            raise ValueError(f"no view declares index {view}.{index}")
        recorded = self._recorded.get(view)
        _check_version(declared, recorded)
        if not _is_built(declared, recorded, [index]):
            raise ViewNotBuilt(view, index)

    async def unbuilt(self) -> list[str]:
        """The declared views whose documents are those of an earlier version, by name.

        A view without indexes is one of them only if the store has recorded an earlier version: no
        query of it can be refused. Raises ViewOutdated if the store has a newer version of any.
        """
        await self._look()
        return [
            name
            for name, view in sorted(self._declared.items())
            if not self._is_complete(view, self._recorded.get(name))
        ]

    async def undeclared(self) -> list[str]:
        """The views of other programs that the store has recorded, by name."""
        await self._look()
        return sorted(self._recorded.keys() - self._declared.keys())

    @staticmethod
    def _is_complete(view: DeclaredView, recorded: RecordedView | None) -> bool:
        _check_version(view, recorded)
        is_empty = recorded is None and not view.indexes
        return is_empty or _is_built(view, recorded, view.indexes)

    def _with_empty(self, recorded: Recorded) -> Recorded:
        if not self._empty:
            return recorded
        mine = self._empty.items()
        return {**recorded, **{n: v for n, v in mine if _version(recorded.get(n)) <= v.version}}

    async def _look(self) -> None:
        """Learn which views other processes have built, once every LOOK_SECONDS."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            before, found = self._recorded, await self._engine.views()
            if self._recorded is before:  # otherwise `complete` has learned more meanwhile
                self._recorded = self._with_empty(found)


def _version(recorded: RecordedView | None) -> int:
    return 0 if recorded is None else recorded.version


def _check_version(view: DeclaredView, recorded: RecordedView | None) -> None:
    if recorded is not None and recorded.version > view.version:
        raise ViewOutdated(
            f"view {view.name!r} is at version {recorded.version} in this store, and at"
            f" {view.version} in this program: use a newer version of the program"
        )


def _is_built(view: DeclaredView, recorded: RecordedView | None, indexes: Collection[str]) -> bool:
    return (
        recorded is not None
        and recorded.version >= view.version
        and recorded.indexes >= set(indexes)
    )


def _is_recorded(view: DeclaredView, recorded: RecordedView | None) -> bool:
    return (
        recorded is not None
        and recorded.version == view.version
        and recorded.indexes >= set(view.indexes)
    )
