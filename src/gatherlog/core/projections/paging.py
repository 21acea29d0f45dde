"""Reading to the end: every list in a store comes in pages, and this is how they are joined."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from gatherlog.core.eventstore.store import Document, Query, Store
from gatherlog.core.projections.views import View

__all__ = ["bodies", "documents", "pages"]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")


async def documents(store: Store, query: Query) -> AsyncIterator[Document]:
    """All documents that a query finds, page by page; `query.limit` is the size of a page."""
    size = min(query.limit, store.limits.page)
    query = msgspec.structs.replace(query, limit=size)
    while True:
        page = await store.query(query)
        for document in page.documents:
            yield document
        if page.cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.cursor)


async def bodies(store: Store, view: View[B], query: Query) -> AsyncIterator[B]:
    """The typed bodies of all documents that a query of `view` finds; see `documents`."""
    async for document in documents(store, query):
        body = view.read(document)
        if body is not None:
            yield body


async def pages(
    read: Callable[..., Awaitable[Sequence[T]]], name: Callable[[T], str]
) -> AsyncIterator[Sequence[T]]:
    """The pages that `read(after=…)` gives, until one is empty; `name` is what to go on after."""
    after = ""
    while page := await read(after=after):
        yield page
        after = name(page[-1])
