"""Reading: the messages of a conversation, read marks and the unread count."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Final

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.answers import Between, Line, MessagePage, Part, ShownMessage
from gatherlog.apps.messages.commands import is_shown, load_own, part_of, seats_and_orders
from gatherlog.apps.messages.members import Person, person_of
from gatherlog.apps.messages.refusals import UnknownReceiver
from gatherlog.apps.messages.service_business import are_named
from gatherlog.apps.messages.service_listing import ListingCommands
from gatherlog.apps.messages.views import (
    BLOCKS,
    CONVERSATIONS,
    INBOXES,
    MEMBERSHIPS,
    MESSAGES,
    REPORTS,
    Conversation,
    Membership,
    Message,
    Report,
    block_id,
    membership_id,
    message_document,
    number_of,
)
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.service import Listing, listing, no_such
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import CursorInvalid, Refused

__all__ = ["MOST_COUNTED", "ReadingCommands"]

MOST_COUNTED: Final = 1000
"""How far behind the newest message a read mark may be set."""


class ReadingCommands(ListingCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def part(self, account: str, id: str, message: str | None = None) -> Part | None:
        """What an account is to a conversation, for the policy; None if it takes no part, or is not
        shown the message."""
        refs = [CONVERSATIONS.ref(id), MEMBERSHIPS.ref(membership_id(id, account))]
        if message is not None:
            refs.append(MESSAGES.ref(message_document(id, number_of(message))))
        found = await self._store.get(refs)
        conversation, mine = CONVERSATIONS.recall(found[0]), MEMBERSHIPS.recall(found[1])
        if message is None or mine is None:
            return part_of(conversation, mine, None)
        body = MESSAGES.recall(found[2])
        if body is None or not is_shown(body, message, mine):
            return None
        return part_of(conversation, mine, body)

    async def unread(self, account: str) -> int:
        """Messages of others in all conversations that are not muted, by one read."""
        [inbox] = await self._store.get([INBOXES.ref(account)])
        return 0 if inbox is None else inbox.counters.get("unread", 0)

    async def messages(
        self,
        account: str,
        id: str,
        *,
        limit: int = 20,
        before: str | None = None,
        after: str | None = None,
        upto: str | None = None,
        oldest_first: bool = False,
    ) -> MessagePage:
        """A page of a conversation, newest first: the newest messages, or those next to one.

        `before`, `after` and `upto` (that one and those before it), of which one may be given, are
        ids of messages. With `oldest_first` they come in the other order, and without any of the
        three they begin with the oldest. Raises NotFound, and CursorInvalid for a message of
        another conversation.
        """
        conversation, mine = await self._own(account, id)
        low, high = mine.since, conversation.count
        if before is not None:
            high = await self._number(mine, before) - 1
        elif after is not None:
            low = await self._number(mine, after)
        elif upto is not None:
            high = await self._number(mine, upto)
        onwards = after is not None or (oldest_first and before is None and upto is None)
        numbers = range(low + 1, high + 1)
        numbers = numbers[:limit] if onwards else numbers[max(0, len(numbers) - limit) :]
        shown = await self._shown(account, conversation, numbers)
        is_last = not numbers or (numbers[-1] == high if onwards else numbers[0] == low + 1)
        next = None if is_last or not shown else shown[-1 if onwards else 0].message.id
        return MessagePage(shown if oldest_first else shown[::-1], next, mine)

    async def message(self, account: str, id: str, message: str) -> ShownMessage:
        """One message. Raises NotFound for one that the account is not shown."""
        conversation, mine = await self._own(account, id)
        try:
            number = await self._number(mine, message)
        except CursorInvalid:
            raise no_such("message", message) from None
        return (await self._shown(account, conversation, [number]))[0]

    async def shown_to(
        self, account: str, numbers: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], ShownMessage]:
        """Those of some messages that the account is shown now, by conversation and number.

        They may be of several conversations. All is read as it is at this moment.
        """
        wanted = list(dict.fromkeys(numbers))
        talks = list(dict.fromkeys(id for id, _ in wanted))
        refs = [MEMBERSHIPS.ref(membership_id(id, account)) for id in talks]
        refs += [MESSAGES.ref(message_document(*number)) for number in wanted]
        found = await self._store.get(refs) if refs else []
        parts = {id: MEMBERSHIPS.recall(one) for id, one in zip(talks, found, strict=False)}
        messages = {
            number: message
            for number, one in zip(wanted, found[len(talks) :], strict=True)
            if (message := MESSAGES.recall(one)) is not None
            and (part := parts[number[0]]) is not None
            and number[1] > part.since
        }
        persons = await self._people.persons({one.author for one in messages.values()})
        called = await self._called_in(account, talks, persons)
        return {
            number: ShownMessage(number[0], one, person_of(called[number[0]], one.author))
            for number, one in messages.items()
        }

    async def _called_in(
        self, account: str, ids: Sequence[str], persons: Mapping[str, Person]
    ) -> Mapping[str, Mapping[str, Person]]:
        """The persons as the account knows them in each of these conversations."""
        if are_named(account, persons):
            return dict.fromkeys(ids, persons)
        found = await self._store.get([CONVERSATIONS.ref(id) for id in ids])
        talks = [CONVERSATIONS.recall(one) for one in found]
        return {
            id: await self._called(account, None if talk is None else talk.about, persons)
            for id, talk in zip(ids, talks, strict=True)
        }

    async def open(self, account: str, id: str, *, limit: int = 20, actor: str = "") -> MessagePage:
        """The newest messages, which are read from now on. Raises NotFound."""
        page = await self.messages(account, id, limit=limit)
        if page.items and number_of(page.items[0].message.id) > page.mine.read:
            await self.mark_read(account, id, page.items[0].message.id, actor=actor)
        return page

    async def mark_read(self, account: str, id: str, upto: str, *, actor: str = "") -> None:
        """Have read all messages up to this one; a mark never goes back.

        The other of a pair is let know if both want that. Raises NotFound, and Refused for a
        message that more than MOST_COUNTED others have followed.
        """
        number = number_of(upto)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            conversation, _ = await load_own(unit, id, account)
            seats, _ = await seats_and_orders(unit, id, [account])
            mine = seats[account]
            assert mine is not None
            await self._number(mine, upto)
            if number <= mine.read:
                return []
            told = await self._told(unit, conversation, account)
            return decisions.mark_read(mine, number, await self._left(mine, number), told)

        await self._run(id, attempt, account, actor)

    async def between(self, account: str, line: Line) -> Between:
        """How it stands between the two of a pair, one of whom has this line in their list.

        In a group, nobody has blocked anybody.
        """
        if line.other is None:
            return Between()
        other, id = line.other.id, line.conversation.id
        blocks = [block_id(*pair) for pair in permutations((account, other))]
        refs = [*map(BLOCKS.ref, blocks), MEMBERSHIPS.ref(membership_id(id, other))]
        own_block, their_block, part = await self._store.get(refs)
        persons = await self._people.persons([account, other])
        theirs, is_open = MEMBERSHIPS.recall(part), own_block is their_block is None
        tells = is_open and _agree(persons, (account, other))
        return Between(
            has_blocked=own_block is not None,
            is_gone=other not in persons,
            seen=theirs.read if theirs is not None and tells else 0,
        )

    async def blocked(
        self, owner: str, *, limit: int = 20, cursor: str | None = None
    ) -> Listing[Person]:
        """Whom a member has blocked, the latest first."""
        query = BLOCKS.query("by_owner", owner, backwards=True, limit=limit, cursor=cursor)
        found = await listing(self._store, BLOCKS, query)
        ids = [one.body.account for one in found.items]
        persons = await self._people.persons(ids)
        return Listing([person_of(persons, id) for id in ids], found.cursor)

    async def person(self, handle: str) -> Person:
        """Who has this handle now. Raises UnknownReceiver."""
        id = await self._people.by_handle(handle)
        persons = {} if id is None else await self._people.persons([id])
        if id is None or id not in persons:
            raise UnknownReceiver
        return persons[id]

    async def known_to(self, account: str, handle: str) -> Person:
        """As `person`, for an account: whoever has blocked it is unknown to it, too."""
        found = await self.person(handle)
        [block] = await self._store.get([BLOCKS.ref(block_id(found.id, account))])
        if block is not None:
            raise UnknownReceiver
        return found

    async def reports(self, *, limit: int = 100, cursor: str | None = None) -> Listing[Report]:
        """Messages that members have shown to the moderator, the latest first."""
        query = REPORTS.query("by_time", "all", backwards=True, limit=limit, cursor=cursor)
        found = await listing(self._store, REPORTS, query)
        return Listing([one.body for one in found.items], found.cursor)

    async def _own(self, account: str, id: str) -> tuple[Conversation, Membership]:
        """A conversation and the account's part in it. Raises NotFound for one of others."""
        refs = [CONVERSATIONS.ref(id), MEMBERSHIPS.ref(membership_id(id, account))]
        found, part = await self._store.get(refs)
        conversation, membership = CONVERSATIONS.recall(found), MEMBERSHIPS.recall(part)
        if conversation is None or membership is None:
            raise no_such("conversation", id)
        return conversation, membership

    async def _shown(
        self, account: str, conversation: Conversation, numbers: Iterable[int]
    ) -> list[ShownMessage]:
        """The messages with these numbers, by authors who are called as the account knows them."""
        messages = await self._messages(conversation.id, numbers)
        persons = await self._people.persons({message.author for message in messages})
        called = await self._called(account, conversation.about, persons)
        return [
            ShownMessage(conversation.id, one, person_of(called, one.author)) for one in messages
        ]

    async def _messages(self, id: str, numbers: Iterable[int]) -> list[Message]:
        refs = [MESSAGES.ref(message_document(id, number)) for number in numbers]
        found = await self._store.get(refs) if refs else []
        return [message for one in found if (message := MESSAGES.recall(one)) is not None]

    async def _number(self, mine: Membership, message: str) -> int:
        """The number of a message that the member is shown. Raises CursorInvalid for any other."""
        number = number_of(message)
        found = await self._messages(mine.conversation, [number])
        if number <= mine.since or [one.id for one in found] != [message]:
            raise CursorInvalid("this message is of another conversation, or of none")
        return number

    async def _left(self, mine: Membership, number: int) -> int:
        """How many messages are unread once the member has read up to this one."""
        if mine.number - number > MOST_COUNTED:
            raise Refused(f"More than {MOST_COUNTED:,} messages have followed this one.")
        numbers = range(number + 1, mine.number + 1)
        messages = await self._messages(mine.conversation, numbers)
        authors = {number_of(message.id): message.author for message in messages}
        return decisions.unread_after(mine, number, authors)

    async def _told(self, unit: UnitOfWork, conversation: Conversation, account: str) -> list[str]:
        """The other of a pair, if both let each other know what they have read."""
        both = conversation.members
        if not conversation.is_pair or not _agree(await self._people.persons(both), both):
            return []
        if any(await unit.get_all(BLOCKS, [block_id(*pair) for pair in permutations(both)])):
            return []
        return [id for id in both if id != account]


def _agree(persons: Mapping[str, Person], ids: Collection[str]) -> bool:
    """Whether all of these accounts exist, and let others know what they have read."""
    return all(id in persons and persons[id].shows_reading for id in ids)
