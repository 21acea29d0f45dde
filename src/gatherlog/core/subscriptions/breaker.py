"""The breaker of a destination: while all deliveries fail, one attempt at a time probes it.

It *opens* when several attempts have failed in a row, or all of the first page at a destination
that has taken nothing yet. From then on the destination is suspended, so that a position stands for
everything that waits for it, and attempts take turns: retries of the few events that had failed by
then, and the first event after that position, alone, which shows whether others are taken. Both
pause longer and longer. It closes when any event is taken.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Final

from gatherlog.core.subscriptions.delivery import DeliveryFailed, RetryPolicy
from gatherlog.core.subscriptions.retry_pauses import pause_after

__all__ = ["OPENS_AT", "Breaker"]

OPENS_AT: Final = 3
"""Attempts that fail in a row, of the same event or of several."""


class Pace:
    """When the next of several attempts that take turns is due."""

    __slots__ = ("_failures", "due")

    def __init__(self) -> None:
        self.due = 0.0
        """By the event loop's clock."""
        self._failures = 0

    def note_failure(self, policy: RetryPolicy, error: DeliveryFailed) -> None:
        """Pause as after so many failures in a row."""
        self._failures += 1
        pause = pause_after(self._failures, policy, error)
        self.due = asyncio.get_running_loop().time() + pause

    def wait_again(self, policy: RetryPolicy) -> None:
        """Pause as after the first failure, whatever the receiver asked for."""
        bound = min(policy.first_pause, policy.longest_pause)
        self.due = asyncio.get_running_loop().time() + random.uniform(0, bound)

    def start_over(self) -> None:
        """The next one is due now, and counts as the first."""
        self.due, self._failures = 0.0, 0


class Breaker:
    """Whether all deliveries to a destination fail, and whose turn it is to attempt one then.

    An event that fails for good, as one that a receiver refuses, or whose time has not come, says
    nothing about others.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.is_proven = False
        """Whether the latest attempt was taken: only then several run at the same time."""
        self.retries = Pace()
        self.probes = Pace()
        self._failures = 0
        """In a row."""
        self._has_taken = False
        """Whether it has taken anything since the partition is processed here."""

    @property
    def is_failing(self) -> bool:
        """Whether so many attempts have failed in a row that an operator has to know of it."""
        return self._failures >= OPENS_AT

    def note_success(self) -> None:
        """An event was taken."""
        self.is_proven = self._has_taken = True
        self.is_open, self._failures = False, 0
        self.try_now()

    def note_failure(self, policy: RetryPolicy, error: DeliveryFailed) -> None:
        """An event was not taken."""
        if error.final or error.is_early:
            return
        self.is_proven = False
        self._failures += 1
        if self.is_failing:
            self._open(policy)

    def note_page(self, policy: RetryPolicy) -> None:
        """All events of a page were attempted, each once."""
        if self._failures and not self._has_taken:
            self._open(policy)

    def open(self) -> None:
        """Open it as it was when the partition was processed before; an attempt is due now."""
        self.is_open, self._failures = True, OPENS_AT

    def _open(self, policy: RetryPolicy) -> None:
        if not self.is_open:
            self.is_open = True
            self.probes.wait_again(policy)

    def try_now(self) -> None:
        """Make the next attempts due now."""
        self.retries.start_over()
        self.probes.start_over()
        if "_woken" in self.__dict__:
            self._woken.set()

    async def wait_until_due(self, pace: Pace) -> None:
        """Wait until the next attempt is due, or the breaker is closed."""
        while self.is_open and (pause := pace.due - asyncio.get_running_loop().time()) > 0:
            self._woken.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Make an attempt within this: while the breaker is open, no other one runs."""
        if self.is_open:
            async with self._turns:
                if self.is_open:
                    yield
                    return
        yield

    @asynccontextmanager
    async def turn_to_retry(self) -> AsyncIterator[None]:
        """As `turn`, for the retries: while the breaker is open, they share their pauses."""
        if self.is_open:
            async with self._retrying:
                await self.wait_until_due(self.retries)
                if self.is_open:
                    async with self.turn():
                        yield
                    return
        yield

    @cached_property  # like the others: most destinations never need them
    def _turns(self) -> asyncio.Lock:
        return asyncio.Lock()

    @cached_property
    def _retrying(self) -> asyncio.Lock:
        return asyncio.Lock()

    @cached_property
    def _woken(self) -> asyncio.Event:
        return asyncio.Event()
