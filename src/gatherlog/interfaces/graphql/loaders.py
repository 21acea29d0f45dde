"""Reads that are joined: what the fields of one query ask for at the same time is read at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["MOST_AT_ONCE", "Loader"]

MOST_AT_ONCE: Final = 500
"""Keys that are read in one round trip."""

K = TypeVar("K")
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Values by key for one request, each read once.

    `read` gives the values of several keys, in their order. It is called once for all keys that are
    asked for until the event loop comes round.
    """

    def __init__(self, read: Callable[[list[K]], Awaitable[Sequence[V]]]) -> None:
        self._read = read
        self._known: dict[K, asyncio.Future[V]] = {}
        self._asked: list[K] = []
        self._reading: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> "asyncio.Future[V]":
        """The value of a key. Raises what `read` raises."""
        known = self._known.get(key)
        if known is None:
            loop = asyncio.get_running_loop()
            known = self._known[key] = loop.create_future()
            known.add_done_callback(_seen)
            if not self._asked:
                loop.call_soon(self._begin)
            self._asked.append(key)
        return asyncio.shield(known)  # a field that is given up takes the value from no other

    def _begin(self) -> None:
        keys, self._asked = self._asked, []
        for first in range(0, len(keys), MOST_AT_ONCE):
            task = asyncio.ensure_future(self._read_all(keys[first : first + MOST_AT_ONCE]))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read_all(self, keys: list[K]) -> None:
        try:
            values = await self._read(keys)
        except Exception as error:  # noqa: BLE001  # each field that asked for it reports it
            for key in keys:
                self._known[key].set_exception(error)
            return
        for key, value in zip(keys, values, strict=True):
            self._known[key].set_result(value)


def _seen(future: "asyncio.Future[V]") -> None:
    """Mark an error as seen: a field that was given up meanwhile does not look at it."""
    if not future.cancelled():
        future.exception()
