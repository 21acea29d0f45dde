"""Trying again, in the one way that is used everywhere: pauses with full jitter, up to a deadline.

"Full jitter" draws each pause evenly between nothing and a bound that doubles with every failure,
so that many callers who collided do not collide again at the same moments. The bound shrinks the
longer somebody has been trying, so that of many who want the same, those who came first are likely
to be next: without that, a few of them would find nothing but collisions until the deadline.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gatherlog.core.eventstore.errors import Busy, Conflict

__all__ = ["DEADLINE", "Backoff", "pause_bound", "until_no_conflict"]

DEADLINE: Final = 5.0
"""Seconds after the first failure beyond which nothing is tried again."""
FIRST_BOUND: Final = 0.001
LONGEST_BOUND: Final = 0.2
"""Seconds that the bound of a pause begins with, and never passes."""
PATIENCE: Final = DEADLINE / 2
"""Seconds over which the bound of whoever keeps trying shrinks,"""
LEAST_PATIENCE: Final = 0.05
"""to this part of what it would be."""

T = TypeVar("T")


class Backoff:
    """The pauses between the tries of one piece of work. It costs nothing until something fails.

    They shrink towards the deadline, unless it is said that nobody else is in the way (`hurries`):
    whoever is overloaded must not be asked more and more often.
    """

    __slots__ = ("_deadline", "_failures", "_hurries")

    def __init__(self, *, hurries: bool = True) -> None:
        self._failures = 0
        self._deadline = 0.0
        self._hurries = hurries

    def next_pause(self, reason: Exception) -> float:
        """Seconds until the next try. Raises Busy from `reason` once DEADLINE has passed."""
        now = asyncio.get_running_loop().time()
        if not self._failures:
            self._deadline = now + DEADLINE
        elif now > self._deadline:
            raise Busy(f"gave up after {DEADLINE:g} s: {reason}") from reason
        self._failures += 1
        bound = pause_bound(self._failures, first=FIRST_BOUND, longest=LONGEST_BOUND)
        if self._hurries:
            waited = now - (self._deadline - DEADLINE)
            bound *= max(LEAST_PATIENCE, 1 - waited / PATIENCE)
        return random.uniform(0, bound)

    async def pause(self, reason: Exception) -> None:
        """Wait before the next try. Raises Busy from `reason` once DEADLINE has passed."""
        await asyncio.sleep(self.next_pause(reason))

    def copy(self) -> "Backoff":
        """The same failures and deadline, for a part of the work that is now tried by itself."""
        backoff = Backoff(hurries=self._hurries)
        backoff._failures, backoff._deadline = self._failures, self._deadline
        return backoff


async def until_no_conflict(attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of `attempt`, which is called again as long as it raises Conflict.

    It has to read anew what it rests on. Raises Busy after DEADLINE seconds.
    """
    backoff = Backoff()
    while True:
        try:
            return await attempt()
        except Conflict as conflict:
            await backoff.pause(conflict)


def pause_bound(failures: int, *, first: float, longest: float) -> float:
    """The longest pause, in seconds, after so many failures in a row: `first`, then doubling."""
    return min(longest, first * 2.0 ** min(failures - 1, 60))
