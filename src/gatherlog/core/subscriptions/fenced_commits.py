"""Fenced commits: they are refused once another worker has the lease, and keep to the limits."""

from collections.abc import Iterable, Sequence
from typing import Final

from gatherlog.core.eventstore.commit_checks import count_actions
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import ANY, Append, Body, Commit, Store, Write
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder

__all__ = ["RESERVED_ACTIONS", "FencedCommits"]

RESERVED_ACTIONS: Final = 4
"""Actions of a commit that are not counted one by one: the fence, the stream and its partition, and
one to spare."""
_EVENT_OVERHEAD: Final = 100
"""Bytes of an event beside its data."""


class FencedCommits:
    """Writes events of one stream, and documents, under a lease."""

    def __init__(self, store: Store, stream: str, lease: LeaseHolder) -> None:
        self._store = store
        self._stream = stream
        self._lease = lease

    async def commit(self, events: Sequence[Event], writes: Sequence[Write]) -> None:
        """Commit all of them together; raises LeaseLost if another worker has the lease.

        A lease that was only requested meanwhile has changed, too, but is still ours: try again.
        """
        if not events and not writes:
            return
        appends = [Append(self._stream, events, ANY)] if events else []
        backoff = Backoff()
        while True:
            fenced = [self._lease.fence(), *writes]
            try:
                await self._store.commit(Commit(appends=appends, writes=fenced))
            except Conflict as conflict:
                await self._lease.check()
                if not conflict.name.startswith(f"{LEASES.name}/"):
                    raise
                await backoff.pause(conflict)
            else:
                return

    async def commit_in_parts(self, writes: Iterable[Write]) -> None:
        """Commit writes in as few commits as the limits allow."""
        for part in self._packed(writes):
            await self.commit([], part)
            if not self._lease.is_valid():
                await self._lease.renew()

    def fits(self, events: Sequence[Event], writes: Sequence[Write]) -> bool:
        """Whether one commit can take all of them."""
        limits = self._store.limits
        size = sum(len(event.data) + _EVENT_OVERHEAD for event in events) + sum(map(_size, writes))
        appends = [Append(self._stream, events)]
        actions = count_actions(Commit(appends=appends, writes=writes), limits) + RESERVED_ACTIONS
        return actions <= limits.commit_actions and size <= limits.commit_bytes

    def _packed(self, writes: Iterable[Write]) -> Iterable[list[Write]]:
        part: list[Write] = []
        for write in writes:
            if part and not self.fits([], [*part, write]):
                yield part
                part = []
            part.append(write)
        if part:
            yield part


def _size(write: Write) -> int:
    return 0 if isinstance(write.body, Body) else len(write.body)
