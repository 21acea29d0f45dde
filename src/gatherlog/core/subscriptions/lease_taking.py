"""When a worker takes the lease of a partition, and when it requests one from another worker.

It takes a lease that nobody holds at once, and the lease of a worker that seems dead once it is
stale. From a worker that has at least two partitions more, it requests one.
"""

import asyncio

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import documents
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, CHECKPOINTS, checkpoint_id, stream_of
from gatherlog.core.subscriptions.lease_observations import Observation, seconds_observed
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder

__all__ = ["LeaseTaker"]


class LeaseTaker:
    """Takes leases for one worker, so that workers end up with about as many partitions each."""

    def __init__(self, store: Store, worker: str, clock: Clock) -> None:
        self._store = store
        self._worker = worker
        self._clock = clock
        self._requesting = asyncio.Lock()
        self._observed: set[tuple[str, int]] = set()
        """The partitions of which this worker knows what others have observed."""

    async def take(self, lease: LeaseHolder, subscription: str, partition: int) -> bool:
        """Try once to take the lease of a partition; whether the worker has it now."""
        holder = (await lease.read()).holder
        if holder not in ("", self._worker):
            await self._observe(lease, subscription, partition, holder)
            if not lease.is_stale:
                await self._request(lease, subscription, holder)
                return False
        return await lease.take()

    async def _observe(
        self, lease: LeaseHolder, subscription: str, partition: int, holder: str
    ) -> None:
        """Note the progress of its holder; at first with what others have observed before."""
        progress = await self._progress(subscription, partition)
        lease.observe(progress)
        if progress is None or (subscription, partition) in self._observed:
            return
        self._observed.add((subscription, partition))
        seen = Observation(
            subscription=subscription,
            partition=partition,
            holder=holder,
            lease=lease.version,
            progress=progress,
        )
        lease.observed_before(await seconds_observed(self._store, self._clock, seen))

    async def _request(self, lease: LeaseHolder, subscription: str, holder: str) -> None:
        """Request the lease, if its holder has two partitions more than this worker."""
        partitions = range(self._store.limits.partitions)
        if len(partitions) == 1 or lease.is_requested:
            return
        async with self._requesting:  # one at a time, so that requests under way are counted
            refs = [LEASES.ref(checkpoint_id(subscription, one)) for one in partitions]
            read = [LEASES.read(document) for document in await self._store.get(refs)]
            leases = [one for one in read if one is not None]
            theirs = sum(one.holder == holder for one in leases)
            mine = sum(self._worker in (one.holder, one.requested_by) for one in leases)
            if theirs >= mine + 2:
                await lease.request()

    async def _progress(self, subscription: str, partition: int) -> int | None:
        """What changes while a holder makes progress; None if it has nothing to do.

        An event that waits for an operator is nothing to do, nor is any event during a pause.
        """
        id = checkpoint_id(subscription, partition)
        [document] = await self._store.get([CHECKPOINTS.ref(id)])
        checkpoint = CHECKPOINTS.read(document)
        if document is None or checkpoint is None:
            return 0
        commands = stream_of(subscription)
        if await self._store.read_stream(commands, after=checkpoint.commands_done, limit=1):
            return document.version
        if checkpoint.paused:
            return None
        if checkpoint.redrives_done < checkpoint.commands_done:  # one is under way
            return document.version
        if checkpoint.position < (await self._store.heads())[partition]:
            return document.version
        return document.version if await self._is_due(subscription, partition) else None

    async def _is_due(self, subscription: str, partition: int) -> bool:
        """Whether a destination waits for its next attempt. A query that lags delays the answer."""
        query = BACKLOGS.query("due", subscription, prefix=(f"{partition:06}",), limit=10)
        async for found in documents(self._store, query):
            [document] = await self._store.get([BACKLOGS.ref(found.id)])
            backlog = BACKLOGS.read(document)
            if backlog is not None and backlog.is_due:
                return True
        return False
