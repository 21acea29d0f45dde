"""Places of which there are only so many, and the list of those who wait for one. Pure.

Who asks together is one unit of the list: all of them get places, or none. Of the units that fit,
the one that joined first moves up first. docs/decisions/0005-waiting-list.md has the promises.
"""

from collections.abc import Iterator, Sequence

import msgspec

from gatherlog.core.commands.handler import Decided

__all__ = ["Placed", "Room", "Unit", "WaitingList", "first_who_fits"]

Members = tuple[tuple[str, int], ...]


class Room(msgspec.Struct, frozen=True):
    """The places of a gathering or an occurrence."""

    capacity: int | None
    """None: there is no limit."""
    taken: int

    def after(self, more: int) -> "Room":
        """The room after `more` places are taken; fewer are taken where it is negative."""
        return Room(self.capacity, self.taken + more)

    @property
    def left(self) -> int | None:
        return None if self.capacity is None else max(self.capacity - self.taken, 0)

    def fits(self, people: int) -> bool:
        """Whether there are places for so many more people; for none there always are."""
        return people <= 0 or self.left is None or people <= self.left


class Unit(msgspec.Struct, frozen=True):
    """Those in the waiting list who asked in one request, and move up only together."""

    id: str
    members: Members
    """At least one id, each with a number of people, in the order of the request."""

    @property
    def people(self) -> int:
        """The places that the unit needs."""
        return sum(count for _, count in self.members)


class WaitingList(msgspec.Struct, frozen=True):
    """Who waits for a place: units in the order in which they joined. It may be empty."""

    units: tuple[Unit, ...] = ()

    def joined(self, unit_id: str, member: str, people: int) -> "WaitingList":
        """With the member in the unit, or with another number there; a new unit is the last."""
        new = (member, people)
        if unit_id not in (unit.id for unit in self.units):
            return WaitingList((*self.units, Unit(unit_id, (new,))))
        return WaitingList(
            tuple(
                Unit(unit.id, _with(unit.members, new)) if unit.id == unit_id else unit
                for unit in self.units
            )
        )

    def left(self, unit_id: str, member: str) -> "WaitingList":
        """Without the member of the unit; a unit without members ends."""
        units = (
            unit
            if unit.id != unit_id
            else Unit(unit.id, tuple(one for one in unit.members if one[0] != member))
            for unit in self.units
        )
        return WaitingList(tuple(unit for unit in units if unit.members))


class Placed(msgspec.Struct, frozen=True):
    """The result of giving places."""

    decided: Sequence[Decided]
    more: int
    """How many more places are taken afterwards."""
    promoted: tuple[str, ...] = ()
    """Those who move up and are not what the command is about."""


def first_who_fits(room: Room, units: Sequence[Unit], most: int) -> Iterator[Unit]:
    """The units that move up: in order, each that fits whole in the room left by those before.

    It ends before the unit with which there would be more than `most` members. That unit is not
    skipped, because it fits and only exceeds this commit.
    """
    for unit in units:
        if room.fits(unit.people):
            if (most := most - len(unit.members)) < 0:
                return
            room = room.after(unit.people)
            yield unit


def _with(members: Members, new: tuple[str, int]) -> Members:
    if new[0] in dict(members):
        return tuple(new if member[0] == new[0] else member for member in members)
    return (*members, new)
