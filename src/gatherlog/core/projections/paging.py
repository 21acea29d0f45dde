"""Reading to the end: every list in a store comes in pages, and this is how they are joined.

Whoever goes through a list here gives way to others in between; see `giving_way`.
"""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.giving_way import Pace, consumed
from gatherlog.core.eventstore.store import Document, Query, Store, StreamHead
from gatherlog.core.projections.views import View

__all__ = ["all_documents", "all_streams", "bodies", "documents", "stream_events"]

B = TypeVar("B", bound=msgspec.Struct)


async def documents(store: Store, query: Query) -> AsyncIterator[Document]:
    """All documents that a query finds, page by page; `query.limit` is the size of a page."""
    size = min(query.limit, store.limits.page)
    query, pace = msgspec.structs.replace(query, limit=size), Pace()
    while True:
        page = await store.query(query)
        for document in consumed(page.documents):
            if pace.is_over():
                await pace.give_way()
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


async def all_documents(store: Store, view: str, *, limit: int = 1000) -> AsyncIterator[Document]:
    """All documents of a view, in no particular order; `limit` is the size of a page."""
    cursor, pace = None, Pace()
    while True:
        page = await store.scan(view, cursor=cursor, limit=min(limit, store.limits.page))
        for document in page.documents:
            if pace.is_over():
                await pace.give_way()
            yield document
        if (cursor := page.cursor) is None:
            return


async def all_streams(store: Store, category: str) -> AsyncIterator[StreamHead]:
    """All streams of a category, in no particular order."""
    cursor, pace = None, Pace()
    while True:
        page = await store.streams(category, cursor=cursor, limit=min(1000, store.limits.page))
        for head in page.streams:
            if pace.is_over():
                await pace.give_way()
            yield head
        if (cursor := page.cursor) is None:
            return


async def stream_events(
    store: Store,
    stream: str,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int | None = None,
    backwards: bool = False,
) -> AsyncIterator[Recorded]:
    """Events of a stream as `Store.read_stream` gives them, over all pages; None: no limit.

    One page is held at a time, so that memory does not grow with the stream.
    """
    most, pace = min(1000, store.limits.page), Pace()
    while limit is None or limit > 0:
        page = await store.read_stream(
            stream,
            after=after,
            before=before,
            limit=most if limit is None else min(limit, most),
            backwards=backwards,
        )
        if not page:
            return
        for event in page:
            if pace.is_over():
                await pace.give_way()
            yield event
        limit = None if limit is None else limit - len(page)
        after, before = (after, page[-1].version) if backwards else (page[-1].version, before)
