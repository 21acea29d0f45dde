"""Leases: which worker processes a partition of a subscription.

A worker takes the lease of a partition with `LeaseHolder.take`, and keeps it with `renew` every
third of its length while there is work. Leases are compared by version and never by time, so no two
clocks need to agree. Another worker takes a lease over once it has observed, for the length of a
lease by its own steady clock, that there is work and that neither the lease nor the checkpoint
changes. A holder without work writes nothing, and keeps its lease. What a worker observed that was
itself killed meanwhile counts, too (`lease_observations.py`). The times in a lease are there for
operators only.

Every write of the holder demands the version of the lease that the holder knows (`fence`): once
another worker has taken the lease, the old holder can write nothing more. A worker with fewer
partitions requests a lease by writing its id into it; the holder then finishes and releases it.
`lease_taking.py` decides which lease a worker takes or requests, and when.
"""

import asyncio
from typing import Final

import msgspec

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import Conflict, GatherlogError
from gatherlog.core.eventstore.retrying import Backoff, until_no_conflict
from gatherlog.core.eventstore.store import Commit, Limits, Store, Write
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import checkpoint_id, versioned_write
from gatherlog.core.subscriptions.lease_glances import LeaseGlances

__all__ = ["LEASES", "Lease", "LeaseHolder", "LeaseLost", "idle_seconds"]

SAFETY = 0.9
"""Part of its length for which a lease counts as valid: another clock may run a little faster."""


QUIET_SECONDS: Final = 3_600.0
"""How long who waits for events relies on hearing of them, before it looks at a lease again."""


def idle_seconds(limits: Limits, lease_seconds: float) -> float:
    """After how long without an event a lease is looked at again, by its holder and by others.

    Nobody requests the lease of an only partition, it is taken over only if there is work, which is
    an event that its holder hears of as well, and it is renewed before an event is processed. So a
    process with nothing to do need not ask for it. Where queries lag, work may be overlooked.
    """
    is_heard_of = limits.partitions == 1 and not limits.queries_lag
    return QUIET_SECONDS if is_heard_of else lease_seconds


class LeaseLost(GatherlogError):
    """Another worker processes this partition now."""

    code = "lease_lost"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who processes a partition of a subscription."""

    subscription: str
    partition: int
    holder: str = ""
    """Id of a worker, made when it started; empty: nobody."""
    requested_by: str = msgspec.field(default="", name="asked_by")
    """Id of a worker with fewer partitions that wants to take it over; empty: nobody."""
    since: int | None = None
    """Since when its holder has it, or nobody: microseconds since the epoch; None: not known."""
    renewed: int | None = None
    """When its holder last took, renewed or released it. It is renewed while there is work only."""


LEASES = View(
    "lease", Lease, by_subscription=lambda body: (body.subscription, f"{body.partition:06}")
)


class LeaseHolder:
    """One worker's view of the lease of one partition, which it may hold or not."""

    def __init__(
        self,
        store: Store,
        subscription: str,
        partition: int,
        worker: str,
        seconds: float,
        glances: LeaseGlances | None = None,
        *,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._clock = clock
        self._glances = glances
        self._id = checkpoint_id(subscription, partition)
        self._worker = worker
        self._seconds = seconds
        self._lease = Lease(subscription=subscription, partition=partition)
        self._version = -1
        self._progress: object = None
        self._unchanged_since = 0.0
        self._valid_until = 0.0
        self.is_without_work = False
        """Whether its holder, as it was observed last, has nothing to do until an event comes."""

    @property
    def is_requested(self) -> bool:
        """Whether another worker wants to take it over, as far as is known."""
        return bool(self._lease.requested_by)

    @property
    def is_stale(self) -> bool:
        """Whether its holder has left work undone for the length of a lease, by our clock."""
        return self._now() - self._unchanged_since >= self._seconds

    @property
    def version(self) -> int:
        """Version of the lease, as far as is known."""
        return self._version

    def is_valid(self) -> bool:
        """Whether no other worker can have taken it yet."""
        return self._now() < self._valid_until

    async def read(self) -> Lease:
        """The stored lease; notes since when it has not changed."""
        [document] = await self._store.get([LEASES.ref(self._id)])
        version = 0 if document is None else document.version
        if version != self._version:
            self._remember(LEASES.read(document) or self._free(since=None), version)
        return self._lease

    def observe(self, progress: object) -> None:
        """Note the progress of its holder, any value that changes with it; None: it has no work."""
        if progress is None or progress != self._progress:
            self._unchanged_since = self._now()
        self._progress = progress
        self.is_without_work = progress is None

    def observed_before(self, seconds: float) -> None:
        """Others have seen it unchanged for so long before this worker did."""
        self._unchanged_since = min(self._unchanged_since, self._now() - seconds)

    async def take(self) -> bool:
        """Take it if nobody holds it, or if it is stale; whether that succeeded."""
        lease = await self.read()
        if lease.holder not in ("", self._worker) and not self.is_stale:
            return False
        try:
            await self._write(self._free(self._clock(), holder=self._worker))
        except Conflict:
            return False
        return True

    async def request(self) -> None:
        """Ask its holder to release it; does nothing if it has changed since it was read."""
        try:
            await self._write(msgspec.structs.replace(self._lease, requested_by=self._worker))
        except Conflict:
            return

    async def renew(self) -> None:
        """Make it valid for its length from now; raises LeaseLost if another worker has it."""
        backoff = Backoff()
        while True:
            try:
                renewed = msgspec.structs.replace(self._lease, renewed=self._clock())
                return await self._write(renewed)
            except Conflict as conflict:
                await self.check()
                await backoff.pause(conflict)

    async def check(self) -> None:
        """Read it; raises LeaseLost if another worker has it."""
        if (await self.read()).holder != self._worker:
            self._valid_until = 0.0
            raise LeaseLost(f"{self._id} is processed by another worker now")

    async def glance(self) -> None:
        """As `check`, if others may have changed it; what they did a moment ago may be overlooked.

        It is for a holder without work, who writes nothing.
        """
        if self._glances is None or not await self._glances.shows(self._id, self._version):
            await self.check()

    async def release(self) -> None:
        """Leave it to any other worker; does nothing if it is not ours."""
        self._valid_until = 0.0

        async def release_if_ours() -> None:
            if (await self.read()).holder == self._worker:
                await self._write(self._free(self._clock()))

        await until_no_conflict(release_if_ours)

    def fence(self) -> Write:
        """A commit with this write is refused unless the lease is at the version known here."""
        return versioned_write(LEASES, self._id, self._lease.subscription, self._version)

    async def _write(self, lease: Lease) -> None:
        began, version = self._now(), self._version
        write = versioned_write(LEASES, self._id, lease.subscription, version, lease)
        await self._store.commit(Commit(writes=[write]))
        self._remember(lease, version + 1)
        if lease.holder == self._worker:
            self._valid_until = began + SAFETY * self._seconds

    def _remember(self, lease: Lease, version: int) -> None:
        self._lease, self._version, self._unchanged_since = lease, version, self._now()
        self.is_without_work = False

    def _free(self, since: int | None, *, holder: str = "") -> Lease:
        """The lease without a request, and with no holder but this."""
        mine = self._lease
        return Lease(
            subscription=mine.subscription,
            partition=mine.partition,
            holder=holder,
            since=since,
            renewed=since,
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
