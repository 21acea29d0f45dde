"""The state of a destination in a partition: which keys are blocked, and if it is suspended.

While few keys are blocked, new events of all other keys are delivered. With too many, when it is
slow, or while all deliveries fail (`breaker.py`), the destination is *suspended*: it gets no new
events, and catches up from the position at which it was suspended (`catch_up.py`). The API and the
metrics call that "held".
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from gatherlog.core.subscriptions.blocked_key import BlockedKey, OrderingKey
from gatherlog.core.subscriptions.breaker import Breaker
from gatherlog.core.subscriptions.checkpoints import Backlog
from gatherlog.core.subscriptions.page_size import LARGEST_PAGE
from gatherlog.core.subscriptions.subscription import Destination

__all__ = ["MOST_BLOCKED", "DestinationState", "SuspendedNames"]

MOST_BLOCKED: Final = 64
"""Blocked keys of one destination in one partition beyond which it is suspended: as many as fit
into one document, however long their names are."""


class SuspendedNames:
    """Which destinations of a partition are suspended."""

    def __init__(self) -> None:
        self._states: set[DestinationState] = set()
        self._names: frozenset[str] | None = frozenset()

    def __iter__(self) -> Iterator["DestinationState"]:
        return iter(self._states)

    @property
    def names(self) -> frozenset[str]:
        """Their names: the same object as long as they are the same."""
        if self._names is None:
            self._names = frozenset(state.config.name for state in self._states)
        return self._names

    def change(self, state: "DestinationState", *, is_suspended: bool) -> None:
        """Add or remove one."""
        (self._states.add if is_suspended else self._states.discard)(state)
        self._names = None


class DestinationState:
    """What is known of a destination while its partition is processed."""

    def __init__(self, config: Destination, suspended: SuspendedNames | None = None) -> None:
        self.config = config
        self._suspended = SuspendedNames() if suspended is None else suspended
        self._suspended_from: int | None = None
        self.breaker = Breaker()
        self.blocked: dict[OrderingKey, BlockedKey] = {}
        self.redrives: dict[str, BlockedKey] = {}
        """Dead letters that are redriven, by id, and that block no later event."""
        self.redrive_locks: dict[OrderingKey, asyncio.Lock] = {}
        """Redrives of one stream and subject take turns."""
        self.skipped_to = 0
        """While it is suspended: the end of the last page of which it got no event."""
        self.done_ahead: set[int] = set()
        """Positions of events that are done, though they are beyond what the checkpoint covers."""
        self.left_out: list[tuple[int, int | None]] = []
        """See `Backlog.left_out`."""
        self.failing_since: int | None = None
        """When the breaker opened: microseconds since the epoch; None: it is closed."""
        self.is_slow = False
        """Whether its last page took too long: the next ones do not wait for it."""
        self.retry_slots = asyncio.Semaphore(config.at_once)
        """Limits retries; new events do not wait for it."""
        self.backlog_version = 0
        """Version of the stored backlog; 0: there is none."""
        self.is_dirty = False
        """Whether the stored backlog is out of date."""
        self.catch_up_task: asyncio.Task[None] | None = None
        self.interrupt_catch_up: Callable[[], None] | None = None
        """Stops the page that it catches up with now, if any, after the attempt under way."""
        self._changed = asyncio.Event()

    @property
    def suspended_from(self) -> int | None:
        """No event after this position was delivered, except `done_ahead`; None: not suspended."""
        return self._suspended_from

    @suspended_from.setter
    def suspended_from(self, position: int | None) -> None:
        if (position is None) != (self._suspended_from is None):
            self._suspended.change(self, is_suspended=position is not None)
        self._suspended_from = position

    @property
    def retries(self) -> list[BlockedKey]:
        """Everything that is retried: blocked keys and redrives."""
        return [*self.blocked.values(), *self.redrives.values()]

    @property
    def is_full(self) -> bool:
        """Whether no further key may be blocked."""
        return len(self.blocked) >= MOST_BLOCKED

    @property
    def has_room(self) -> bool:
        """Whether so few keys are blocked that a suspended destination may get events again.

        Those that wait for an operator count less, or dead letters would keep it suspended.
        """
        return self.retried <= MOST_BLOCKED // 2 and not self.is_full

    @property
    def retried(self) -> int:
        """How many of the blocked keys do not wait for an operator."""
        return sum(blocked.next_try is not None for blocked in self.blocked.values())

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do before an operator says so."""
        return (
            self.suspended_from is not None
            or bool(self.redrives)
            or any(blocked.next_try is not None for blocked in self.blocked.values())
        )

    def configure(self, config: Destination, processed_to: int) -> None:
        """Take over a changed configuration of the same destination."""
        if self.config.at_once != config.at_once:
            self.retry_slots = asyncio.Semaphore(config.at_once)
        self.config = config
        self._leave_out(processed_to)

    def is_left_out(self, position: int) -> bool:
        """Whether it took no new events when this one was new."""
        return any(
            after < position and (until is None or position <= until)
            for after, until in self.left_out
        )

    def _leave_out(self, processed_to: int) -> None:
        """Begin to leave out new events, or end that, as the configuration says."""
        waiting = [blocked.position for blocked in self.blocked.values()]
        waiting += [processed_to if self.suspended_from is None else self.suspended_from]
        first = min(waiting)
        gaps = [gap for gap in self.left_out if gap[1] is None or gap[1] > first]
        is_open = bool(gaps) and gaps[-1][1] is None
        if is_open and self.config.takes_new:
            gaps[-1] = gaps[-1][0], processed_to
        elif not is_open and not self.config.takes_new:
            gaps.append((processed_to, None))
        if gaps != self.left_out:
            self.left_out = gaps
            self.is_dirty = True

    def block(self, blocked: BlockedKey) -> None:
        """From now on the later events of its stream and subject wait."""
        self.blocked[blocked.key] = blocked
        self.is_dirty = True

    def unblock(self, blocked: BlockedKey) -> None:
        """Nothing of its stream and subject waits any more."""
        if self.blocked.get(blocked.key) is blocked:
            del self.blocked[blocked.key]
        self.mark_changed()

    def suspend(self, position: int, skipped_to: int) -> None:
        """Deliver nothing new: events after `position`, up to `skipped_to`, were left out."""
        self.suspended_from, self.skipped_to = position, skipped_to
        self.mark_changed()

    def mark_changed(self) -> None:
        """The blocked keys have changed: the backlog has to be saved, and there may be room."""
        self.is_dirty = True
        self._changed.set()

    async def wait_for_room(self) -> None:
        """Wait until `has_room`."""
        while not self.has_room:
            self._changed.clear()
            await self._changed.wait()

    def note_success(self, blocked: BlockedKey) -> None:
        """An event was taken at a retry. If the destination was down, it probably works again:
        while it is suspended, keys that failed in the same way are retried now."""
        self.is_slow = False
        if self.suspended_from is not None and blocked.failures:
            for other in self.blocked.values():
                if other.next_try is not None and other.kind == blocked.kind:
                    other.try_now()

    def mark_done(self, position: int, processed_to: int) -> None:
        """Do not deliver this event again when catching up.

        The partition was processed up to `processed_to`.
        """
        covered = processed_to if self.suspended_from is None else self.suspended_from
        if position > covered:
            self.done_ahead.add(position)
        if len(self.done_ahead) > LARGEST_PAGE:
            self.done_ahead = {position for position in self.done_ahead if position > covered}

    def retry_now(self) -> None:
        """Make every retry that waits for its time due now; not what waits for an operator."""
        self.breaker.try_now()
        for blocked in self.blocked.values():
            if blocked.next_try is not None:
                blocked.try_now()

    def restore(self, backlog: Backlog, version: int, *, processed_to: int, now: int) -> None:
        """Take over what waits from the stored backlog; `now` is in microseconds."""
        self.backlog_version, self.suspended_from = version, backlog.suspended_from
        self.done_ahead, self.left_out = set(backlog.done_ahead), list(backlog.left_out)
        self.failing_since = backlog.failing_since
        if self.failing_since is not None:
            self.breaker.open()
        covered = processed_to if self.suspended_from is None else self.suspended_from
        for parked in backlog.parked:
            blocked = BlockedKey.from_parked(
                parked,
                until=max(covered, parked.position),
                now=now,
                longest_pause=self.config.retry.longest_pause,
            )
            blocked.is_done |= blocked.given_up and not self.config.holds  # it may have changed
            self.blocked[blocked.key] = blocked
        self._leave_out(processed_to)

    def to_backlog(self, subscription: str, partition: int, now: int) -> Backlog | None:
        """What is stored of it; None if nothing waits. `now` is in microseconds."""
        if not self.blocked and self.suspended_from is None:
            return None
        return Backlog(
            subscription=subscription,
            partition=partition,
            destination=self.config.name,
            generation=self.config.generation,
            parked=tuple(blocked.to_parked(now) for blocked in self.blocked.values()),
            suspended_from=self.suspended_from,
            done_ahead=tuple(sorted(self.done_ahead)[:LARGEST_PAGE]),
            left_out=tuple(self.left_out),
            failing_since=self.failing_since,
        )
