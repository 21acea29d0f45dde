"""What all parts of the queues stand on: the store, reading and writing documents, trying again."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import ANY, Append, Store
from gatherlog.core.projections.views import View
from gatherlog.core.queues.consumers import Waiting
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    QUEUES,
    Line,
    Message,
    Queue,
    message_id,
    stream_of,
    version_of,
)
from gatherlog.core.queues.events import CODEC

__all__ = ["Found", "Keeping", "torn"]

B = TypeVar("B", bound=msgspec.Struct)
Found = tuple[B | None, int]
"""A body, if there is one, and the version of its document."""


class Keeping:
    """The store, and how the documents of queues are read from it."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._waiting = Waiting(store)
        self._claiming: set[str] = set()
        """Lines that somebody in this process is about to take from."""

    async def _get(self, view: View[B], ids: Sequence[str]) -> list[Found[B]]:
        documents = await self._store.get(view.name, ids)
        return [(view.read(document), version_of(document)) for document in documents]

    async def _queue(self, name: str) -> Found[Queue]:
        [found] = await self._get(QUEUES, [name])
        return found

    async def _line(self, id: str) -> Found[Line]:
        [found] = await self._get(LINES, [id])
        return found

    async def _message(self, queue: str, id: str) -> Found[Message]:
        [found] = await self._get(MESSAGES, [message_id(queue, id)])
        return found

    async def _following(self, queue: str, message: Message) -> Message | None:
        """The one behind it in its line; Conflict where the line has changed meanwhile."""
        if not message.next:
            return None
        following, _ = await self._message(queue, message.next)
        if following is None or following.done_at is not None:
            raise torn(queue, message.next)
        return following

    def _append(self, queue: str, payload: msgspec.Struct, subject: str = "") -> Append:
        type, schema, data = CODEC.encode(payload)
        now = self._clock()
        event = Event(self._ids(), type, now, now, data, schema, subject)
        return Append(stream_of(queue), [event], ANY)


def torn(queue: str, id: str) -> Conflict:
    """What was read did not stand together: somebody has changed the line meanwhile."""
    return Conflict("document", f"{MESSAGES.name}/{message_id(queue, id)}", 1, 0)
