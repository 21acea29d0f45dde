"""A cache in this process."""

from collections.abc import Callable
from time import monotonic
from typing import Final

__all__ = ["LIFETIME", "MOST_KEPT", "MemoryCache"]

LIFETIME: Final = 600
"""Seconds for which a cache keeps a value."""
MOST_KEPT: Final = 10_000
"""Values in a process: at 20 conversations each, 20 MB."""


class MemoryCache:
    """Keeps the latest MOST_KEPT values for LIFETIME seconds."""

    failures = 0

    def __init__(self, seconds: Callable[[], float] = monotonic, *, most: int = MOST_KEPT) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: dict[str, tuple[float, bytes]] = {}
        """Until when, and what; the oldest first."""

    async def get(self, key: str) -> bytes | None:
        until, value = self._kept.get(key, (0.0, b""))
        return value if self._seconds() < until else None

    async def put(self, key: str, value: bytes) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (self._seconds() + LIFETIME, value)
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    async def drop(self, key: str) -> None:
        self._kept.pop(key, None)

    async def close(self) -> None:
        self._kept.clear()
