"""Who takes part in conversations: groups, joining and leaving, muting, blocking."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.answers import Line
from gatherlog.apps.messages.commands import FindPair, load_own, seats_and_orders
from gatherlog.apps.messages.events import About
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.apps.messages.members import Person, person_of
from gatherlog.apps.messages.refusals import ONESELF, BadMessage, UnknownReceiver
from gatherlog.apps.messages.service_business import BusinessCommands
from gatherlog.apps.messages.texts import LONGEST_TITLE, checked_line
from gatherlog.apps.messages.views import (
    BLOCKS,
    CONVERSATIONS,
    MEMBER_PAGES,
    MEMBERSHIPS,
    Conversation,
    MemberPage,
    block_id,
    membership_id,
    page_id,
)
from gatherlog.core.commands.handler import Decided, Handled, Once
from gatherlog.core.commands.service import no_such, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import Denied, Flaw, Invalid

__all__ = [
    "MOST_INVITED",
    "GroupKeptOnce",
    "MemberCommands",
    "check_may_write_to",
    "group_not_kept",
    "members_of",
]

MOST_INVITED: Final = 100
"""Handles that one request for a group may name."""
GroupKeptOnce = Callable[[Callable[[Handled], Line]], Once | None]
"""Makes the idempotency key of a command that starts a group, given how its answer is found."""


def group_not_kept(shown: Callable[[Handled], Line]) -> None:
    """No key: what is asked for again is another group."""


class MemberCommands(BusinessCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def start_group(
        self,
        owner: str,
        handles: Sequence[str],
        *,
        title: str = "",
        announce_only: bool = False,
        about: About | None = None,
        actor: str = "",
        once: GroupKeptOnce = group_not_kept,
    ) -> Line:
        """A new group of the owner and those who have these handles.

        The first members take part at once; the commit invites those beyond `decisions.at_once`,
        whom `coming_and_going` brings in soon, except for those who block the owner meanwhile.
        With one handle and no title, it is the conversation of the two, found again or made; the
        other learns of it by the first message. Raises Invalid, and otherwise what `start` raises.
        """
        if not 1 <= len(handles) <= MOST_INVITED:
            raise Invalid(Flaw("/handles", f"from 1 to {MOST_INVITED}"))
        title = checked_line("title", title, LONGEST_TITLE)
        others = await self._invited(owner, [*dict.fromkeys(handles)])
        await self._check_business(owner, about)
        members = tuple(dict.fromkeys((owner, *others)))
        if len(members) == 2 and not title and not announce_only:
            return await self._pair(owner, members[1], about, actor, once)
        id = self._ids()
        first, invited = members[: self._at_once], members[self._at_once :]
        shown = _shown(id, owner, await self._people.persons(first))

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((CONVERSATIONS, id))
            _, orders = await seats_and_orders(unit, id, first)
            await check_may_write_to(unit, owner, first)
            joined = [decisions.join(id, account, orders) for account in first]
            started = decisions.start(
                first,
                is_pair=False,
                title=title,
                announce_only=announce_only,
                about=about,
                invited=invited,
            )
            return [*started, *joined]

        return shown(await self._run(id, attempt, owner, actor, once(shown)))

    async def _pair(
        self, owner: str, other: str, about: About | None, actor: str, once: GroupKeptOnce
    ) -> Line:
        """The conversation of two, in which `owner` takes part from now on, if not before."""
        persons = await self._people.persons((owner, other))

        async def open_it(id: str, find: FindPair) -> Line:
            shown = _shown(id, owner, persons)

            async def attempt(unit: UnitOfWork) -> list[Decided]:
                conversation = await find(unit)
                seats, orders = await seats_and_orders(unit, id, [owner])
                both = (owner, other)
                await check_may_write_to(unit, owner, both)
                return decisions.open_pair(id, conversation, seats[owner], both, orders, about)

            return shown(await self._run(id, attempt, owner, actor, once(shown)))

        return await self._of_pair(owner, other, open_it)

    async def add_member(self, owner: str, id: str, handle: str, *, actor: str = "") -> None:
        """Add a member, who is shown what is written from now on. Adding again changes nothing.

        Raises NotFound, UnknownReceiver, ConversationFull; and Denied unless `owner` owns the
        conversation and it is a group.
        """
        [account] = await self._invited(owner, [handle])
        await self._add(owner, id, account, actor)

    async def remove_member(self, owner: str, id: str, handle: str, *, actor: str = "") -> None:
        """Remove a member, who reads and writes nothing from now on. Raises as `add_member`."""
        account = await self._people.by_handle(handle)
        if account is None:
            raise UnknownReceiver
        await self._remove(owner, id, account, actor)

    async def leave(self, member: str, id: str, *, actor: str = "") -> None:
        """Take part no more; see `decisions.remove`. Raises NotFound."""
        await self._remove(member, id, member, actor)

    async def mute(self, member: str, id: str, muted: bool, *, actor: str = "") -> None:
        """Leave a conversation out of the unread count and of mail, or take that back."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await seats_and_orders(unit, id, [member])
            _, membership = await load_own(unit, id, member)
            return decisions.mute(membership, muted)

        await self._run(id, attempt, member, actor)

    async def block(self, owner: str, handle: str, blocked: bool, *, actor: str = "") -> None:
        """As `block_account`, for whoever has the handle. Raises UnknownReceiver, too."""
        account = await self._people.by_handle(handle)
        if account is None:
            raise UnknownReceiver
        await self.block_account(owner, account, blocked, actor=actor)

    async def block_account(
        self, owner: str, account: str, blocked: bool, *, actor: str = ""
    ) -> None:
        """Hear no more from an account, or hear again; the other is not told.

        To hear again is possible also where the account was removed. Raises BadMessage for oneself.
        """
        if account == owner:
            raise BadMessage(ONESELF)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            is_blocked = await unit.get(BLOCKS, block_id(owner, account)) is not None
            return decisions.block(owner, account, is_blocked, blocked)

        who = actor or f"account:{owner}"
        await run(self._handler, inbox_stream(owner), attempt, actor=who)

    async def _invited(self, owner: str, handles: Sequence[str]) -> list[str]:
        """Who has these handles. Raises BadMessage for the owner's own one.

        Raises UnknownReceiver with the first of the handles that nobody has, or only somebody who
        has blocked the owner: the owner cannot tell one from the other.
        """
        found = [await self._people.by_handle(handle) for handle in handles]
        if owner in found:
            raise BadMessage(ONESELF)
        known = [account for account in found if account is not None]
        refs = [BLOCKS.ref(block_id(account, owner)) for account in known]
        blocks = await self._store.get(refs) if refs else []
        blockers = {account for account, block in zip(known, blocks, strict=True) if block}
        for handle, account in zip(handles, found, strict=True):
            if account is None or account in blockers:
                raise UnknownReceiver(handle)
        return known

    async def _add(self, owner: str, id: str, account: str, actor: str) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            conversation, _ = await load_own(unit, id, owner)
            _check_owner(conversation, owner)
            await check_may_write_to(unit, owner, [account])
            last = await members_of(unit, conversation, conversation.pages - 1)
            seats, orders = await seats_and_orders(unit, id, [account])
            return decisions.add(conversation, last, seats[account], account, orders)

        await self._run(id, attempt, owner, actor)

    async def _remove(self, by: str, id: str, account: str, actor: str) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            conversation, _ = await load_own(unit, id, by)
            if by != account:
                _check_owner(conversation, by)
            seats, _ = await seats_and_orders(unit, id, [account])
            membership = seats[account]
            if membership is None:
                raise no_such("member", account)
            await members_of(unit, conversation, membership.page)
            heir = await self._heir(unit, conversation, account)
            return decisions.remove(conversation, membership, heir)

        await self._run(id, attempt, by, actor)

    async def _heir(self, unit: UnitOfWork, conversation: Conversation, account: str) -> str | None:
        """Who owns a group when its owner leaves: of the others, whose accounts there still are,
        the first one that its pages list. None where the account does not own it."""
        if conversation.is_pair or account != conversation.owner:
            return None
        for page in range(conversation.pages):
            members = [one for one in await members_of(unit, conversation, page) if one != account]
            there = await self._people.persons(members)
            if (heir := next((one for one in members if one in there), None)) is not None:
                return heir
        return None


