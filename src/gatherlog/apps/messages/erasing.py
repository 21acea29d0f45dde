"""What an account has written, and how it is taken back: this app's part in erasing a person."""

from gatherlog.apps.messages.events import CODEC, Joined, Sent
from gatherlog.apps.messages.fold import conversation_stream, inbox_stream, owner_of
from gatherlog.apps.messages.service import MessageService
from gatherlog.apps.messages.views import REPORTS
from gatherlog.core.eventstore.errors import GatherlogError, StoreError
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import all_documents, stream_events
from gatherlog.core.retention import Kind, Traces, delete_document

__all__ = ["MessageErasing"]

_SENT = event_type_of(Sent)
_JOINED = event_type_of(Joined)


class MessageErasing:
    """An `ErasingPart`: the texts of all messages that an account has written.

    Their places stay, as of messages that were deleted. Conversations stay for the others.
    """

    def __init__(self, store: Store, messages: MessageService) -> None:
        self._store = store
        self._messages = messages

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if kind != "account":
            return None
        found = await self._written_by(id)
        return Traces(written=tuple(found)) if found else None

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        """Take back all messages, so that everybody who looks at one learns of it."""
        if kind != "account":
            return
        for stream, message in await self._written_by(id):
            # Who has left a conversation cannot take anything back there: it only becomes blank.
            try:
                await self._messages.delete(id, owner_of(stream), message, actor=by)
            except StoreError:
                raise
            except GatherlogError:
                continue
        await self._delete_reports(id)

    async def _written_by(self, account: str) -> list[tuple[str, str]]:
        """The messages of an account that are not blank: the stream and the id of each."""
        conversations = {
            CODEC.decode(event).conversation
            async for event in stream_events(self._store, inbox_stream(account))
            if event.type == _JOINED and not event.is_blank
        }
        return [
            (event.stream, event.subject)
            for conversation in sorted(conversations)
            async for event in stream_events(self._store, conversation_stream(conversation))
            if _is_by(event, account)
        ]

    async def _delete_reports(self, account: str) -> None:
        """Delete the copies of these messages that were shown to the moderator."""
        async for document in all_documents(self._store, REPORTS.name):
            report = REPORTS.read(document)
            if report is not None and report.author == account:
                await delete_document(self._store, REPORTS, document)


def _is_by(event: Recorded, account: str) -> bool:
    if event.type != _SENT or event.is_blank:
        return False
    sent: Sent = CODEC.decode(event)
    return sent.author == account
