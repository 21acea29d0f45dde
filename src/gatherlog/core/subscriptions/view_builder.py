"""Building the views of a newer release in the background, by one process at a time.

Whoever has the lease builds, and notes its progress in a document that every process reads. If it
dies, another one takes the lease over and begins anew; what was built stays built.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec

from gatherlog.core.eventstore.errors import Conflict, GatherlogError, StoreClosed
from gatherlog.core.eventstore.store import DELETE, Commit, Store
from gatherlog.core.projections.building import BuildProgress, build_views, unbuilt_views
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.leases import LeaseHolder, LeaseLost

__all__ = ["BUILDINGS", "Unbuilt", "ViewBuilder", "what_is_unbuilt"]

LEASE_SECONDS: Final = 10.0
NOTE_SECONDS: Final = 1.0
"""How often the lease is renewed and the progress noted."""
RETRY_SECONDS: Final = 30.0
"""The pause after a failure, such as an event that cannot be read."""
_LEASE: Final = "_views"
"""Stands for a subscription, and is no possible name of one."""

BUILDINGS: Final = View("view_building", BuildProgress)
"""The one document is there while a process builds views, and after it was killed."""

Categories = Callable[[Store], Awaitable[Sequence[Category]]]


class Unbuilt(msgspec.Struct, frozen=True):
    """The views that are not built yet, by name, and how far the building is, if it is going on."""

    views: Sequence[str] = ()
    progress: BuildProgress | None = None

    def __str__(self) -> str:
        """As in `guest, gathering (1,000 of 5,000 events)`; empty if all views are built."""
        names = ", ".join(self.views)
        if self.progress is None or not self.views:
            return names
        return f"{names} ({self.progress.done:,} of {self.progress.total:,} events)"


async def what_is_unbuilt(store: Store) -> Unbuilt:
    """The views that are not built, and how far whichever process builds them has come.

    Raises ViewOutdated if the store has a newer version of any.
    """
    views = await unbuilt_views(store)
    if not views:
        return Unbuilt()
    [document] = await store.get([BUILDINGS.ref(_LEASE)])
    return Unbuilt(tuple(views), BUILDINGS.read(document))


class ViewBuilder:
    """Builds all views of `categories` and of `kept` that are not built.

    `tell` gets a sentence for the operator, `report` what has failed and will be tried again.
    """

    def __init__(
        self,
        store: Store,
        categories: Categories,
        kept: Sequence[View[Any]] = (),
        *,
        tell: Callable[[str], None] = lambda sentence: None,
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._store = store
        self._categories = categories
        self._kept = kept
        self._tell = tell
        self._report = report
        self._progress = BuildProgress()

    async def run(self) -> None:
        """Build until all is built; what fails is reported, and tried again after a pause."""
        while True:
            try:
                return await self.build()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - it is reported, and the next try may succeed
                self._report(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def build(self) -> None:
        """Build what is not built, or wait until another process has; raises what building raises.

        When it returns, the only unbuilt views are those of others, such as projections.
        """
        lease = LeaseHolder(self._store, _LEASE, 0, str(uuid4()), LEASE_SECONDS)
        while await self._is_needed():
            if not await lease.take():
                lease.observe(0)  # its holder has work, and renews it unless it is dead
                await asyncio.sleep(NOTE_SECONDS)
                continue
            try:
                await self._build_under(lease)
            except LeaseLost:
                continue
            finally:
                await _let_go(self._store, lease)

    async def _is_needed(self) -> bool:
        names = set(await unbuilt_views(self._store))
        if not names:
            return False
        categories = await self._categories(self._store)
        ours = {view.name for category in categories for view in category.fold.views}
        return not names.isdisjoint(ours | {view.name for view in self._kept})

    async def _build_under(self, lease: LeaseHolder) -> None:
        """Build, as long as the lease is ours."""
        self._progress = BuildProgress()
        building = asyncio.create_task(self._build())
        keeping = asyncio.create_task(self._keep(lease))
        try:
            await asyncio.wait([building, keeping], return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
            await building
        finally:
            building.cancel()
            keeping.cancel()
            await asyncio.gather(building, keeping, return_exceptions=True)

    async def _build(self) -> None:
        categories = await self._categories(self._store)
        built = await build_views(self._store, categories, self._kept, progress=self._note)
        if built:
            self._tell(f"Views were built for this release: {', '.join(built)}.")

    def _note(self, progress: BuildProgress) -> None:
        self._progress = progress

    async def _keep(self, lease: LeaseHolder) -> None:
        """Renew the lease and note the progress. Raises LeaseLost, and what the store raises."""
        while True:
            await lease.renew()
            await _write_progress(self._store, self._progress)
            await asyncio.sleep(NOTE_SECONDS)


async def _write_progress(store: Store, progress: BuildProgress | None) -> None:
    """Note the progress, or with None that nobody builds; whoever has changed it meanwhile wins."""
    [document] = await store.get([BUILDINGS.ref(_LEASE)])
    version = 0 if document is None else document.version
    if progress is None and document is None:
        return
    write = BUILDINGS.write(
        _LEASE,
        stream_of(_LEASE),
        DELETE if progress is None else progress,
        expects=version,
        at=version + 1,
    )
    try:
        await store.commit(Commit(writes=[write]))
    except Conflict:
        return


async def _let_go(store: Store, lease: LeaseHolder) -> None:
    """Release the lease, if it is still ours; if the store fails, it becomes stale by itself."""
    try:
        await lease.check()
        await _write_progress(store, None)
        await lease.release()
    except GatherlogError:
        return
