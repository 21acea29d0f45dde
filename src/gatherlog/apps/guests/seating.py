"""Giving places to guests within one commit: what it loads, and how many may move up in it.

`places` decides who gets a place, and `core.commands.seating` adds what the commit has to demand.
"""

from collections.abc import Sequence

from gatherlog.apps.guests.events import GuestRemoved
from gatherlog.apps.guests.places import Wish, all_fit, given, place
from gatherlog.apps.guests.views import (
    ACCOUNT_QUOTAS,
    GATHERINGS,
    GROUPS,
    GUEST_LINKS,
    GUESTS,
    Gathering,
)
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.places import Placed, Room, WaitingList
from gatherlog.core.commands.seating import Places
from gatherlog.core.commands.service import changed_meanwhile
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.store import Limits

__all__ = ["Seating"]

MOST_MOVING = 200
"""The most guests who move up in one commit, so that other commands need not wait long."""
GUEST_BYTES = 16 * 1024
COUNTED = 3
"""Documents of a command that have counters beside a body: the gathering and two households."""
FIGURES = [ACCOUNT_QUOTAS, ACCOUNT_QUOTAS]
"""The figures of the host's account, which a command that removes a guest changes: body, counters.
They have a stream of their own."""


class Seating:
    """Gives places within one commit of a store with these limits."""

    def __init__(self, places: Places, limits: Limits, ids: Ids) -> None:
        self._places = places
        self._limits = limits
        self._ids = ids

    async def seat(
        self, unit: UnitOfWork, gathering: Gathering, wishes: Sequence[Wish]
    ) -> Sequence[Decided]:
        """The events of the wishes, and of those who wait and move up. Raises GatheringFull.

        The gathering has to be the last document that the caller loaded; see `load_guest`.
        """
        if not [wish for wish in wishes if wish.waits or wish.wanted != wish.guest.seats]:
            return given(wishes).decided
        return await self._give(unit, gathering, wishes)

    async def move_up(self, unit: UnitOfWork, gathering: Gathering) -> Sequence[Decided]:
        """The events of those who move up; `gathering` is as it will be after the command."""
        return await self._give(unit, gathering, ())

    async def _give(
        self, unit: UnitOfWork, gathering: Gathering, wishes: Sequence[Wish]
    ) -> Sequence[Decided]:
        def at_once(room: Room) -> Placed | None:
            waits = [wish for wish in wishes if wish.waits]
            return given(wishes) if not waits and all_fit(room, wishes) else None

        async def in_turn(room: Room, waiting: WaitingList) -> Placed:
            most = self._most(unit, gathering, wishes)
            placed = place(room, waiting, wishes, unit=self._ids(), most=most)
            guests = await unit.get_all(GUESTS, placed.promoted)
            for id, guest in zip(placed.promoted, guests, strict=True):
                if guest is None or guest.waiting_since is None:
                    raise changed_meanwhile(GUESTS, id)
            return placed

        return await self._places.give(unit, gathering.id, gathering.max_guests, at_once, in_turn)

    def _most(self, unit: UnitOfWork, gathering: Gathering, wishes: Sequence[Wish]) -> int:
        """The most guests who can move up in the same commit."""
        limits, events = self._limits, sum(len(wish.events) + 1 for wish in wishes)
        loaded = [unit.view(ref) for ref in unit.documents]
        others = [*loaded, GROUPS, GROUPS, GUEST_LINKS, GATHERINGS]
        used = actions_of(limits, events=events, streams=1, views=others) + COUNTED + 1  # the key
        if gathering.host_account is not None and any(map(_removes, wishes)):
            used += actions_of(limits, events=1, streams=1, views=FIGURES)
        each = actions_of(limits, events=1, views=[GUESTS])
        by_bytes = limits.commit_bytes // GUEST_BYTES - len(wishes)
        return min(MOST_MOVING, max(limits.commit_actions - used, 0) // each, max(by_bytes, 0))


def _removes(wish: Wish) -> bool:
    """Whether the guest is removed from the list, and so from the figures of the host's account."""
    return any(isinstance(event, GuestRemoved) for event in wish.events)
