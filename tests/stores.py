"""What tests of all kinds read from a store: whole views and categories, in a fixed order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gatherlog.core import Document, Store, StreamHead
from gatherlog.core.projections.paging import all_documents, all_streams

T = TypeVar("T")


async def eventually(read: Callable[[], Awaitable[T]], expected: T, *, seconds: float = 10.0) -> T:
    """Read until the result is as expected, because queries and the feed may lag."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (found := await read()) != expected and loop.time() < end:
        await asyncio.sleep(0.005)
    assert found == expected
    return found


async def scanned(store: Store, view: str) -> list[Document]:
    """All documents of a view, by id."""
    found = [document async for document in all_documents(store, view)]
    return sorted(found, key=lambda document: document.id)


async def streams_of(store: Store, category: str) -> list[StreamHead]:
    """All streams of a category, by name."""
    found = [head async for head in all_streams(store, category)]
    return sorted(found, key=lambda head: head.stream)
