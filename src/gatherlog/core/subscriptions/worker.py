"""A worker: processes the log for any number of subscriptions, beside other workers.

    worker = Worker(store, [mails, trail], clock=system_clock, ids=ids)
    await worker.run()      # until worker.stop()

The workers of one store share the partitions of each subscription. If one dies, the others take
its partitions over after about the length of a lease.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict, StoreClosed, StoreError
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, CHECKPOINTS
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.document_locks import DocumentLocks
from gatherlog.core.subscriptions.lease_glances import LeaseGlances
from gatherlog.core.subscriptions.lease_observations import OBSERVATIONS
from gatherlog.core.subscriptions.lease_taking import LeaseTaker
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder, LeaseLost, idle_seconds
from gatherlog.core.subscriptions.metrics import Metrics
from gatherlog.core.subscriptions.notices import Notices, Tell
from gatherlog.core.subscriptions.partition_processor import PartitionProcessor
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.refolding import Refolding
from gatherlog.core.subscriptions.shared_pages import SharedPages
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.core.subscriptions.view_builder import BUILDINGS

__all__ = ["LEASE_SECONDS", "VIEWS", "Worker"]

VIEWS: tuple[View[Any], ...] = (
    CHECKPOINTS,
    BACKLOGS,
    LEASES,
    OBSERVATIONS,
    DEAD_LETTERS,
    BUILDINGS,
)
"""The views that a store is opened with so that subscriptions can use it."""

LEASE_SECONDS: Final = 5.0
"""How long a lease is, and so about how long it takes until a dead worker is replaced."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
"""Seconds until another try after the store has failed, at first and at most."""
_EXPECTED_CONFLICTS: Final = 5
"""Conflicts in a row that are not reported: partitions may share a projection's documents."""

Report = Callable[[str, BaseException], None]
"""Called with the name of a subscription that cannot be processed at present, and the reason."""


class Worker:
    """Processes every partition of every subscription that no other worker processes.

    What goes wrong is passed to `report` and tried again, without end. By default it is not shown
    at all, not even that the store was opened without VIEWS. `tell` gets a sentence for the
    operator about each rule or command that is set aside, each destination that fails all the time,
    and each delivery that is given up. `id` is what leases call the worker; no other worker of the
    store may have it, at any time. By default it is a random one.
    """

    def __init__(
        self,
        store: Store,
        subscriptions: Sequence[Subscription],
        *,
        clock: Clock,
        ids: Ids,
        id: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        report: Report = lambda name, error: None,
        tell: Tell = lambda name, sentence: None,
    ) -> None:
        names = [subscription.name for subscription in subscriptions]
        if len(set(names)) < len(names):
            raise ValueError(f"two subscriptions have one name: {', '.join(sorted(names))}")
        self.id = id or str(uuid4())
        self.metrics = {name: Metrics() for name in names}
        self.notices = {name: Notices(name, tell) for name in names}
        self.is_running = False
        self._store = store
        self._subscriptions = subscriptions
        self._clock = clock
        self._ids = ids
        self._lease_seconds = lease_seconds
        self._report = report
        self._leases = LeaseTaker(store, self.id, clock)
        self._stopping = asyncio.Event()
        self._processors: dict[tuple[str, int], PartitionProcessor] = {}
        partitions = store.limits.partitions
        self._glances = {
            name: LeaseGlances(store, LEASES.query("by_subscription", name), lease_seconds)
            for name in names
            if partitions > 1
        }
        self._feed = SharedPages(store)
        self._document_locks = {name: DocumentLocks(partitions) for name in names}
        """So that partitions whose events change the same documents do not conflict here."""
        self._refoldings = {
            one.name: Refolding(store, one.name, one.fold, clock=clock, ids=ids)
            for one in subscriptions
            if one.fold is not None
        }

    async def run(self) -> None:
        """Process until stopped; then finish what is under way, for a few seconds at most.

        Projections whose views are not built fold the log again first. Whatever goes wrong is
        reported and tried again. Only a closed store ends it, too.
        """
        partitions = range(self._store.limits.partitions)
        self.is_running = True
        refolding = [
            asyncio.create_task(self._refold(name, one)) for name, one in self._refoldings.items()
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for subscription in self._subscriptions:
                    for partition in partitions:
                        group.create_task(self._serve(subscription, partition))
        finally:
            self.is_running = False
            for task in refolding:
                task.cancel()
            await asyncio.gather(*refolding, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is under way has ended."""
        self._stopping.set()
        for processor in list(self._processors.values()):
            processor.stop()

    async def _serve(self, subscription: Subscription, partition: int) -> None:
        """Process one partition whenever its lease can be taken, and start again after errors."""
        name = subscription.name
        lease = LeaseHolder(
            self._store,
            name,
            partition,
            self.id,
            self._lease_seconds,
            self._glances.get(name),
            clock=self._clock,
        )
        clock, failures = asyncio.get_running_loop().time, 0
        while not self._stopping.is_set():
            began = clock()
            try:
                if name in self._refoldings:
                    await self._refoldings[name].begin()
                heads = await self._store.heads()
                if await self._leases.take(lease, name, partition):
                    await self._process(lease, subscription, partition)
                else:
                    await self._stand_by(lease, heads)
            except StoreClosed:
                return
            except LeaseLost:
                continue
            except Exception as error:  # noqa: BLE001 - it is reported, and the next try may succeed
                failures = 1 if clock() - began > _LONGEST_PAUSE else failures + 1
                if not isinstance(error, Conflict) or failures > _EXPECTED_CONFLICTS:
                    self._report(name, error)
                bound = pause_bound(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
                await self._pause(random.uniform(bound / 2, bound))
            else:
                failures = 0

    async def _refold(self, name: str, refolding: Refolding) -> None:
        """Wait until a projection's views are built."""
        while True:
            try:
                return await refolding.finish()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - it is reported, and the next try may succeed
                self._report(name, error)
                await asyncio.sleep(_LONGEST_PAUSE)

    async def _process(
        self, lease: LeaseHolder, subscription: Subscription, partition: int
    ) -> None:
        """Run a processor under the lease, and release the lease."""
        name = subscription.name
        state = PartitionState(
            self._store,
            subscription,
            partition,
            lease,
            self.metrics[name],
            self.notices[name],
            clock=self._clock,
            ids=self._ids,
        )
        locks = self._document_locks[name]
        processor = PartitionProcessor(state, self._lease_seconds, locks, self._feed)
        self._processors[name, partition] = processor
        if self._stopping.is_set():  # it was set while the lease was being taken
            processor.stop()
        try:
            is_reset = await processor.run()
        finally:
            del self._processors[name, partition]
            await self._release(lease)
        if not is_reset:  # another worker requested the lease: leave it the time to take it
            await self._pause(self._lease_seconds)

    async def _release(self, lease: LeaseHolder) -> None:
        try:
            await lease.release()
        except StoreError:
            return  # other workers will find it stale

    async def _stand_by(self, lease: LeaseHolder, heads: Heads) -> None:
        """Wait before the next try: for an event beyond `heads`, if that is all that matters."""
        seconds = idle_seconds(self._store.limits, self._lease_seconds)
        if seconds <= self._lease_seconds or not lease.is_without_work:
            await self._pause(self._lease_seconds / 5)
            return
        waiting = asyncio.ensure_future(self._store.wait(heads, seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([waiting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            waiting.cancel()
            stopping.cancel()
            await asyncio.gather(waiting, stopping, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        """Wait about so long, or until the worker is stopped."""
        try:
            async with asyncio.timeout(random.uniform(0.8, 1.2) * seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
