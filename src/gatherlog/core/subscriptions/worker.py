"""A worker: reads the log for any number of subscriptions, beside others of its kind.

    worker = Worker(store, [mails, trail], clock=system_clock, ids=ids)
    await worker.run()      # until worker.stop()

Workers on one store share the partitions of every subscription among them, and take over what a
dead one leaves behind, a lease's length later.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict, StoreClosed, StoreError
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, CHECKPOINTS, checkpoint_id, stream_of
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.destination_state import Metrics
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder, LeaseLost
from gatherlog.core.subscriptions.partition_processor import PartitionProcessor
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.subscription import Subscription

__all__ = ["LEASE_SECONDS", "VIEWS", "Worker"]

VIEWS: tuple[View[Any], ...] = (CHECKPOINTS, BACKLOGS, LEASES, DEAD_LETTERS)
"""What a store is opened with so that subscriptions can be kept in it."""

LEASE_SECONDS: Final = 5.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries with a store that fails, at first and at most."""
_CONFLICTS: Final = 5
"""Conflicts in a row that are nothing to report: partitions may share a projection's documents."""

Report = Callable[[str, BaseException], None]
"""Is told which subscription has trouble with the store, or with itself."""


class Worker:
    """Reads every partition for every subscription, whenever no other worker does."""

    def __init__(
        self,
        store: Store,
        subscriptions: Sequence[Subscription],
        *,
        clock: Clock,
        ids: Ids,
        lease_seconds: float = LEASE_SECONDS,
        report: Report = lambda name, error: None,
    ) -> None:
        names = [subscription.name for subscription in subscriptions]
        if len(set(names)) < len(names):
            raise ValueError(f"two subscriptions have one name: {', '.join(sorted(names))}")
        self.id = str(uuid4())
        self.meters = {name: Metrics() for name in names}
        self.is_running = False
        self._store = store
        self._subscriptions = subscriptions
        self._clock = clock
        self._ids = ids
        self._seconds = lease_seconds
        self._report = report
        self._stopping = asyncio.Event()
        self._readings: dict[tuple[str, int], PartitionProcessor] = {}
        self._asking = asyncio.Lock()
        self._folding = {name: asyncio.Lock() for name in names}
        """So that partitions whose events change the same documents do not collide in here."""

    async def run(self) -> None:
        """Read until told to stop; then finish what is under way, for a few seconds at most.

        Whatever goes wrong is reported and tried again: only the end of the store ends it.
        """
        partitions = range(self._store.limits.partitions)
        self.is_running = True
        try:
            async with asyncio.TaskGroup() as group:
                for subscription in self._subscriptions:
                    for partition in partitions:
                        group.create_task(self._attend(subscription, partition))
        finally:
            self.is_running = False

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        for reading in list(self._readings.values()):
            reading.stop()

    async def _attend(self, subscription: Subscription, partition: int) -> None:
        name = subscription.name
        lease = LeaseHolder(self._store, name, partition, self.id, self._seconds)
        clock, failures = asyncio.get_running_loop().time, 0
        while not self._stopping.is_set():
            began = clock()
            try:
                if await self._take(lease, subscription, partition):
                    await self._read(lease, subscription, partition)
                else:
                    await self._pause(self._seconds / 5)
            except StoreClosed:
                return
            except LeaseLost:
                continue
            except Exception as error:  # noqa: BLE001 - the next try may go well; it is reported
                failures = 1 if clock() - began > _LONGEST_PAUSE else failures + 1
                if not isinstance(error, Conflict) or failures > _CONFLICTS:
                    self._report(name, error)
                bound = pause_bound(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
                await self._pause(random.uniform(bound / 2, bound))
            else:
                failures = 0

    async def _read(self, lease: LeaseHolder, subscription: Subscription, partition: int) -> None:
        name = subscription.name
        hold = PartitionState(
            self._store,
            subscription,
            partition,
            lease,
            self.meters[name],
            clock=self._clock,
            ids=self._ids,
        )
        reading = PartitionProcessor(hold, self._seconds, self._folding[name])
        self._readings[name, partition] = reading
        if self._stopping.is_set():  # it was, while the lease was being taken
            reading.stop()
        try:
            is_reset = await reading.run()
        finally:
            del self._readings[name, partition]
            await self._release(lease)
        if not is_reset:  # somebody asked for it: let them have it
            await self._pause(self._seconds)

    async def _release(self, lease: LeaseHolder) -> None:
        try:
            await lease.release()
        except StoreError:
            return  # then it ends by itself

    async def _take(self, lease: LeaseHolder, subscription: Subscription, partition: int) -> bool:
        """Take the partition if it is free, or its holder has left work undone for too long."""
        holder = (await lease.look()).holder
        if holder not in ("", self.id):
            lease.watch(await self._progress(subscription.name, partition))
            if not lease.is_stale:
                await self._ask(lease, subscription.name, holder)
                return False
        return await lease.take()

    async def _ask(self, lease: LeaseHolder, name: str, holder: str) -> None:
        """Ask a holder for a partition, if it reads two more than this worker does."""
        partitions = range(self._store.limits.partitions)
        if len(partitions) == 1 or lease.is_asked_for:
            return
        async with self._asking:  # one at a time, and those asked for are counted
            ids = [checkpoint_id(name, partition) for partition in partitions]
            leases = [LEASES.read(one) for one in await self._store.get(LEASES.name, ids)]
            theirs = sum(one is not None and one.holder == holder for one in leases)
            mine = sum(one is not None and self.id in (one.holder, one.asked_by) for one in leases)
            if theirs >= mine + 2:
                await lease.ask()

    async def _progress(self, name: str, partition: int) -> object:
        """How far its reader has come, as far as it is written down; None: nothing is to be done.

        What waits for an operator is nothing to be done, nor is anything during a pause.
        """
        [document] = await self._store.get(CHECKPOINTS.name, [checkpoint_id(name, partition)])
        kept = CHECKPOINTS.read(document)
        if document is None or kept is None:
            return "nothing yet"
        if await self._store.read_stream(stream_of(name), after=kept.obeyed, limit=1):
            return document.version
        if kept.paused:
            return None
        if kept.position < (await self._store.heads())[partition]:
            return document.version
        query = BACKLOGS.query("due", name, prefix=(f"{partition:06}",), limit=1)
        return document.version if (await self._store.query(query)).documents else None

    async def _pause(self, seconds: float) -> None:
        """Wait about so long, or until told to stop."""
        try:
            async with asyncio.timeout(random.uniform(0.8, 1.2) * seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
