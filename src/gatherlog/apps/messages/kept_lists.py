"""Kept lists: the first page of a member's conversations, so that it need not be queried again.

What is kept is only which conversations the page has, in which places, and who is in them. What a
page shows of them is read from the store each time, and with it whether the kept page is still the
right one. So a cache may lose, repeat or keep too long what it likes: it changes how quick an
answer is, never what it says.
"""

from typing import Final, Protocol

import msgspec

from gatherlog.apps.messages.views import MEMBERSHIPS

__all__ = ["Cache", "KeptList", "KeptLists", "Lookups"]

_FORMAT: Final = 1
"""To be raised when `KeptList` changes its meaning."""


class Cache(Protocol):
    """Keeps bytes by key for a while. No method raises, and each takes a moment at most.

    It may forget anything at any time. What it gives was `put` under the same key by this site, but
    need not be the latest.
    """

    failures: int
    """How often it could not be asked since this process started."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes) -> None: ...

    async def drop(self, key: str) -> None: ...

    async def close(self) -> None: ...


class KeptList(msgspec.Struct, frozen=True, array_like=True):
    """The first page of one member's conversations, as a query found it."""

    limit: int
    """How many conversations were asked for."""
    order: int
    """The greatest place that had been given in the inbox by then, which is that of the first."""
    places: tuple[tuple[str, int], ...]
    """The ids of the conversations and their places in the list, the first one first."""
    cursor: str | None
    persons: tuple[str, ...]
    """The accounts of those who take part."""


class Lookups:
    """How often lists were looked up since this process started, by what came of it."""

    def __init__(self) -> None:
        self.hits = 0
        """The kept list was right, and was used."""
        self.misses = 0
        """No list was kept, or one of another length."""
        self.stale = 0
        """The kept list was not the right one any more, and was not used."""


class KeptLists:
    """The kept lists of the members of one store; at most one for each member."""

    def __init__(self, cache: Cache, store_id: str) -> None:
        self._cache = cache
        self._prefix = f"gatherlog:{store_id}:conversations.{_FORMAT}.{MEMBERSHIPS.version}:"
        self.lookups = Lookups()

    @property
    def failures(self) -> int:
        return self._cache.failures

    async def get(self, account: str) -> KeptList | None:
        """What is kept for an account; it may be out of date."""
        found = await self._cache.get(self._prefix + account)
        try:
            return None if found is None else _DECODER.decode(found)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    async def put(self, account: str, kept: KeptList) -> None:
        await self._cache.put(self._prefix + account, msgspec.json.encode(kept))

    async def drop(self, account: str) -> None:
        await self._cache.drop(self._prefix + account)

    async def close(self) -> None:
        await self._cache.close()


_DECODER: Final = msgspec.json.Decoder(KeptList)
