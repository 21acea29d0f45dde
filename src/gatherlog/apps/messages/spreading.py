"""The subscription that lets messages arrive in the inboxes of larger conversations.

A commit that sends a message reaches only so many members (`decisions.at_once`), and in a
conversation of announcements only its owner. It leaves a `SpreadRequested`, upon which this
subscription brings the inboxes of all members up to the last message. How far an inbox is stands in
the membership, so an event that is delivered again, or late, or together with others, lets each
message arrive once.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.commands import seats_and_orders
from gatherlog.apps.messages.events import CODEC, SpreadRequested
from gatherlog.apps.messages.fold import FOLD, conversation_stream, owner_of
from gatherlog.apps.messages.views import (
    CONVERSATIONS,
    MEMBER_PAGES,
    MESSAGES,
    Conversation,
    MemberPage,
    Membership,
    Message,
    message_document,
    number_of,
    page_id,
)
from gatherlog.core.commands.handler import Attempt, CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.service import Repeated, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.handlers import Handlers

__all__ = ["NAME", "spreading"]

NAME: Final = "message_spreading"
_TIMEOUT: Final = 600.0
"""Seconds for one message to arrive everywhere; what was reached by then counts."""
_STEP: Final = 500
"""Messages that one commit lets arrive, at most."""


def spreading(store: Store, *, clock: Clock, ids: Ids) -> Handlers:
    """The subscription; see above."""
    spreader = _Spreader(store, clock, ids)
    handlers = {event_type_of(SpreadRequested): spreader.spread}
    return Handlers(NAME, handlers, timeout=_TIMEOUT, at_once=4)


class _Spreader:
    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)
        self._size = decisions.at_once(store.limits)

    async def spread(self, delivery: Delivery) -> None:
        """Bring all inboxes up to date. Repeating it changes nothing."""
        event = delivery.event
        id, asked = owner_of(event.stream), CODEC.decode(event)
        conversation = await read(self._store, CONVERSATIONS, id)
        message = await read(self._store, MESSAGES, message_document(id, number_of(event.subject)))
        for page in range(0 if conversation is None else conversation.pages):
            assert conversation is not None
            members = await self._members(conversation, page)
            for start in range(0, len(members), self._size):
                part = members[start : start + self._size]
                await self._arrive(conversation, part)
                if asked.what != "sent" and message is not None:
                    key = f"{delivery.id}:{page}:{start}"
                    await self._revise(id, part, message, asked.what, key)

    async def _members(self, conversation: Conversation, page: int) -> Sequence[str]:
        if not page:
            return conversation.members
        found = await read(self._store, MEMBER_PAGES, page_id(conversation.id, page))
        return (found or MemberPage()).members

    async def _arrive(self, conversation: Conversation, accounts: Sequence[str]) -> None:
        """Let all messages arrive that some of these members have not got yet, in steps."""
        id = conversation.id

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            seats, orders = await seats_and_orders(unit, id, accounts)
            behind = [seat for seat in seats.values() if seat and seat.number < conversation.count]
            low = min((seat.number for seat in behind), default=conversation.count)
            upto = min(conversation.count, low + _STEP)
            authors = await self._authors(id, low, upto) if behind else {}
            return [
                decisions.arrive(
                    id,
                    seat.account,
                    upto,
                    upto - seat.number,
                    _unread(seat, authors),
                    orders.top(seat.account, seat.order),
                )
                for seat in behind
                if seat.number < upto
            ]

        while (await self._run(id, attempt)).events:
            pass

    async def _authors(self, id: str, low: int, upto: int) -> dict[int, str]:
        """The authors of the messages after `low`, up to `upto`, by number."""
        refs = [MESSAGES.ref(message_document(id, n)) for n in range(low + 1, upto + 1)]
        found = [MESSAGES.recall(document) for document in await self._store.get(refs)]
        return {number_of(one.id): one.author for one in found if one is not None}

    async def _revise(
        self,
        id: str,
        accounts: Sequence[str],
        message: Message,
        what: decisions.What,
        key: str,
    ) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            seats, _ = await seats_and_orders(unit, id, accounts)
            return [
                decisions.revise(seat, message, what)
                for seat in seats.values()
                if seat is not None and seat.account != message.author
            ]

        with suppress(Repeated):
            await self._run(id, attempt, Once(key, b"", lambda handled: b""))

    async def _run(self, id: str, attempt: Attempt, once: Once | None = None) -> Handled:
        return await run(self._handler, conversation_stream(id), attempt, actor=NAME, once=once)


def _unread(seat: Membership, authors: dict[int, str]) -> int:
    """How many of the messages that arrive are by others and not read."""
    return decisions.unread_after(seat, max(seat.number, seat.read), authors)
