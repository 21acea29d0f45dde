"""Lets answers leave at the ticks of a clock, so that their time tells nothing of small work.

What is hidden from somebody is answered like what does not exist, for the same reads of the store.
But what exists is found in a cache and decoded, and what does not is looked for, which differs by
some microseconds. Timers of event loops do not hide that: they wait for whole milliseconds from the
moment at which they are asked. So a thread waits, for all answers of the same tick.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

__all__ = ["STEP", "Ticks"]

STEP: Final = 0.002
"""Seconds from one tick to the next: more than the differences that are hidden."""
_THREAD: Final = ThreadPoolExecutor(1, "gatherlog-ticks")


class Ticks:
    """The ticks that the answers of one event loop wait for."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    async def next(self) -> None:
        """Return at the next tick, at most STEP from now, whenever this was called before it."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().run_in_executor(_THREAD, _wait)
        await asyncio.shield(self._next)


def _wait() -> None:
    time.sleep(STEP - time.monotonic() % STEP)