def _shown(id: str, account: str, persons: Mapping[str, Person]) -> Callable[[Handled], Line]:
    """How the account sees a conversation once a command on it is carried out."""

    def shown(handled: Handled) -> Line:
        conversation = handled.bodies[CONVERSATIONS.ref(id)]
        mine = handled.bodies[MEMBERSHIPS.ref(membership_id(id, account))]
        members = tuple(person_of(persons, member) for member in conversation.members)
        return Line(conversation, mine, members)

    return shown


async def check_may_write_to(unit: UnitOfWork, author: str, accounts: Sequence[str]) -> None:
    """Raise UnknownReceiver if one of these accounts has blocked the author."""
    blocks = [block_id(account, author) for account in accounts if account != author]
    if any(await unit.get_all(BLOCKS, blocks)):
        raise UnknownReceiver


async def members_of(unit: UnitOfWork, conversation: Conversation, page: int) -> tuple[str, ...]:
    """The members that a page lists."""
    if not page:
        return conversation.members
    further = await unit.get(MEMBER_PAGES, page_id(conversation.id, page))
    return (further or MemberPage()).members


def _check_owner(conversation: Conversation, account: str) -> None:
    if conversation.is_pair or conversation.owner != account:
        raise Denied("Only the owner of a group adds and removes members.")
