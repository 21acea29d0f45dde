"""Locks that make commands on the same thing run one after the other, within one process.

They only save work: the commit alone makes places and numbers exact. Without them, of a hundred
commands that read the same waiting list or conversation at once, one would commit and the others
would all have to try again.
"""

import asyncio
from typing import Final

from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock

__all__ = ["CommandLocks", "Turn"]

MOST_LOCKS: Final = 1_024
"""When there are so many, and twice as many as were held the last time, those that nobody holds are
let go."""


class CommandLocks:
    """One lock for each id. Those that nobody holds are kept for a while, and then let go."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._most = MOST_LOCKS

    def of(self, id: str) -> asyncio.Lock:
        lock = self._locks.get(id)
        if lock is None:
            if len(self._locks) >= self._most:
                self._locks = {id: one for id, one in self._locks.items() if one.locked()}
                self._most = MOST_LOCKS + 2 * len(self._locks)
            lock = self._locks[id] = asyncio.Lock()
        return lock


class Turn:
    """One command's hold of its lock, over all of the command's attempts."""

    __slots__ = ("_clock", "_held", "_id", "_locks")

    def __init__(self, locks: CommandLocks, id: str, clock: Clock) -> None:
        self._locks = locks
        self._id = id
        self._clock = clock
        self._held: asyncio.Lock | None = None

    async def begin(self, unit: UnitOfWork) -> bool:
        """Wait for the lock and empty `unit`, so that the caller loads everything again.

        False, and nothing is done, if this command has the lock already.
        """
        if self._held is not None:
            return False
        lock = self._locks.of(self._id)
        await lock.acquire()
        self._held = lock
        unit.forget(self._clock())
        return True

    def end(self) -> None:
        """Release the lock, if this command has it."""
        if self._held is not None:
            self._held.release()
