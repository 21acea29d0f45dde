"""Requests that read or write whole lists: a few at a time, each until its client leaves."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from gatherlog.interfaces.long_polls import while_connected
from gatherlog.interfaces.problems import TooMany

__all__ = ["MOST_AT_ONCE", "MOST_EACH", "LongWork"]

T = TypeVar("T")

MOST_AT_ONCE: Final = 4
"""Whole lists that are in memory at once; further requests wait, first come, first served."""
MOST_EACH: Final = 8
"""Such requests of one credential, those that wait included."""
RETRY_AFTER: Final = 5


class LongWork:
    """The long requests of one process."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._asked: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it. TooMany if `who` has MOST_EACH requests already."""
        if self._asked[who] >= MOST_EACH:
            raise TooMany(f"At most {MOST_EACH} long lists are made for you at once.", RETRY_AFTER)
        self._asked[who] += 1
        try:
            async with self._places:
                yield
        finally:
            self._asked[who] -= 1
            if not self._asked[who]:
                del self._asked[who]

    async def read(
        self,
        who: str,
        work: Callable[[], Awaitable[T]],
        disconnected: Callable[[], Awaitable[None]],
    ) -> T:
        """The result of work that changes nothing, done in a place of its own.

        It ends when the client disconnects, and then raises ClientGone. Raises TooMany as `place`.
        """

        async def in_place() -> T:
            async with self.place(who):
                return await work()

        return await while_connected(in_place(), disconnected)
