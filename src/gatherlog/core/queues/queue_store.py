"""Typed reading and writing of the documents of queues, and appending of their events."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from random import getrandbits
from typing import Any, Generic, Literal, TypeVar

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import (
    ANY,
    Append,
    Body,
    Commit,
    Committed,
    Document,
    Limits,
    Page,
    Query,
    Store,
    Write,
)
from gatherlog.core.projections.paging import all_documents, bodies, documents
from gatherlog.core.projections.views import View
from gatherlog.core.queues.checks import DEFAULT_ATTEMPTS
from gatherlog.core.queues.documents import MESSAGES, QUEUES, Message, message_id, stream_of
from gatherlog.core.queues.events import CODEC

__all__ = ["QueueStore", "TypedDocument", "in_line", "line_changed"]

B = TypeVar("B", bound=msgspec.Struct)


class TypedDocument(msgspec.Struct, Generic[B], frozen=True, gc=False):
    """A document as it was read: its id, its version, and its typed body."""

    id: str
    version: int
    """What a commit that replaces the document expects; 0: there is no document yet."""
    body: B


class QueueStore:
    """The part of a store that holds queues."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def get(self, view: View[B], ids: Sequence[str]) -> list[TypedDocument[B] | None]:
        """The documents with these ids, in this order; None where there is none."""
        if not ids:
            return []
        refs = [view.ref(id) for id in ids]
        return [_typed(view, document) for document in await self._store.get(refs)]

    async def get_one(self, view: View[B], id: str) -> TypedDocument[B] | None:
        """The document with this id, or None."""
        [document] = await self._store.get([view.ref(id)])
        return _typed(view, document)

    async def most_attempts(self, queue: str) -> int:
        """How often a message of this queue is received before it dies."""
        settings = await self.get_one(QUEUES, queue)
        return DEFAULT_ATTEMPTS if settings is None else settings.body.most_attempts

    async def query(self, query: Query) -> Page:
        """One page of documents. As with any query, the newest changes may be missing."""
        return await self._store.query(query)

    def documents(self, query: Query) -> AsyncIterator[Document]:
        """All documents that a query finds, not only those of its first page."""
        return documents(self._store, query)

    def bodies(self, view: View[B], query: Query) -> AsyncIterator[B]:
        """The bodies of all documents that a query finds, not only of its first page."""
        return bodies(self._store, view, query)

    async def count(self, query: Query) -> int:
        """How many documents a query finds in all."""
        return len([None async for _ in documents(self._store, query)])

    async def ids_of(self, view: View[B], queue: str, *indexes: str) -> list[str]:
        """Ids of all documents of the queue that these indexes list.

        Where queries lag, ids of all documents of the queue: an index may not have one yet.
        """
        if self.limits.queries_lag:
            found = all_documents(self._store, view.name)
            return [one.id async for one in found if one.id.startswith(f"{queue}/")]
        queries = [view.query(index, queue, limit=1000) for index in indexes]
        return [one.id for query in queries async for one in self.documents(query)]

    async def head(self, queue: str) -> int:
        """The version of the queue's stream, which grows with every message that is put in."""
        last = await self._store.read_stream(stream_of(queue), limit=1, backwards=True)
        return last[0].version if last else 0

    @staticmethod
    def write(view: View[B], id: str, expected: int, body: B | Literal[Body.DELETE]) -> Write:
        """Replace version `expected` of a document by `body`; 0: there is no document yet.

        The commit fails with Conflict if the document has another version. New versions are drawn
        at random, because a line is deleted when it is empty and may be made again: if versions
        were counted, a slow process could take the new line for the one that it has read.
        """
        return view.write(id, stream_of(id), body, expects=expected, at=1 + getrandbits(62))

    @staticmethod
    def demand(view: View[Any], id: str, version: int) -> Write:
        """Demand that a document still has this version."""
        return Write(view=view.name, id=id, stream=stream_of(id), expects=version)

    def event(
        self, queue: str, payload: msgspec.Struct, subject: str = "", *, expected: int = ANY
    ) -> Append:
        """The append of one event, which happens now, to the queue's stream."""
        type, schema, data = CODEC.encode(payload)
        now = self._clock()
        event = Event(self._ids(), type, now, now, data, schema, subject)
        return Append(stream_of(queue), [event], expected)

    def commit(
        self, writes: Sequence[Write], appends: Sequence[Append] = ()
    ) -> Awaitable[Committed]:
        """Raises Conflict if a document that is written has changed since it was read."""
        return self._store.commit(Commit(appends=appends, writes=writes))


def _typed(view: View[B], document: Document | None) -> TypedDocument[B] | None:
    if document is None or (body := view.read(document)) is None:
        return None
    return TypedDocument(document.id, document.version, body)


def in_line(message: TypedDocument[Message] | None, queue: str, id: str) -> TypedDocument[Message]:
    """The message `id`, which a line named. Raises Conflict if it has left the line since."""
    if message is None or message.body.done_at is not None:
        raise line_changed(queue, id)
    return message


def line_changed(queue: str, id: str) -> Conflict:
    """The line of this message has changed since it was read."""
    return Conflict("document", f"{MESSAGES.name}/{message_id(queue, id)}", 1, 0)
