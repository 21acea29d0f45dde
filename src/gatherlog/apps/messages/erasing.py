"""What an account has written, and how it is taken back: this app's part in erasing a person."""

from collections.abc import Awaitable, Callable, Sequence

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

    Their places stay, as of messages that were deleted. Conversations stay for the others. `empty`
    takes texts out of documents where the account cannot take them back: see `MessageExpiring`.
    """

    def __init__(
        self,
        store: Store,
        messages: MessageService,
        empty: Callable[[Sequence[Recorded]], Awaitable[None]],
    ) -> None:
        self._store = store
        self._messages = messages
        self._empty = empty

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if kind != "account":
            return None
        found = await self._written_by(id)
        written = [(event.stream, event.subject) for event in found]
        return Traces(written=tuple(written)) if written else None

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        """Take back all messages, so that everybody who looks at one learns of it."""
        if kind != "account":
            return
        left = [one for one in await self._written_by(id) if not await self._take_back(one, id, by)]
        await self._empty(left)
        await self._delete_reports(id)

    async def _take_back(self, sent: Recorded, account: str, by: str) -> bool:
        """Take a message back; whether that is done. Who has left a conversation cannot do so."""
        try:
            await self._messages.delete(account, owner_of(sent.stream), sent.subject, actor=by)
        except StoreError:
            raise
        except GatherlogError:
            return False
        return True

    async def _written_by(self, account: str) -> list[Recorded]:
        """The messages of an account that are not blank, as they were sent."""
        conversations = {
            CODEC.decode(event).conversation
            async for event in stream_events(self._store, inbox_stream(account))
            if event.type == _JOINED and not event.is_blank
        }
        return [
            event
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
