"""A blocked key: a stream and subject of which a destination has not taken an event.

That event is retried. The later events of the same stream and subject wait for it, and are read
from their stream when their turn comes. All other events are delivered meanwhile.
"""

import asyncio
from collections import deque
from math import inf
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.batch_in_flight import BatchInFlight
from gatherlog.core.subscriptions.checkpoints import ParkedKey

__all__ = ["BlockedKey", "OrderingKey", "ordering_key"]

_LONGEST_KEPT: Final = 1.0
"""Seconds after which an event is read again before it is attempted: it may be blank by then."""
_LONGEST_DETAIL: Final = 200
"""Characters of a reason that are stored while an event waits."""

OrderingKey = tuple[str, str]
"""A stream and a subject. Events with the same key are delivered one by one, in their order."""


def ordering_key(event: Recorded) -> OrderingKey:
    """The key of the events that this one is kept in order with."""
    return (event.stream, event.subject)


class BlockedKey:
    """The events of one stream and subject that wait for one destination, in order.

    Times without a unit in their name are seconds of the event loop's clock, which does not jump.
    """

    def __init__(
        self,
        key: OrderingKey,
        version: int,
        position: int,
        *,
        until: int,
        dead_letter: str | None = None,
    ) -> None:
        self.key = key
        self.version = version
        """Version, in its stream, of the event that is attempted next."""
        self.position = position
        """Position of that event."""
        self.read_to = version
        """Version up to which the stream was read for the events that follow."""
        self.until = until
        """Events up to this position wait here; later ones come from the feed."""
        self.dead_letter = dead_letter
        """Id of the dead letter that this redrives, alone; None: it is no redrive."""
        self.event: Recorded | None = None
        """The event that is attempted next, once it was read."""
        self.read_at = -inf
        """When that was, if it is known; it may have become blank since."""
        self.is_done = False
        """Whether that event was delivered, given up or discarded, so that the next one follows."""
        self.failures = 0
        self.first_try: int | None = None
        """Time of the first attempt: microseconds since the epoch, by the wall clock."""
        self.first_try_at: float | None = None
        """The same, by the event loop's clock."""
        self.given_up = False
        self.kind = self.detail = ""
        """Of the last failure."""
        self.in_flight: BatchInFlight | None = None
        """The attempt that was under way when the key was blocked, until its outcome is known."""
        self.read_ahead: deque[Recorded] = deque()
        """Events that follow and were read already."""
        self.read_ahead_at = -inf
        """When they were read."""
        self.next_try: float | None = 0.0
        """When to try again; None: not before an operator says so."""
        self.is_attempting = False
        self.task: asyncio.Task[None] | None = None
        """The task that retries it."""
        self._woken = asyncio.Event()

    @classmethod
    def starting_with(cls, event: Recorded, *, until: int) -> "BlockedKey":
        """A key that is blocked by this event, which may be attempted now."""
        blocked = cls(ordering_key(event), event.version, event.position, until=until)
        blocked.event = event
        return blocked

    @classmethod
    def from_parked(
        cls, parked: ParkedKey, *, until: int, now: int, longest_pause: float
    ) -> "BlockedKey":
        """The key as it was stored; `now` is in microseconds since the epoch.

        If the wall clock jumped back since, the next attempt is at most `longest_pause` away.
        """
        blocked = cls((parked.stream, parked.subject), parked.version, parked.position, until=until)
        blocked.failures, blocked.first_try = parked.attempts, parked.first_try
        blocked.given_up, blocked.is_done = parked.given_up, parked.is_done
        blocked.kind, blocked.detail = parked.kind, parked.detail
        loop_now = asyncio.get_running_loop().time()
        if parked.first_try is not None:
            blocked.first_try_at = loop_now - max(now - parked.first_try, 0) / 1_000_000
        blocked.next_try = None
        if parked.next_try is not None:
            pause = max(parked.next_try - now, 0) / 1_000_000
            blocked.next_try = loop_now + min(pause, longest_pause)
        return blocked

    def to_parked(self, now: int) -> ParkedKey:
        """The key as it is stored; `now` is in microseconds since the epoch."""
        next_try = None
        if self.next_try is not None:
            pause = max(0.0, self.next_try - asyncio.get_running_loop().time())
            next_try = now + round(pause * 1_000_000)
        return ParkedKey(
            stream=self.key[0],
            subject=self.key[1],
            version=self.version,
            position=self.position,
            attempts=self.failures,
            first_try=self.first_try,
            next_try=next_try,
            given_up=self.given_up,
            is_done=self.is_done,
            kind=self.kind,
            detail=self.detail[:_LONGEST_DETAIL],
        )

    def take(self, event: Recorded, read_at: float) -> None:
        """Note the event that is attempted next, and when it was read."""
        self.event, self.read_at = event, read_at

    def is_old(self) -> bool:
        """Whether the event was read so long ago that it has to be read again."""
        return asyncio.get_running_loop().time() - self.read_at > _LONGEST_KEPT

    def try_now(self) -> None:
        """Make the next attempt due now."""
        self.next_try = 0.0
        self._woken.set()

    def start_over(self) -> None:
        """Make an attempt due now, and count from it as from the first."""
        self._forget_attempts()
        self.try_now()

    def advance_to(self, event: Recorded) -> None:
        """Go on to this event: the ones before it are done."""
        self.take(event, self.read_ahead_at)
        self.version, self.position = event.version, event.position
        self._forget_attempts()
        self.given_up, self.is_done = False, False
        self.read_to = max(self.read_to, event.version)
        self.kind = self.detail = ""
        self.next_try = 0.0

    async def wait_until_due(self) -> None:
        """Wait until the next attempt is due."""
        while True:
            now = asyncio.get_running_loop().time()
            if self.next_try is not None and self.next_try <= now:
                return
            self._woken.clear()
            pause = None if self.next_try is None else self.next_try - now
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def _forget_attempts(self) -> None:
        self.failures, self.first_try, self.first_try_at = 0, None, None
