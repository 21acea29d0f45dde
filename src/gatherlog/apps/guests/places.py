"""Who gets a place and who waits for one. Pure.

It takes the places, the waiting list and wishes, and gives events, or a refusal. A wish is one
guest with the events that `decisions` decided as if there were room for everybody. The invariants,
and what a commit has to demand for them, are in docs/decisions/0005-waiting-list.md.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.events import (
    GuestChanged,
    GuestRemoved,
    Promoted,
    RsvpCleared,
    RsvpSubmitted,
    Waitlisted,
    WaitlistLeft,
)
from gatherlog.apps.guests.inputs import MOST_WAITING
from gatherlog.apps.guests.refusals import GatheringFull
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.places import Placed, Room, Unit, WaitingList, first_who_fits

__all__ = ["Wish", "all_fit", "given", "place"]

_NO_LONGER = (RsvpCleared, GuestRemoved)


class Wish:
    """A guest before the command, and the events decided as if there were room for everybody."""

    __slots__ = ("events", "guest", "joins", "more", "waits", "wanted")

    def __init__(self, guest: Guest, events: Sequence[msgspec.Struct]) -> None:
        self.guest = guest
        self.events = events
        self.waits = guest.waiting_since is not None
        """Whether the guest is in the waiting list before the command."""
        self.wanted = _wanted(guest, events)
        """How many places the guest wants after the command; 0 for one who does not come."""
        self.joins = not guest.attending and not self.waits and self.wanted > 0
        """Whether the guest newly says yes: did not come or wait before, and wants places now."""
        self.more = self.wanted - guest.num_guests if guest.attending else 0
        """For a guest who comes already, the places wanted beyond those that the guest has.

        Negative where the guest gives places up; 0 for a guest who did not come before.
        """


def _wanted(guest: Guest, events: Sequence[msgspec.Struct]) -> int:
    waits = guest.waiting_since is not None
    wanted = guest.num_guests if guest.attending or waits else 0
    for event in events:
        if isinstance(event, RsvpSubmitted):
            wanted = event.num_guests if event.attending else 0
        elif isinstance(event, _NO_LONGER):
            wanted = 0
        elif isinstance(event, GuestChanged) and event.num_guests is not UNSET and wanted:
            wanted = event.num_guests
    return wanted


def given(wishes: Sequence[Wish]) -> Placed:
    """Grant every wish, where there is room for all."""
    return Placed(
        [Decided(event, wish.guest.id) for wish in wishes for event in wish.events],
        sum([wish.more + (wish.wanted if wish.joins else 0) for wish in wishes]),
    )


def all_fit(room: Room, wishes: Sequence[Wish]) -> bool:
    """Whether there is room for everybody who newly says yes, where nobody waits yet.

    Raises GatheringFull where those who come already want more places than are left. They keep the
    places that they have, and are not put on the waiting list.
    """
    if room.capacity is None:
        return True
    rest = _after_those_who_come(room, wishes)
    return rest.fits(sum([wish.wanted for wish in wishes if wish.joins]))


def place(
    room: Room, waiting: WaitingList, wishes: Sequence[Wish], *, unit: str, most: int
) -> Placed:
    """Give places where somebody waits already, or not everybody fits.

    Those who newly say yes join the end of the list together, as the unit with the id `unit`. Then
    the units that fit move up, in the order of the list, at most `most` guests. Raises
    GatheringFull as `all_fit` does, and where the list would get too long.
    """
    rest = _after_those_who_come(room, wishes)
    units = _units(waiting, wishes, unit)
    served = list(first_who_fits(rest, units, most))
    joiners = {wish.guest.id for wish in wishes if wish.joins}
    if joiners and unit not in (first.id for first in served):
        _check_length([waiting_on for waiting_on in units if waiting_on not in served])
    by_guest = {guest: unit_.id for unit_ in (*waiting.units, *units) for guest, _ in unit_.members}
    seated = joiners if any(first.id == unit for first in served) else frozenset[str]()
    decided = [
        Decided(event, wish.guest.id)
        for wish in wishes
        for event in _events(wish, by_guest.get(wish.guest.id), wish.guest.id in seated)
    ]
    moved_up = [
        (first.id, guest) for first in served if first.id != unit for guest, _ in first.members
    ]
    decided += [Decided(Promoted(unit=first), guest) for first, guest in moved_up]
    asked = {wish.guest.id for wish in wishes}
    return Placed(
        decided,
        rest.taken - room.taken + sum(first.people for first in served),
        tuple(guest for _, guest in moved_up if guest not in asked),
    )


def _after_those_who_come(room: Room, wishes: Sequence[Wish]) -> Room:
    more = sum([wish.more for wish in wishes])
    if not room.fits(more):
        raise GatheringFull(f"{room.left} of {room.capacity} places are left; {more} are needed")
    return room.after(more) if more else room


def _units(waiting: WaitingList, wishes: Sequence[Wish], new: str) -> list[Unit]:
    """The units after the wishes: without those who leave, with new numbers, the new unit last."""
    wanted: Mapping[str, int] = {wish.guest.id: wish.wanted for wish in wishes}
    units = []
    for unit in waiting.units:
        members = [(guest, wanted.get(guest, count)) for guest, count in unit.members]
        units.append(Unit(unit.id, tuple(member for member in members if member[1])))
    units.append(Unit(new, tuple((w.guest.id, w.wanted) for w in wishes if w.joins)))
    return [unit for unit in units if unit.members]


def _check_length(units: Sequence[Unit]) -> None:
    if sum(len(unit.members) for unit in units) > MOST_WAITING:
        raise GatheringFull(f"the waiting list is full: {MOST_WAITING:,} guests")


def _events(wish: Wish, unit: str | None, seated: bool) -> Iterator[msgspec.Struct]:
    """The events of a wish; for one without a place, a yes becomes `Waitlisted` in `unit`."""
    if wish.waits and not wish.wanted and unit is not None:
        yield WaitlistLeft(unit=unit)
    without_place = (wish.waits or wish.joins) and not seated
    for event in wish.events:
        if without_place and unit and isinstance(event, RsvpSubmitted) and event.attending:
            yield Waitlisted(
                unit=unit,
                num_guests=event.num_guests,
                children=event.children,
                dietary=event.dietary,
                dietary_tags=event.dietary_tags,
            )
        else:
            yield event
