"""What a commit loads and demands so that places are given exactly: the effects around `places`.

Every commit that touches a place goes one of two ways. Where nobody waits and all fit, it demands
that nobody waits (`queued` at most 0) and does not even load the waiting list. Everywhere else it
loads the list, so that its version is demanded, and demands that no more places have become free
than it has given out (`seats` at least what was read and what it adds). On both ways, whoever adds
seats demands that they are there (`seats` at most the capacity). Why this suffices is told in
docs/decisions/0005-waiting-list.md.
"""

from collections.abc import Sequence

from gatherlog.apps.guests.places import Placed, Room, Wish, all_fit, given, place
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, WAITING_LISTS, Gathering, WaitingList
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Ids
from gatherlog.core.eventstore.store import Limits

__all__ = ["Seating"]

MOST_MOVING = 200
"""Guests who move up in one commit, at most, so that others get their turn."""
GUEST_ACTIONS = 2
"""For one who moves up: an event and a document."""
GUEST_BYTES = 16 * 1024
OTHER_ACTIONS = 6
"""What a command may add besides: the stream, two households, a link, settings, one to spare."""


class Seating:
    """Gives places within one commit, as far as the store's limits go."""

    def __init__(self, limits: Limits, ids: Ids) -> None:
        self._limits = limits
        self._ids = ids

    async def seat(
        self, unit: UnitOfWork, gathering: Gathering, wishes: Sequence[Wish]
    ) -> Sequence[Decided]:
        """What becomes of the wishes, and of those who wait; raises GatheringFull.

        The gathering must be the last document that was loaded; see `load_guest`.
        """
        if all(not wish.waits and wish.wanted == wish.guest.seats for wish in wishes):
            return given(wishes).decided
        return await self._give(unit, gathering, wishes)

    async def move_up(self, unit: UnitOfWork, gathering: Gathering) -> Sequence[Decided]:
        """Let those who fit move up; `gathering` is as it will be after the command."""
        return await self._give(unit, gathering, ())

    async def _give(
        self, unit: UnitOfWork, gathering: Gathering, wishes: Sequence[Wish]
    ) -> Sequence[Decided]:
        counters = unit.counters(GATHERINGS, gathering.id)
        room = Room(gathering.max_guests, counters.get("seats", 0))
        at_most: dict[str, int] = {}
        nobody_waits = not counters.get("queued", 0) and not any(wish.waits for wish in wishes)
        if nobody_waits and all_fit(room, wishes):
            placed = given(wishes)
            at_most["queued"] = 0
        else:
            placed = await self._from_the_list(unit, gathering, room, wishes)
        if placed.more > 0 and room.capacity is not None:
            at_most["seats"] = room.capacity
        unit.demand(GATHERINGS, gathering.id, at_most=at_most)
        return placed.decided

    async def _from_the_list(
        self, unit: UnitOfWork, gathering: Gathering, room: Room, wishes: Sequence[Wish]
    ) -> Placed:
        waiting = await unit.get(WAITING_LISTS, gathering.id) or WaitingList()
        placed = place(room, waiting, wishes, unit=self._ids(), most=self._most(unit, wishes))
        await unit.load(GUESTS, placed.promoted)
        unit.demand(GATHERINGS, gathering.id, at_least={"seats": room.taken + placed.more})
        return placed

    def _most(self, unit: UnitOfWork, wishes: Sequence[Wish]) -> int:
        """How many guests can move up in the same commit."""
        events = sum(len(wish.events) + 1 for wish in wishes)
        left = self._limits.commit_actions - len(unit.documents) - events - OTHER_ACTIONS
        by_bytes = self._limits.commit_bytes // GUEST_BYTES - len(wishes)
        return min(MOST_MOVING, max(left, 0) // GUEST_ACTIONS, max(by_bytes, 0))
