"""The state of one partition of one subscription, while this worker has its lease.

It is kept in memory and changes only between two awaits, so `save` writes the state of one moment.
Any trouble with the store ends the processor: the next one begins with what is stored.
"""

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Final

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store, Write
from gatherlog.core.subscriptions.background_tasks import BackgroundTasks
from gatherlog.core.subscriptions.checkpoint_store import (
    CheckpointStore,
    DeadLetterEvent,
    Redrive,
    UnsavedChanges,
)
from gatherlog.core.subscriptions.checkpoints import Checkpoint
from gatherlog.core.subscriptions.dead_letters import DeadLetter
from gatherlog.core.subscriptions.destination_state import DestinationState, SuspendedNames
from gatherlog.core.subscriptions.leases import LeaseHolder
from gatherlog.core.subscriptions.metrics import Metrics
from gatherlog.core.subscriptions.notices import Notices
from gatherlog.core.subscriptions.subscription import Destination, Subscription

__all__ = ["DestinationGone", "PartitionState"]

FRESH_SECONDS: Final = 0.1
"""What was read of the destinations so short a time ago is not read again before a retry."""


class DestinationGone(Exception):
    """The subscription has the destination no more, or has set it aside: attempt nothing.

    The processor learns that, too, when it reads on (`PartitionState.refresh`). What waits is then
    dropped; or it is kept, and tried again once the destination is there again.
    """


