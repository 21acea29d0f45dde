"""The decisions about bookings: who gets places, who waits, who moves up. Pure.

They give and take places as `core.commands.places` has it: all people of a booking get places, or
all of them wait. Of the bookings that fit, the one that waited first moves up first.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from gatherlog.apps.things.content import IntRange
from gatherlog.apps.things.events import BookingCancelled, BookingMade, BookingPromoted, Side
from gatherlog.apps.things.inputs import BookingWish
from gatherlog.apps.things.occurrences import Occurrence
from gatherlog.apps.things.refusals import Full, WrongState
from gatherlog.apps.things.views import Booking, Child, Thing
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.places import Placed, Room, Unit, WaitingList, first_who_fits
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "MOST_CHILDREN",
    "MOST_PEOPLE",
    "MOST_WAITING",
    "age_on",
    "book_at_once",
    "book_in_turn",
    "cancel_at_once",
    "cancel_in_turn",
    "check_ages",
    "check_can_book",
    "check_can_cancel",
    "check_wish",
    "is_bookable",
    "move_up",
]

MOST_CHILDREN: Final = 20
"""Children of one booking, and of one family."""
MOST_PEOPLE: Final = 99
MOST_WAITING: Final = 1_000
"""Bookings in the waiting list of one occurrence, which is one document."""


def check_wish(wish: BookingWish) -> None:
    """Raise Invalid unless it is for 1 person or more, and for each child once."""
    flaws = []
    if not 0 <= wish.people <= MOST_PEOPLE:
        flaws.append(Flaw("/people", f"should be a whole number from 0 to {MOST_PEOPLE}"))
    if len(wish.children) > MOST_CHILDREN:
        flaws.append(Flaw("/children", f"should be at most {MOST_CHILDREN}"))
    elif len(set(wish.children)) < len(wish.children):
        flaws.append(Flaw("/children", "names a child twice"))
    if not flaws and not wish.children and not wish.people:
        flaws.append(Flaw("/people", "should be at least 1 where no child is named"))
    if flaws:
        raise Invalid(*flaws)


def is_bookable(thing: Thing, one: Occurrence, now: int) -> bool:
    """Whether an occurrence can be booked still: until it begins, and a place while it is open."""
    return now < (one.ends_at if thing.content.kind == "PLACE" else one.starts_at)


def check_can_book(thing: Thing, one: Occurrence, places: int, now: int) -> None:
    """Raise unless the occurrence is still to come and has so many places altogether."""
    if not is_bookable(thing, one, now):
        raise Invalid(Flaw("/date", "is over, or has begun"))
    capacity = thing.content.capacity
    if capacity is not None and places > capacity:
        raise Full(f"{places} places are wanted; there are {capacity} altogether")


def age_on(birth_date: str, day: str) -> int:
    """The age in whole years on a day.

    Who was born on 29 February has a birthday on 1 March in other years.
    """
    born, then = date.fromisoformat(birth_date), date.fromisoformat(day)
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def check_ages(children: Sequence[Child], ages: IntRange, day: str) -> None:
    """Raise Invalid, naming every child who is not of these ages on the day of the activity."""
    flaws = [
        Flaw(f"/children/{place}", f"{child.name} is {age} on that day; it is for {_of(ages)}")
        for place, child in enumerate(children)
        if not ages.start <= (age := age_on(child.birth_date, day)) <= ages.end
    ]
    if flaws:
        raise Invalid(*flaws)


def check_can_cancel(booking: Booking, one: Occurrence | None, now: int) -> None:
    """Raise WrongState for a booking that is cancelled, or whose occurrence is over."""
    if booking.status == "CANCELLED":
        raise WrongState("it is cancelled already")
    if one is not None and one.ends_at <= now:
        raise WrongState("it is over")


def book_at_once(room: Room, booking_id: str, account_id: str, wish: BookingWish) -> Placed | None:
    """Book where nobody waits; None where there is no room."""
    if not room.fits(wish.places):
        return None
    return Placed([_made(booking_id, account_id, wish, waits=False)], wish.places)


def book_in_turn(
    room: Room,
    waiting: WaitingList,
    booking_id: str,
    account_id: str,
    wish: BookingWish,
    *,
    most: int,
) -> Placed:
    """Join the end of the list, then let those who fit move up, in order: at most `most`.

    Raises Full where the list would get too long.
    """
    units = waiting.joined(booking_id, booking_id, wish.places).units
    served = [unit.id for unit in first_who_fits(room, units, most)]
    if booking_id not in served and len(units) - len(served) > MOST_WAITING:
        raise Full(f"the waiting list is full: {MOST_WAITING:,} bookings")
    made = _made(booking_id, account_id, wish, waits=booking_id not in served)
    return _placed([made], units, served, places_given=0, new=booking_id)


def cancel_at_once(booking: Booking, by: Side, reason: str | None) -> Placed | None:
    """Cancel where nobody waits; None for a booking that waits itself."""
    if booking.status == "WAITING":
        return None
    return Placed([_cancelled(booking, by, reason)], -booking.places)


def cancel_in_turn(
    room: Room,
    waiting: WaitingList,
    booking: Booking,
    by: Side,
    reason: str | None,
    *,
    most: int,
) -> Placed:
    """Cancel, and let those who fit move up, in order: at most `most`."""
    freed = booking.places if booking.status == "BOOKED" else 0
    units = waiting.left(booking.id, booking.id).units
    served = [unit.id for unit in first_who_fits(room.after(-freed), units, most)]
    cancelled = _cancelled(booking, by, reason)
    return _placed([cancelled], units, served, places_given=-freed)


def move_up(room: Room, waiting: WaitingList, *, most: int) -> Placed:
    """Let those who wait and fit move up, in order: at most `most`."""
    served = [unit.id for unit in first_who_fits(room, waiting.units, most)]
    return _placed([], waiting.units, served, places_given=0)


def _placed(
    decided: Sequence[Decided],
    units: Sequence[Unit],
    served: Sequence[str],
    *,
    places_given: int,
    new: str | None = None,
) -> Placed:
    promoted = tuple(id for id in served if id != new)
    more = sum(unit.people for unit in units if unit.id in served)
    ups = [Decided(BookingPromoted(), id) for id in promoted]
    return Placed([*decided, *ups], places_given + more, promoted)


def _made(booking_id: str, account_id: str, wish: BookingWish, *, waits: bool) -> Decided:
    made = BookingMade(
        account_id=account_id, children=wish.children, people=wish.people, waits=waits
    )
    return Decided(made, booking_id)


def _cancelled(booking: Booking, by: Side, reason: str | None) -> Decided:
    cancelled = BookingCancelled(
        account_id=booking.account_id,
        by=by,
        reason=reason,
        waited=booking.status == "WAITING",
    )
    return Decided(cancelled, booking.id)


def _of(ages: IntRange) -> str:
    return f"ages {ages.start} to {ages.end}"
