"""A store whose reads let other tasks run, so that documents can change after they were read."""

import asyncio
from collections.abc import Sequence
from typing import Any

from gatherlog.core import Document, Ref, Store


class SlowReads:
    """A store that is read as if over a network."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        await asyncio.sleep(0)
        documents = await self._store.get(refs)
        await asyncio.sleep(0)
        return documents
