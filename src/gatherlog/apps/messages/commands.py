"""How commands on conversations are carried out, and what they load together."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from gatherlog.apps.messages.answers import Part
from gatherlog.apps.messages.decisions import Orders, at_once
from gatherlog.apps.messages.events import CODEC, About
from gatherlog.apps.messages.fold import FOLD, conversation_stream
from gatherlog.apps.messages.members import Business, People
from gatherlog.apps.messages.refusals import NotYourBusiness
from gatherlog.apps.messages.views import (
    CONVERSATIONS,
    INBOXES,
    MEMBERSHIPS,
    MESSAGES,
    PAIRS,
    Conversation,
    Membership,
    Message,
    Pair,
    membership_id,
    message_document,
    number_of,
    pair_id,
)
from gatherlog.core.commands.handler import Attempt, CommandHandler, Handled, Once
from gatherlog.core.commands.service import no_such, read, run
from gatherlog.core.commands.turns import CommandLocks
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.views import View

__all__ = [
    "Commands",
    "FindPair",
    "Permit",
    "is_shown",
    "load_message",
    "load_own",
    "loaded_seats",
    "part_of",
    "seats_and_orders",
    "seats_of",
]


T = TypeVar("T")
Permit = Callable[[Part | None], None]
"""Raises unless who has this part in a conversation may do what is asked; None is no part."""
FindPair = Callable[[UnitOfWork], Awaitable[Conversation | None]]
"""Loads the conversation of two accounts; None if there is none yet."""


class Commands:
    """The base of `MessageService`."""

    def __init__(
        self, store: Store, people: People, business: Business, *, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._people = people
        self._business = business
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)
        self._at_once = at_once(store.limits)
        self._locks = CommandLocks()

    async def _check_business(self, account: str, about: About | None) -> None:
        """Raise NotYourBusiness unless it concerns the account; None is no business at all."""
        if about is not None and not await self._business.concerns(account, about):
            raise NotYourBusiness(about.kind)

    async def _of_pair(
        self, one: str, other: str, act: Callable[[str, FindPair], Awaitable[T]]
    ) -> T:
        """What `act` gives for the conversation of two accounts, which it makes if there is none.

        It is given the id, and how the conversation is loaded within its command. The stream of a
        commit is chosen before the commit: so all is done again if another request has made the
        conversation meanwhile.
        """
        backoff, of_both = Backoff(), pair_id(one, other)
        while True:
            known = await read(self._store, PAIRS, of_both)
            id = self._ids() if known is None else known.conversation

            async def find(
                unit: UnitOfWork, known: Pair | None = known, id: str = id
            ) -> Conversation | None:
                await unit.load((PAIRS, of_both), (CONVERSATIONS, id))
                if await unit.get(PAIRS, of_both) != known:
                    raise _PairMade("the conversation of the two was made meanwhile")
                return await unit.get(CONVERSATIONS, id)

            try:
                return await act(id, find)
            except _PairMade as made:
                await backoff.pause(made)

    async def _run(
        self, id: str, attempt: Attempt, account: str, actor: str, once: Once | None = None
    ) -> Handled:
        """Carry out a command on a conversation; without `actor`, the account itself acts."""
        who, stream = actor or f"account:{account}", conversation_stream(id)
        async with self._locks.of(id):
            return await run(self._handler, stream, attempt, actor=who, once=once)


async def load_own(
    unit: UnitOfWork, id: str, account: str, permit: Permit = lambda part: None
) -> tuple[Conversation, Membership]:
    """A conversation and the account's part in it, which `permit` is asked about.

    Raises NotFound for a conversation of others, and what `permit` raises.
    """
    mine = membership_id(id, account)
    await unit.load((CONVERSATIONS, id), (MEMBERSHIPS, mine))
    conversation, membership = unit.body(CONVERSATIONS, id), unit.body(MEMBERSHIPS, mine)
    permit(part_of(conversation, membership, None))
    if conversation is None or membership is None:
        raise no_such("conversation", id)
    return conversation, membership


def part_of(
    conversation: Conversation | None, membership: Membership | None, message: Message | None
) -> Part | None:
    """What an account is to a conversation and to one of its messages; None if it is nothing."""
    if conversation is None or membership is None:
        return None
    account = membership.account
    return Part(
        is_owner=conversation.owner == account and not conversation.is_pair,
        is_author=message is not None and message.author == account,
        announce_only=conversation.announce_only,
    )


async def load_message(unit: UnitOfWork, mine: Membership, message: str) -> Message:
    """A message that a member is shown. Raises NotFound for any other."""
    found = await unit.get(MESSAGES, message_document(mine.conversation, number_of(message)))
    if found is None or not is_shown(found, message, mine):
        raise no_such("message", message)
    return found


def is_shown(found: Message, message: str, mine: Membership) -> bool:
    """Whether what was found is the message with this id, and not from before the member came.

    What members have written themselves is theirs also if they left and came back.
    """
    is_later = number_of(message) > mine.since or found.author == mine.account
    return found.id == message and is_later


async def seats_and_orders(
    unit: UnitOfWork, id: str, accounts: Sequence[str]
) -> tuple[Mapping[str, Membership | None], Orders]:
    """The memberships of some accounts, and the next places in their lists, in one round trip."""
    await unit.load(*seats_of(id, accounts))
    return loaded_seats(unit, id, accounts)


def seats_of(id: str, accounts: Iterable[str]) -> list[tuple[View[Any], str]]:
    """The documents that `loaded_seats` looks at."""
    return [
        document
        for account in accounts
        for document in ((MEMBERSHIPS, membership_id(id, account)), (INBOXES, account))
    ]


def loaded_seats(
    unit: UnitOfWork, id: str, accounts: Iterable[str]
) -> tuple[Mapping[str, Membership | None], Orders]:
    """As `seats_and_orders`, of documents that are loaded."""
    latest, seats = {}, {}
    for account in accounts:
        latest[account] = unit.counters(INBOXES, account).get("order", 0)
        seats[account] = unit.body(MEMBERSHIPS, membership_id(id, account))
    return seats, Orders(latest, unit.now)


class _PairMade(Exception):
    """The conversation of two accounts was made since it was looked up."""
