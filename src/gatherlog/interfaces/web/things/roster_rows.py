"""Who comes to an occurrence, as a page and a printed list show it. Pure."""

from collections.abc import Iterable

import msgspec

from gatherlog.apps.things import BookingDetails, Child, Roster, RosterRow, age_on
from gatherlog.interfaces.web.things.facts import since
from gatherlog.interfaces.web.words import listed, people

__all__ = ["ListedBooking", "ListedChild", "choices", "expected", "others"]


class ListedChild(msgspec.Struct, frozen=True):
    """A child who comes, with what the parent told of it."""

    name: str
    age: str
    """On the day of the activity."""
    allergies: str
    emergency_contact: str
    pick_up: str


class ListedBooking(msgspec.Struct, frozen=True):
    """One booking."""

    id: str
    name: str
    """The children, or how many people."""
    children: list[ListedChild]
    besides: str
    """The people who come along; empty for none."""
    about: str


def expected(roster: Roster) -> list[ListedBooking]:
    """The bookings with places, in the order in which they were made."""
    return [_listed(row, roster.occurrence.date) for row in roster.rows]


def others(bookings: Iterable[BookingDetails], status: str, zone: str) -> list[ListedBooking]:
    """The bookings that wait, or that were cancelled; nothing is told of their children."""
    return [_other(one, zone) for one in bookings if one.booking.status == status]


def choices(booked: Iterable[ListedBooking], waiting: Iterable[ListedBooking]) -> dict[str, str]:
    """The bookings that can be cancelled: what they are called, by id."""
    named = {one.id: one.name for one in booked}
    return named | {one.id: f"{one.name}, waiting" for one in waiting}


def _listed(row: RosterRow, date: str) -> ListedBooking:
    booking, names = row.booking, [child.name for child in row.children]
    alone = people(booking.places)
    return ListedBooking(
        id=booking.id,
        name=listed(names) if names else alone,
        children=[_child(child, date) for child in row.children],
        besides=_besides(booking.places - len(names), bool(names)),
        about=alone,
    )


def _other(details: BookingDetails, zone: str) -> ListedBooking:
    booking = details.booking
    about = [f"since {since(booking.made_at, zone)}"] if booking.status == "WAITING" else []
    if details.place is not None:
        about = [f"number {details.place} on the waiting list", *about]
    if booking.status == "CANCELLED":
        by = {"parent": "by the family", "organiser": "by you"}.get(booking.cancelled_by or "", "")
        about = [" ".join(filter(None, ["cancelled", by])), booking.cancelled_because or ""]
    told = " · ".join(filter(None, about))
    return ListedBooking(booking.id, people(booking.places), [], "", told)


def _child(child: Child, date: str) -> ListedChild:
    age = age_on(child.birth_date, date)
    return ListedChild(
        name=child.name,
        age="1 year" if age == 1 else f"{age} years",
        allergies=child.allergies or "",
        emergency_contact=child.emergency_contact or "",
        pick_up=child.pick_up or "",
    )


def _besides(count: int, with_children: bool) -> str:
    """The people who come with the children; of a child that was removed the place is left."""
    if not count:
        return ""
    more = "1 more person" if count == 1 else f"{count} more people"
    return f"and {more}" if with_children else people(count)
