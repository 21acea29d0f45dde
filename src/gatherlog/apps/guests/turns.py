"""Commands that need the same waiting list take turns, within one process.

Only a courtesy: correctness is the commit's. But of a hundred who all read one document, one
commits and the others try again, and again; in line, each tries once.
"""

import asyncio
from weakref import WeakValueDictionary

from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock

__all__ = ["Lines", "Turn"]


class Lines:
    """One line per gathering, for as long as somebody stands in it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, gathering_id: str) -> asyncio.Lock:
        lock = self._locks.get(gathering_id)
        if lock is None:
            lock = self._locks[gathering_id] = asyncio.Lock()
        return lock


class Turn:
    """One command's place in a line; once begun it lasts over all tries until `end`."""

    def __init__(self, lines: Lines, gathering_id: str, clock: Clock) -> None:
        self._lines = lines
        self._gathering_id = gathering_id
        self._clock = clock
        self._line: asyncio.Lock | None = None

    async def begin(self, unit: UnitOfWork) -> bool:
        """Wait in line. If it was not this command's turn before, `unit` is as new: look again."""
        if self._line is not None:
            return False
        line = self._lines.of(self._gathering_id)
        await line.acquire()
        self._line = line
        for loaded in (unit.documents, unit.bodies, unit.at_most, unit.at_least):
            loaded.clear()
        unit.now = self._clock()
        return True

    def end(self) -> None:
        if self._line is not None:
            self._line.release()
