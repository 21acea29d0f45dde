"""The list of one's conversations, of which the first page may be kept; see `kept_lists`.

A kept page is right as long as no conversation of the inbox has moved, which the counter `order`
says, and each one of the page has the place that it had: one that was left is gone then. Both are
read together with what the page shows.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from gatherlog.apps.messages.answers import Line
from gatherlog.apps.messages.events import CODEC, Arrived, Joined, Left
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.apps.messages.kept_lists import KeptList, KeptLists
from gatherlog.apps.messages.members import Business, People, Person, person_of
from gatherlog.apps.messages.service_business import are_named
from gatherlog.apps.messages.service_coming import ComingCommands
from gatherlog.apps.messages.views import (
    CONVERSATIONS,
    INBOXES,
    MEMBERSHIPS,
    Conversation,
    Membership,
    membership_id,
)
from gatherlog.core.commands.service import Listing, listing, no_such
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.store import Store

__all__ = ["ListingCommands"]

_LATELY: Final = 100
"""Events of an inbox that the page of a query which may lag is compared with."""
Part = tuple[Conversation, Membership]


class ListingCommands(ComingCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there.

    `lists` keeps the first pages of lists; None keeps nothing.
    """

    def __init__(
        self,
        store: Store,
        people: People,
        business: Business,
        *,
        clock: Clock,
        ids: Ids,
        lists: KeptLists | None = None,
    ) -> None:
        super().__init__(store, people, business, clock=clock, ids=ids)
        self._lists = lists

    async def conversations(
        self, account: str, *, limit: int = 20, cursor: str | None = None
    ) -> Listing[Line]:
        """A page of the account's conversations; where something was written last comes first."""
        if self._lists is None or cursor is not None:
            return await self.all_conversations(account, limit=limit, cursor=cursor)
        kept, lookups = await self._lists.get(account), self._lists.lookups
        if kept is None or kept.limit != limit:
            lookups.misses += 1
        elif (lines := await self._as_kept(account, kept)) is not None:
            lookups.hits += 1
            return Listing(lines, kept.cursor)
        else:
            lookups.stale += 1
        return await self._queried(account, limit, None, self._lists)

    async def all_conversations(
        self, account: str, *, limit: int = 20, cursor: str | None = None
    ) -> Listing[Line]:
        """As `conversations`, for whoever goes through all of them: no page is kept for that."""
        return await self._queried(account, limit, cursor, None)

    async def conversation(self, account: str, id: str) -> Line:
        """One conversation that the account takes part in. Raises NotFound."""
        lines = await self._lines(account, [id])
        if not lines:
            raise no_such("conversation", id)
        return lines[0]

    async def is_right(self, account: str, kept: KeptList) -> bool:
        """Whether a kept list is still the right one, as each use of it finds out."""
        return _is_right(kept, await self._found(account, [id for id, _ in kept.places]))

    async def _queried(
        self, account: str, limit: int, cursor: str | None, lists: KeptLists | None
    ) -> Listing[Line]:
        """A page as the store finds it; kept in `lists`, if it is sure to be the right one.

        It is not where a conversation moves while it is read, or the query lags.
        """
        query = MEMBERSHIPS.query("by_account", account, backwards=True, limit=limit, cursor=cursor)
        page = await listing(self._store, MEMBERSHIPS, query)
        places = tuple((one.body.conversation, one.body.order) for one in page.items)
        found = await self._found(account, [id for id, _ in places])
        there = found.there
        members = tuple(_members(there))
        kept = KeptList(limit, places[0][1] if places else 0, places, page.cursor, members)
        if lists is None or not _is_right(kept, found):
            persons = await self._people.persons(members)
        else:
            persons, _ = await asyncio.gather(
                self._people.persons(members), self._keep(lists, account, kept)
            )
        return Listing(await self._shown_as(account, there, persons), page.cursor)

    async def _keep(self, lists: KeptLists, account: str, kept: KeptList) -> None:
        """Keep a list, unless the index may be late for it; an answer never fails for this."""
        with suppress(GatherlogError):
            if not self._store.limits.queries_lag or await self._has_what_moved(account, kept):
                await lists.put(account, kept)

    async def _has_what_moved(self, account: str, kept: KeptList) -> bool:
        """Whether the page has all that moved lately in the inbox, and that belongs on it."""
        stream = inbox_stream(account)
        events = await self._store.read_stream(stream, limit=_LATELY, backwards=True)
        orders: dict[str, int] = {}
        for payload in map(CODEC.decode, events):
            if isinstance(payload, Joined | Arrived | Left):
                order = 0 if isinstance(payload, Left) else payload.order
                orders.setdefault(payload.conversation, order)
        last = kept.places[-1][1] if kept.cursor is not None and kept.places else 0
        on_page = dict(kept.places)
        return all(on_page.get(id) == order for id, order in orders.items() if order > last)

    async def _as_kept(self, account: str, kept: KeptList) -> list[Line] | None:
        """The lines of a kept list; None if it is not the right one any more."""
        found, known = await asyncio.gather(
            self._found(account, [id for id, _ in kept.places]),
            self._people.persons(kept.persons),
        )
        if not _is_right(kept, found):
            return None
        others = _members(found.there) - set(kept.persons)
        more = await self._people.persons(others) if others else {}
        return await self._shown_as(account, found.there, {**known, **more})

    async def _lines(self, account: str, ids: Sequence[str]) -> list[Line]:
        """These conversations, but those that the account does not take part in by now."""
        there = (await self._found(account, ids)).there if ids else []
        return await self._shown_as(account, there, await self._people.persons(_members(there)))

    async def _shown_as(
        self, account: str, there: Sequence[Part], persons: Mapping[str, Person]
    ) -> list[Line]:
        """The lines, with everybody called as the account knows them in each conversation."""
        called: Sequence[Mapping[str, Person]] = [persons] * len(there)
        if not are_named(account, persons):
            called = await asyncio.gather(
                *[
                    self._called(
                        account, one.about, {id: person_of(persons, id) for id in one.members}
                    )
                    for one, _ in there
                ]
            )
        return [
            Line(one, mine, tuple(person_of(names, id) for id in one.members))
            for (one, mine), names in zip(there, called, strict=True)
        ]

    async def _found(self, account: str, ids: Sequence[str]) -> "_Found":
        parts = [MEMBERSHIPS.ref(membership_id(id, account)) for id in ids]
        refs = [INBOXES.ref(account), *map(CONVERSATIONS.ref, ids), *parts]
        inbox, *found = await self._store.get(refs)
        conversations = [CONVERSATIONS.recall(one) for one in found[: len(ids)]]
        mine = [MEMBERSHIPS.recall(one) for one in found[len(ids) :]]
        order = 0 if inbox is None else inbox.counters.get("order", 0)
        there = [(c, m) for c, m in zip(conversations, mine, strict=True) if c and m]
        return _Found(order, there)


class _Found(msgspec.Struct, frozen=True):
    """What the store has of some conversations of an account, by one round trip."""

    order: int
    """The greatest place that was given in the inbox."""
    there: list[Part]
    """Those that the account takes part in, and its part."""


def _is_right(kept: KeptList, found: _Found) -> bool:
    """Whether nothing has moved in an inbox: neither onto a kept page, nor on it, nor from it."""
    places = tuple((mine.conversation, mine.order) for _, mine in found.there)
    return (kept.order, kept.places) == (found.order, places)


def _members(there: Collection[Part]) -> set[str]:
    return {id for conversation, _ in there for id in conversation.members}
