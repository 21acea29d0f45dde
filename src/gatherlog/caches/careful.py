"""A cache in a server that may be down, slow or wrong, made into one that is none of that."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final, Protocol, TypeVar

__all__ = ["LONGEST_VALUE", "PATIENCE", "PAUSE", "CarefulCache", "Digest", "Server"]

PATIENCE: Final = 0.05
"""Seconds that a server has to answer."""
PAUSE: Final = 1.0
"""Seconds for which a server that failed is left alone."""
LONGEST_VALUE: Final = 64 * 1024
"""Bytes of a value with its seal; what is longer is neither put nor used."""
_SEAL: Final = 64
T = TypeVar("T")
Digest = Callable[[str], Awaitable[str]]
"""A keyed digest of a text, of 64 hexadecimal digits, that nobody else can make."""


class Server(Protocol):
    """A server that keeps bytes by key, as its driver speaks to it. Any error may be raised."""

    async def get(self, key: str, most: int) -> bytes:
        """At most so many bytes of a value; none if there is no such key."""
        ...

    async def put(self, key: str, value: bytes) -> None: ...

    async def drop(self, key: str) -> None: ...

    async def close(self) -> None: ...


class CarefulCache:
    """Asks a server that need not be there, and believes nothing that is not sealed by this site.

    Errors and answers that take longer than PATIENCE count as `failures`, and the server is not
    asked again for PAUSE seconds. A seal is the digest of a value and its key. So what somebody
    else has put there, or under another key, is as good as nothing.
    """

    def __init__(
        self, server: Server, digest: Digest, *, seconds: Callable[[], float] = monotonic
    ) -> None:
        self._server = server
        self._digest = digest
        self._seconds = seconds
        self._again = 0.0
        self.failures = 0

    async def get(self, key: str) -> bytes | None:
        found = await self._ask(lambda: self._server.get(key, LONGEST_VALUE + 1))
        if not found or len(found) > LONGEST_VALUE:
            return None
        seal, value = found[:_SEAL], found[_SEAL:]
        return value if hmac.compare_digest(seal, await self._seal(key, value)) else None

    async def put(self, key: str, value: bytes) -> None:
        if len(value) + _SEAL <= LONGEST_VALUE:
            sealed = await self._seal(key, value) + value
            await self._ask(lambda: self._server.put(key, sealed))

    async def drop(self, key: str) -> None:
        await self._ask(lambda: self._server.drop(key))

    async def close(self) -> None:
        """Let the server go, also where it does not answer."""
        with suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                await self._server.close()

    async def _seal(self, key: str, value: bytes) -> bytes:
        return (await self._digest(f"{key}\0{value.decode('latin-1')}")).encode()

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        if self._seconds() < self._again:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await call()
        except Exception:  # noqa: BLE001 - a cache is never why an answer fails
            self.failures += 1
            self._again = self._seconds() + PAUSE
            return None
