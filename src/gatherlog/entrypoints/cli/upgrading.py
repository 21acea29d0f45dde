"""The command that brings a store to this release, ahead of serving it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused
from gatherlog.entrypoints.cli.opening import finish, opened_store, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import progress_bar

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Store
    from gatherlog.core.subscriptions.projection import Projection

__all__ = ["upgrade"]

LOOK_SECONDS: Final = 0.2


def upgrade(*, store: StoreUrl = None, json: Json = False) -> None:
    """Bring a store to this release: its layout, and the views that the release has changed.

    A server does the same by itself, beside serving; this does it ahead, or shows how far it is.
    Interrupting it and starting again does no harm, nor does another process that does the same.
    Back up the store first: there is no way back but the backup.
    """
    import msgspec

    built = finish(_upgrade(store))
    if json:
        print(msgspec.json.encode({"built": built}).decode())
        return
    shown = settings_of_store(store).address.shown
    what = f"Views were built: {', '.join(built)}." if built else "There was nothing to build."
    print(f"{shown} is at this release. {what}")


async def _upgrade(store: str | None) -> Sequence[str]:
    """Upgrade a store; the views that were not built before."""
    from gatherlog.core.projections.building import unbuilt_views

    async with opened_store(store) as opened:  # which has brought it to the present layout
        unbuilt = await unbuilt_views(opened)
        showing = asyncio.create_task(_show_progress(opened))
        try:
            await _build(opened)
        finally:
            showing.cancel()
            await asyncio.wait([showing])
        if left := await unbuilt_views(opened):
            raise CommandRefused(f"views are still not built: {', '.join(left)}", FAILED)
    return unbuilt


async def _build(store: "Store") -> None:
    from gatherlog.bootstrap import all_categories, kept_views, projections
    from gatherlog.core.projections.building import unbuilt_views
    from gatherlog.core.subscriptions.view_builder import ViewBuilder

    await ViewBuilder(store, all_categories, kept_views()).build()
    unbuilt = await unbuilt_views(store)
    await _fold_again(
        store,
        [one for one in projections() if one.fold and _has_any(one, unbuilt)],
    )


def _has_any(projection: "Projection", views: Sequence[str]) -> bool:
    return projection.fold is not None and any(v.name in views for v in projection.fold.views)


async def _fold_again(store: "Store", projections: "Sequence[Projection]") -> None:
    """Read these subscriptions until their views are built, by this process or another."""
    from gatherlog.bootstrap import new_id
    from gatherlog.core.eventstore.clock import system_clock
    from gatherlog.core.projections.building import unbuilt_views
    from gatherlog.core.subscriptions.worker import Worker

    if not projections:
        return
    failures: list[BaseException] = []
    worker = Worker(
        store,
        projections,
        clock=system_clock,
        ids=new_id,
        report=lambda name, error: failures.append(error),
    )
    reading = asyncio.create_task(worker.run())
    try:
        while any([_has_any(one, await unbuilt_views(store)) for one in projections]):
            await _refuse_paused(store, projections)
            if failures:
                raise failures[0]
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        worker.stop()
        await reading


async def _refuse_paused(store: "Store", projections: "Sequence[Projection]") -> None:
    """Raise CommandRefused for a subscription that an operator has paused: nobody reads it."""
    from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id

    partitions = range(store.limits.partitions)
    for one in projections:
        refs = [CHECKPOINTS.ref(checkpoint_id(one.name, partition)) for partition in partitions]
        found = [CHECKPOINTS.read(document) for document in await store.get(refs)]
        if any(checkpoint is not None and checkpoint.paused for checkpoint in found):
            raise CommandRefused(
                f"the subscription {one.name} is paused, so its views cannot be built; go on with "
                f"gatherlog subscriptions resume {one.name}",
                FAILED,
            )


async def _show_progress(store: "Store") -> None:
    """Show how far the building is, by whatever process, until cancelled."""
    from gatherlog.core.projections.building import BuildProgress
    from gatherlog.core.subscriptions.view_builder import what_is_unbuilt

    with progress_bar() as show:
        while True:
            unbuilt = await what_is_unbuilt(store)
            progress = unbuilt.progress or BuildProgress()
            show(", ".join(unbuilt.views), progress.done, progress.total)
            await asyncio.sleep(LOOK_SECONDS)
