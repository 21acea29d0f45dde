"""An index that is made when somebody searches for the first time: until then it costs nothing."""

import asyncio
from contextlib import suppress
from typing import Final

from gatherlog.core.eventstore.store import Store
from gatherlog.core.search.contract import SearchPage
from gatherlog.core.search.queries import SearchQuery
from gatherlog.search.service import IndexedSearch

__all__ = ["SearchOnDemand"]

_WAIT: Final = 2.0
"""Seconds that the first searches wait for the index, before they are SearchNotReady."""


class SearchOnDemand:
    """A `Search` that starts an index with the first query, and follows the log from then on."""

    def __init__(self, store: Store, search: IndexedSearch) -> None:
        self._store = store
        self._search = search
        self._is_ready = False

    async def find(self, query: SearchQuery) -> SearchPage:
        if not self._is_ready:
            self._search.start()
            with suppress(TimeoutError):
                async with asyncio.timeout(_WAIT):
                    await self._search.caught_up(await self._store.heads())
                    self._is_ready = True
        return await self._search.find(query)

    async def stop(self) -> None:
        """Let go of the index; queries are refused from then on."""
        await self._search.stop()
