"""Waiting for what happens a moment after an answer, without waiting longer than it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 10.0


async def until(look: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE) -> T:
    """What `look` gives as soon as that is true; AssertionError with the last answer if never."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not (found := await look()):
        assert loop.time() < end, f"still {found!r} after {seconds:g} s"
        await asyncio.sleep(0.01)
    return found
