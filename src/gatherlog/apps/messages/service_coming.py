"""Members who come and go by themselves: those who were invited, and whose accounts are removed."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.commands import seats_and_orders
from gatherlog.apps.messages.events import CODEC, Joined, Left, MemberAdded
from gatherlog.apps.messages.fold import conversation_stream, inbox_stream
from gatherlog.apps.messages.refusals import ConversationFull, UnknownReceiver
from gatherlog.apps.messages.service_members import (
    MemberCommands,
    check_may_write_to,
    members_of,
)
from gatherlog.apps.messages.views import CONVERSATIONS, MESSAGES, Conversation, message_document
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import stream_events

__all__ = ["ComingCommands"]

_ADDED: Final = event_type_of(MemberAdded)
_JOINED: Final = event_type_of(Joined)
_LEFT: Final = event_type_of(Left)
_SOME: Final = 100
"""Conversations that are looked at together."""


class ComingCommands(MemberCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def bring_in(
        self, id: str, accounts: Sequence[str], *, invited_at: int, actor: str
    ) -> None:
        """Add those who were invited to a group when it began; repeating it does nothing.

        `invited_at` is the version of the invitation in the conversation's stream. Each is added
        once, with a commit of its own: who has left since, or was removed, stays out of it, and so
        does whose account is gone, or who blocks the owner. They are shown the last MOST_MISSED of
        the messages that were written before they came.
        """
        came = _Came(self._store, id, invited_at)
        for account in accounts:
            with suppress(UnknownReceiver, ConversationFull):
                await self._bring_in(id, account, came, actor)

    async def _bring_in(self, id: str, account: str, came: "_Came", actor: str) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            conversation = await unit.get(CONVERSATIONS, id)
            if conversation is None or not conversation.size or await came.has(account):
                return []
            if account not in await self._people.persons([account]):
                return []
            await check_may_write_to(unit, conversation.owner, [account])
            last = await members_of(unit, conversation, conversation.pages - 1)
            seats, orders = await seats_and_orders(unit, id, [account])
            missed = await unit.get_all(MESSAGES, _missed(conversation))
            known = [message for message in missed if message is not None]
            return decisions.add(conversation, last, seats[account], account, orders, known)

        await self._run(id, attempt, account, actor)

    async def leave_groups(self, account: str, *, actor: str) -> None:
        """Take part in no group any more, as if the account left each; repeating it does nothing.

        Each group is left with a commit of its own, so what was done before an interruption counts.
        The account stays one of the two of a pair.
        """
        joined = [*await self._joined(account)]
        for start in range(0, len(joined), _SOME):
            refs = [CONVERSATIONS.ref(id) for id in joined[start : start + _SOME]]
            for found in await self._store.get(refs):
                conversation = CONVERSATIONS.recall(found)
                if conversation is not None and not conversation.is_pair:
                    with suppress(NotFound):  # it was left, or the owner removed it, meanwhile
                        await self._remove(account, conversation.id, account, actor)

    async def _joined(self, account: str) -> dict[str, None]:
        """The conversations that the account takes part in, by the log: a query may lag."""
        joined: dict[str, None] = {}
        async for event in stream_events(self._store, inbox_stream(account)):
            if event.type == _JOINED:
                joined[CODEC.decode(event).conversation] = None
            elif event.type == _LEFT:
                joined.pop(CODEC.decode(event).conversation, None)
        return joined


class _Came:
    """Who was added to a conversation after one of its events, whether there still or not."""

    def __init__(self, store: Store, id: str, after: int) -> None:
        self._store = store
        self._stream = conversation_stream(id)
        self._read_to = after
        self._accounts: set[str] = set()

    async def has(self, account: str) -> bool:
        """Whether the account was added by now; it reads on where it stopped the last time."""
        async for event in stream_events(self._store, self._stream, after=self._read_to):
            if event.type == _ADDED:
                self._accounts.add(CODEC.decode(event).account)
            self._read_to = event.version
        return account in self._accounts


def _missed(conversation: Conversation) -> list[str]:
    """The documents of the messages that somebody who comes now is shown as well."""
    first = max(0, conversation.count - decisions.MOST_MISSED) + 1
    return [message_document(conversation.id, n) for n in range(first, conversation.count + 1)]
