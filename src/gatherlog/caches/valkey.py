"""A cache in a Valkey or Redis server."""

from typing import Final

from valkey.asyncio import BlockingConnectionPool, Valkey
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff

from gatherlog.caches.careful import PATIENCE
from gatherlog.caches.memory import LIFETIME

__all__ = ["ValkeyServer"]

_CONNECTIONS: Final = 16


class ValkeyServer:
    """The server at a URL such as `valkey://:password@host:6379/0` or `unix:///run/valkey.sock`.

    It connects when it is first asked. Each step of a call takes PATIENCE seconds at most, also
    where the driver misses that the call was given up: on Python 3.11 `asyncio.wait_for`, which it
    sends with, swallows that at times.
    """

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=None,
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Valkey.from_pool(pool)

    async def get(self, key: str, most: int) -> bytes:
        found = await self._client.getrange(key, 0, most - 1)
        if not isinstance(found, bytes):
            raise TypeError(f"a value is {type(found).__name__}")
        return found

    async def put(self, key: str, value: bytes) -> None:
        await self._client.set(key, value, ex=LIFETIME)

    async def drop(self, key: str) -> None:
        await self._client.delete(key)

    async def close(self) -> None:
        await self._client.aclose()
