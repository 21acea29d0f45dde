"""Round trips that many callers share who ask for the same at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Shared"]

T = TypeVar("T")


class Shared(Generic[T]):
    """A read without arguments. Who asks while one is under way shares the next one.

    So everybody gets what was there after they asked, and there is one round trip at a time.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._under_way: asyncio.Future[T] | None = None
        self._next: asyncio.Future[T] | None = None

    async def get(self) -> T:
        """What is there now. Raises what the read raises."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._after(self._under_way))
        return await asyncio.shield(self._next)

    async def _after(self, before: "asyncio.Future[T] | None") -> T:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._under_way, self._next = self._next, None
        return await self._read()
