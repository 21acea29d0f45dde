"""One look at all leases of a subscription, for those of its partitions that have nothing to do.

Where each of many partitions reads its own lease every few seconds, a site on which nothing happens
pays for that all day. A query shows all leases of a subscription at once. It may lag, so it only
saves reading those that it shows unchanged: what others have done is seen by a later look.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.store import Query, Store
from gatherlog.core.projections.paging import documents

__all__ = ["LeaseGlances"]

AGE: Final = 0.2
"""A look is shared for this part of the length of a lease."""


class LeaseGlances:
    """The versions of the leases of one subscription, as a query showed them a moment ago."""

    def __init__(self, store: Store, query: Query, seconds: float) -> None:
        self._store = store
        self._query = query
        self._age = AGE * seconds
        self._look: asyncio.Task[Mapping[str, int]] | None = None
        self._looked_at = 0.0

    async def shows(self, id: str, version: int) -> bool:
        """Whether a lease was still at this version. False if nothing could be seen."""
        now = asyncio.get_running_loop().time()
        if self._look is None or now - self._looked_at > self._age:
            self._look, self._looked_at = asyncio.ensure_future(self._versions()), now
        try:
            return (await asyncio.shield(self._look)).get(id) == version
        except StoreError:
            self._look = None
            return False

    async def _versions(self) -> Mapping[str, int]:
        return {found.id: found.version async for found in documents(self._store, self._query)}