class PartitionState:
    """How far the partition is processed, what waits for each destination, and what is unsaved."""

    def __init__(
        self,
        store: Store,
        subscription: Subscription,
        partition: int,
        lease: LeaseHolder,
        metrics: Metrics,
        notices: Notices,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.store = store
        self.subscription = subscription
        self.name = subscription.name
        self.partition = partition
        self.lease = lease
        self.metrics = metrics
        self.notices = notices
        self.clock = clock
        self.checkpoint_store = CheckpointStore(
            store, self.name, partition, lease, clock=clock, ids=ids
        )
        self.tasks = BackgroundTasks()
        self.position = 0
        """Up to here every event is done, waits for a destination, or concerns none."""
        self.commands_done = 0
        """Version of the subscription's own stream up to which commands were carried out."""
        self.epoch = 0
        self.destinations: dict[str, DestinationState] = {}
        self.suspended = SuspendedNames()
        self.may_attempt = asyncio.Event()
        """Set while attempts may begin: neither while paused, nor once `stop` was called."""
        self.is_paused = False
        self.is_stopping = False
        self.unsaved = asyncio.Event()
        """Set while there is something that `save` should write soon."""
        self.redrives: dict[str, Redrive] = {}
        """Those under way in this partition, by the id of the dead letter."""
        self._dead_letter_events: list[DeadLetterEvent] = []
        """To be saved, like the following."""
        self.projection_writes: list[Write] = []
        self.folding = asyncio.Lock()
        """Held while documents of a projection are changed, by new events or by a retry."""
        self._removed: list[DestinationState] = []
        self._set_aside: list[DestinationState] = []
        self._destinations_version = self._latest_version = -1
        """Of what the subscription has: the one in force here, and the one that was read last."""
        self._read_at = -inf
        """When that was, by the event loop's clock."""

    @property
    def has_work(self) -> bool:
        """Whether anything waits to be retried or caught up with; unread events do not count."""
        return not self.is_paused and any(one.has_work for one in self.destinations.values())

    @property
    def has_unsaved_progress(self) -> bool:
        """Whether the stored checkpoint is behind."""
        return not self.checkpoint_store.is_saved(self._checkpoint())

    # Loading and saving.

    async def load(self) -> list[DeadLetter]:
        """Load what is stored; returns the dead letters whose redrive did not end yet."""
        unfinished: list[tuple[Redrive, DeadLetter]] = []
        stored = await self.checkpoint_store.load()
        if stored is None:
            self.position = (await self.subscription.begin(self.store))[self.partition]
        else:
            self.position, self.epoch = stored.position, stored.epoch
            self.commands_done, self.is_paused = stored.commands_done, stored.paused
            unfinished = await self.checkpoint_store.unfinished_redrives(stored)
            self.redrives = {one.id: redrive for redrive, one in unfinished}
        if not self.is_paused:
            self.may_attempt.set()
        await self.refresh()
        await self.delete_orphaned_backlogs()
        if stored is None:  # so that it begins at the same position after a crash
            await self.save()
        return [dead_letter for _, dead_letter in unfinished]

    async def save(self) -> None:
        """Write everything that has changed since the last time."""
        async with self.checkpoint_store.lock:
            self.unsaved.clear()
            await self.checkpoint_store.save(self._take_changes())

    def _take_changes(self) -> UnsavedChanges:
        known = [*self.destinations.values(), *self._set_aside]
        dirty = [one for one in known if one.is_dirty]
        for destination in dirty:
            destination.is_dirty = False
        changes = UnsavedChanges(
            checkpoint=self._checkpoint(),
            dead_letter_events=self._dead_letter_events,
            destinations=dirty,
            removed=self._removed,
            documents=self.projection_writes,
        )
        self._dead_letter_events, self._removed, self.projection_writes = [], [], []
        self._set_aside = []
        return changes

    def record(self, dead_letter: str, payload: msgspec.Struct) -> None:
        """Save with the next checkpoint what happened to a dead letter; a redrive is over by it."""
        redrive = self.redrives.pop(dead_letter, None)
        version = None if redrive is None else redrive.version
        self._dead_letter_events.append(DeadLetterEvent(dead_letter, payload, version))
        self.unsaved.set()

    def _checkpoint(self) -> Checkpoint:
        redrives = [redrive.command for redrive in self.redrives.values()]
        return Checkpoint(
            subscription=self.name,
            partition=self.partition,
            position=self.position,
            commands_done=self.commands_done,
            redrives_done=min(redrives, default=self.commands_done + 1) - 1,
            paused=self.is_paused,
            epoch=self.epoch,
        )

    # Destinations.

    async def refresh(self) -> bool:
        """Learn which destinations there are now; whether that has changed since the last time."""
        has_changed = False
        while True:
            await self._read_destinations()
            if not self._is_outdated:
                return has_changed
            self._destinations_version, has_changed = self._latest_version, True
            self.notices.set_aside_now(self.subscription.set_aside())
            await self._set_destinations(self.subscription.destinations())

    async def current(self, destination: DestinationState) -> Destination:
        """The destination as the subscription has it now, or had it FRESH_SECONDS ago.

        Raises DestinationGone if it was removed, replaced or set aside.
        """
        known = destination.config
        if asyncio.get_running_loop().time() - self._read_at >= FRESH_SECONDS:
            await self._read_destinations()
        if not self._is_outdated and self.destinations.get(known.name) is destination:
            return destination.config
        for present in self.subscription.destinations():
            if (present.name, present.generation) == (known.name, known.generation):
                return present
        raise DestinationGone

    async def is_outdated(self) -> bool:
        """Whether `refresh` would find other destinations."""
        await self._read_destinations()
        return self._is_outdated

    def routes_to(self, destination: DestinationState, event: Recorded) -> bool:
        """Whether an event that had to wait is still to be delivered to the destination.

        Raises DestinationGone while it is set aside: nobody can say so then.
        """
        name = destination.config.name
        if self.subscription.is_set_aside(name):
            raise DestinationGone
        return self.subscription.routes_to(name, event)

    async def _read_destinations(self) -> None:
        began = asyncio.get_running_loop().time()
        self._latest_version = await self.subscription.refresh(self.store)
        self._read_at = max(self._read_at, began)

    @property
    def _is_outdated(self) -> bool:
        return self._latest_version != self._destinations_version

    async def _set_destinations(self, present: Sequence[Destination]) -> None:
        """Have a state for each destination, with what waits for it, and none for others."""
        by_name = {config.name: config for config in present}
        for name, destination in list(self.destinations.items()):
            config = by_name.get(name)
            if config is None or config.generation != destination.config.generation:
                self._remove(self.destinations.pop(name))
        if self._set_aside:  # it may be among the new ones: what is stored is what it begins with
            await self.save()
        new = [(c.name, c.generation) for c in present if c.name not in self.destinations]
        backlogs = await self.checkpoint_store.backlogs(new)
        for name, config in by_name.items():
            if name not in self.destinations:
                self.destinations[name] = DestinationState(config, self.suspended)
            self.destinations[name].configure(config, self.position)
        for version, backlog in backlogs:
            self.destinations[backlog.destination].restore(
                backlog, version, processed_to=self.position, now=self.clock()
            )
            if backlog.failing_since is not None:
                kind = next((one.kind for one in backlog.parked), "as before")
                self.notices.fails(backlog.destination, self.partition, kind or "as before")

    def _remove(self, destination: DestinationState) -> None:
        """Drop a destination that the subscription has no more, and all that waits for it.

        What waits for one that is only set aside stays in the store.
        """
        for blocked in destination.blocked.values():
            if blocked.task is not None:
                blocked.task.cancel()
        for redrive in destination.redrives.values():
            redrive.try_now()  # it finds that there is no destination, and ends with that reason
        if destination.catch_up_task is not None:
            destination.catch_up_task.cancel()
        self.suspended.change(destination, is_suspended=False)
        self.notices.forget(destination.config.name)
        is_set_aside = self.subscription.is_set_aside(destination.config.name)
        (self._set_aside if is_set_aside else self._removed).append(destination)
        self.unsaved.set()

    async def delete_orphaned_backlogs(self) -> None:
        """Delete what waits for destinations that were removed while no worker was running.

        No destination may be added meanwhile, but one that was set aside may be there again. A
        query that lags may not show all of them.
        """
        stored = await self.checkpoint_store.all_backlogs()
        present = [one.config for one in self.destinations.values()]
        known = {(d.name, d.generation) for d in (*present, *self.subscription.destinations())}
        orphans = [
            (backlog.destination, backlog.generation)
            for backlog in stored
            if (backlog.destination, backlog.generation) not in known
            and not self.subscription.is_set_aside(backlog.destination)
        ]
        await self.checkpoint_store.delete_backlogs(orphans)

    # Pausing and stopping.

    def pause(self) -> None:
        """Begin no attempt until `resume`."""
        self.is_paused = True
        self._begin_no_attempt()
        self.unsaved.set()

    def resume(self) -> None:
        """Go on, and make what waits for its next attempt due now."""
        self.is_paused = False
        self.may_attempt.set()
        for destination in self.destinations.values():
            destination.retry_now()
        self.unsaved.set()

    def stop(self) -> None:
        """Begin no attempt any more; those under way go on."""
        self.is_stopping = True
        self._begin_no_attempt()

    def _begin_no_attempt(self) -> None:
        self.may_attempt.clear()
        for destination in self.destinations.values():
            if destination.interrupt_catch_up is not None:
                destination.interrupt_catch_up()
