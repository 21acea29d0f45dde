"""Giving places within one commit: what it loads and demands, so that places stay exact.

`places` decides who gets a place; this module loads what it needs and adds the commit's demands.
There are two kinds of commits. Where nobody waits and everybody fits, the commit demands that still
nobody waits (`queued` at most 0), and does not load the waiting list. Every other commit loads the
waiting list, so that its version is demanded, and demands that no places have become free since
(`seats` at least what was read plus what is added). A commit of either kind that adds seats demands
that there are enough (`seats` at most the capacity). docs/decisions/0005-waiting-list.md shows why
that is sufficient.
"""

from collections.abc import Sequence

from gatherlog.apps.guests.events import GuestRemoved
from gatherlog.apps.guests.places import Placed, Room, Wish, all_fit, given, place
from gatherlog.apps.guests.views import (
    ACCOUNT_QUOTAS,
    GATHERINGS,
    GROUPS,
    GUEST_LINKS,
    GUESTS,
    WAITING_LISTS,
    Gathering,
    WaitingList,
)
from gatherlog.core.commands.handler import Decided
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

    def __init__(self, limits: Limits, ids: Ids) -> None:
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
        counters = unit.counters(GATHERINGS, gathering.id)
        room = Room(gathering.max_guests, counters.get("seats", 0))
        at_most: dict[str, int] = {}
        nobody_waits = not counters.get("queued") and not [w for w in wishes if w.waits]
        if nobody_waits and all_fit(room, wishes):
            placed = given(wishes)
            at_most["queued"] = 0
        else:
            placed = await self._with_waiting_list(unit, gathering, room, wishes)
        if placed.more > 0 and room.capacity is not None:
            at_most["seats"] = room.capacity
        unit.demand(GATHERINGS, gathering.id, at_most=at_most)
        return placed.decided

    async def _with_waiting_list(
        self, unit: UnitOfWork, gathering: Gathering, room: Room, wishes: Sequence[Wish]
    ) -> Placed:
        waiting = await unit.get(WAITING_LISTS, gathering.id) or WaitingList()
        most = self._most(unit, gathering, wishes)
        placed = place(room, waiting, wishes, unit=self._ids(), most=most)
        guests = await unit.get_all(GUESTS, placed.promoted)
        for id, guest in zip(placed.promoted, guests, strict=True):
            if guest is None or guest.waiting_since is None:
                raise changed_meanwhile(GUESTS, id)
        unit.demand(GATHERINGS, gathering.id, at_least={"seats": room.taken + placed.more})
        return placed

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
