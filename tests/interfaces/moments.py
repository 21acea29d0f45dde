"""Waiting for something that happens shortly after an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 10.0


async def until(read: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE) -> T:
    """The first true result of `read`; AssertionError with the last one if there is none."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not (found := await read()):
        assert loop.time() < end, f"still {found!r} after {seconds:g} s"
        await asyncio.sleep(0.01)
    return found
