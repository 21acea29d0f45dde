"""Leases: which worker reads a partition for a subscription. Fenced by version, free of clocks.

A worker that has something to do writes its lease anew every third of its length. Another takes it
once it has *seen*, for that length by its own steady clock, that there is work and that neither the
lease nor the checkpoint moves: no two clocks are ever compared, and who has nothing to do writes
nothing. Every write of the holder demands the lease at the version it knows: whoever lost it can
write nothing more. A worker with little to do asks for one by a mark that the holder obeys.
"""

import asyncio

import msgspec

from gatherlog.core.eventstore.errors import Conflict, GatherlogError
from gatherlog.core.eventstore.store import Commit, Store, Write
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import checkpoint_id, succeed

__all__ = ["LEASES", "Lease", "LeaseHolder", "LeaseLost"]

SAFETY = 0.9
"""Of its length, for which a lease counts as ours: another clock may run a little faster."""


class LeaseLost(GatherlogError):
    """Another worker reads this partition now."""

    code = "lease_lost"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads a partition for a subscription."""

    subscription: str
    partition: int
    holder: str = ""
    """Id of a worker, made when it started; empty: nobody."""
    asked_by: str = ""
    """A worker with less to do that would take it over."""


LEASES = View(
    "lease", Lease, by_subscription=lambda body: (body.subscription, f"{body.partition:06}")
)


class LeaseHolder:
    """One worker's claim on one partition of one subscription."""

    def __init__(
        self, store: Store, subscription: str, partition: int, worker: str, seconds: float
    ) -> None:
        self._store = store
        self._id = checkpoint_id(subscription, partition)
        self._worker = worker
        self._seconds = seconds
        self._lease = Lease(subscription=subscription, partition=partition)
        self._version = -1
        self._progress: object = None
        self._seen_at = 0.0
        self._until = 0.0

    @property
    def is_asked_for(self) -> bool:
        """Whether another worker would like to have it, as far as we know."""
        return bool(self._lease.asked_by)

    @property
    def is_stale(self) -> bool:
        """Whether its holder has left work undone for its whole length, by our clock."""
        return self._now() - self._seen_at >= self._seconds

    async def look(self) -> Lease:
        """The lease as it is; remembers since when it has been so."""
        [document] = await self._store.get(LEASES.name, [self._id])
        version = 0 if document is None else document.version
        if version != self._version:
            self._know(LEASES.read(document) or self._free(), version)
        return self._lease

    def watch(self, progress: object) -> None:
        """Note how far its holder has come; None: it has nothing to do, so it need not stir."""
        if progress is None or progress != self._progress:
            self._seen_at = self._now()
        self._progress = progress

    async def take(self) -> bool:
        """Take it if nobody has it, or its holder is dead as far as we can see."""
        lease = await self.look()
        if lease.holder not in ("", self._worker) and not self.is_stale:
            return False
        try:
            await self._write(self._free(holder=self._worker))
        except Conflict:
            return False
        return True

    async def ask(self) -> None:
        """Ask its holder for it; what has moved since the last look is left as it is."""
        try:
            await self._write(msgspec.structs.replace(self._lease, asked_by=self._worker))
        except Conflict:
            return

    def is_good(self) -> bool:
        """Whether nobody can have taken it yet."""
        return self._now() < self._until

    async def renew(self) -> None:
        """Keep it for its length from now; LeaseLost if another has it."""
        while True:
            try:
                return await self._write(self._lease)
            except Conflict:
                await self.check()

    async def check(self) -> None:
        """See whether it is still ours, and was but asked for; LeaseLost if it is not."""
        if (await self.look()).holder != self._worker:
            self._until = 0.0
            raise LeaseLost(f"{self._id} is read by another worker now")

    async def release(self) -> None:
        """Leave it to whoever wants it."""
        self._until = 0.0
        while (await self.look()).holder == self._worker:
            try:
                return await self._write(self._free())
            except Conflict:
                continue

    def demand(self) -> Write:
        """The fence: a commit with it is refused unless the lease is as we know it."""
        return succeed(LEASES, self._id, self._lease.subscription, self._version)

    async def _write(self, lease: Lease) -> None:
        began, version = self._now(), self._version
        write = succeed(LEASES, self._id, lease.subscription, version, lease)
        await self._store.commit(Commit(writes=[write]))
        self._know(lease, version + 1)
        if lease.holder == self._worker:
            self._until = began + SAFETY * self._seconds

    def _know(self, lease: Lease, version: int) -> None:
        self._lease, self._version, self._seen_at = lease, version, self._now()

    def _free(self, *, holder: str = "") -> Lease:
        mine = self._lease
        return Lease(subscription=mine.subscription, partition=mine.partition, holder=holder)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
