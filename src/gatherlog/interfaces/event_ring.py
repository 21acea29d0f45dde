"""The latest events of the log, encoded once, in a buffer that many followers send from.

The events in it follow each other in the log: what is appended between them is in it, too. Every
event has a number that it keeps. A follower that has fallen behind the first number reads the store
instead, up to the positions of the ring, and goes on with the number that was the next one then.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import Heads

__all__ = ["Entry", "EventRing"]

MOST_EVENTS: Final = 4096
MOST_BYTES: Final = 16 * 1024 * 1024
"""What the buffer holds at most: events and their frames together, but always the last event."""


class Entry:
    """One event, and the frame that a follower sends if it stands at these positions after it."""

    __slots__ = ("event", "frame", "positions")

    def __init__(self, event: Recorded, positions: Heads, frame: bytes) -> None:
        self.event = event
        self.positions = positions
        self.frame = frame

    @property
    def size(self) -> int:
        """Bytes of the event and its frame."""
        return event_bytes(self.event) + len(self.frame)


class EventRing:
    """All events after the positions that it is made with, as far as they have been added."""

    def __init__(self, positions: Heads) -> None:
        self.positions = positions
        """How far the log has been read into it, per partition."""
        self.first = 0
        """The number of the first entry that it still has."""
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        """Set, and replaced by a new one, when entries are added or it ends."""
        self._failure: Exception | None = None

    @property
    def end(self) -> int:
        """The number of the next entry that will be added."""
        return self.first + len(self._entries)

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be added any more."""
        return self._failure is not None

    def entry(self, number: int) -> Entry:
        """The entry of a number from `first` to before `end`."""
        return self._entries[number - self.first]

    def add(self, entries: Iterable[Entry]) -> None:
        """Add the next events of the log, and drop the oldest ones if they are too many."""
        for entry in entries:
            self._entries.append(entry)
            self._bytes += entry.size
            self.positions = entry.positions
        while len(self._entries) > MOST_EVENTS or (
            self._bytes > MOST_BYTES and len(self._entries) > 1
        ):
            self._bytes -= self._entries.popleft().size
            self.first += 1
        self._wake()

    def forget(self) -> None:
        """Drop all entries: the log may say less by now. Followers who need them read the store."""
        self.first = self.end
        self._entries.clear()
        self._bytes = 0

    def fail(self, failure: Exception) -> None:
        """Nothing will be added any more, for this reason."""
        self._failure = failure
        self._wake()

    async def wait(self, seconds: float) -> bool:
        """Wait for a new entry; False if there was none. Raises why the ring has ended, if so."""
        if self._failure is not None:
            raise self._failure
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
