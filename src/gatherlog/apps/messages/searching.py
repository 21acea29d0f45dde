"""The source of an index of messages: a document of each message that has a text.

A document says of which conversation it is, and not who takes part in it. Whoever asks names the
conversations that they take part in (`finding`), so joining and leaving changes no document.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from gatherlog.apps.messages.events import CODEC, Deleted, Edited, Expired, Sent
from gatherlog.apps.messages.fold import CONVERSATION, owner_of
from gatherlog.apps.messages.views import MESSAGES, Message, message_document, number_of
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import all_documents
from gatherlog.core.retention.erasures import erases_account
from gatherlog.core.search import SearchDocument, Text, Touched

__all__ = ["CONVERSATION_TAG", "MessageSource", "text_version"]

CONVERSATION_TAG: Final = "conversation"
_EXPIRED: Final = event_type_of(Expired)
_OF_TEXTS: Final = frozenset(event_type_of(one) for one in (Sent, Edited, Deleted))


class MessageSource:
    """A `SearchSource`. The id of a document is that of the message's document."""

    name = "messages"
    version = 1

    def __init__(self, store: Store) -> None:
        self._store = store

    def touched(self, event: Recorded) -> Touched | None:
        if erases_account(event):
            return Touched(everything=True)
        if not event.stream.startswith(f"{CONVERSATION}-"):
            return None
        numbers = _numbers(event)
        if not numbers:
            return None
        return Touched(ids=[message_document(owner_of(event.stream), one) for one in numbers])

    async def read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        found = await self._store.get([MESSAGES.ref(id) for id in ids]) if ids else []
        return [_document(id, MESSAGES.recall(one)) for id, one in zip(ids, found, strict=True)]

    async def everything(self) -> AsyncIterator[SearchDocument]:
        async for found in all_documents(self._store, MESSAGES.name):
            document = _document(found.id, MESSAGES.recall(found))
            if document is not None:
                yield document


def _numbers(event: Recorded) -> list[int]:
    """The messages whose text the event has changed."""
    if event.type == _EXPIRED:
        expired: Expired = CODEC.decode(event)
        return [number for number, _ in expired.messages]
    return [number_of(event.subject)] if event.type in _OF_TEXTS else []


def text_version(message: Message) -> int:
    """Tells one text of a message from those that it had before."""
    return message.edited_at or 0


def _document(id: str, message: Message | None) -> SearchDocument | None:
    """What is indexed of a message; None for one that was deleted or has no text any more."""
    if message is None or message.deleted_at is not None or not message.text:
        return None
    conversation = id.partition("/")[0]
    return SearchDocument(
        id=id,
        owner=conversation,
        version=text_version(message),
        texts=[Text(message.text)],
        tags={CONVERSATION_TAG: [conversation]},
    )
