"""Who comes to an occurrence, as a page and a printed list show it. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from gatherlog.apps.things import Booking, BookingDetails, Child, Roster, RosterRow, age_on
from gatherlog.core.texts import _, ngettext
from gatherlog.interfaces.web.things.facts import since
from gatherlog.interfaces.web.words import listed, number, people

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
    """The people who are no children of the list, in a row of their own; empty for none."""
    about: str


def expected(roster: Roster, parents: Mapping[str, str]) -> list[ListedBooking]:
    """The bookings with places, in the order in which they were made.

    `parents` has names of those who have booked, by their accounts, as far as they are known.
    """
    return [_listed(row, roster.occurrence.date, parents) for row in roster.rows]


def others(
    bookings: Iterable[BookingDetails], status: str, zone: str, parents: Mapping[str, str] = {}
) -> list[ListedBooking]:
    """The bookings that wait, or that were cancelled; nothing is told of their children."""
    return [_other(one, zone, parents) for one in bookings if one.booking.status == status]


def choices(booked: Iterable[ListedBooking], waiting: Iterable[ListedBooking]) -> dict[str, str]:
    """The bookings that can be cancelled: what they are called, by id."""
    named = {one.id: one.name for one in booked}
    return named | {one.id: _("{name}, waiting").format(name=one.name) for one in waiting}


def _listed(row: RosterRow, date: str, parents: Mapping[str, str]) -> ListedBooking:
    booking, names = row.booking, [child.name for child in row.children]
    alone = _by_parent(people(booking.places), booking, parents)
    besides = _besides(booking.places - len(names), names)
    return ListedBooking(
        id=booking.id,
        name=listed(names) if names else alone,
        children=[_child(child, date) for child in row.children],
        besides=_by_parent(besides, booking, parents) if besides else "",
        about=alone,
    )


def _other(details: BookingDetails, zone: str, parents: Mapping[str, str]) -> ListedBooking:
    booking = details.booking
    about = [_waits_since(booking, zone)] if booking.status == "WAITING" else []
    if details.place is not None:
        about = [_("number {place} on the waiting list").format(place=details.place), *about]
    if booking.status == "CANCELLED":
        by = {"parent": _("cancelled by the family"), "organiser": _("cancelled by you")}
        about = [
            by.get(booking.cancelled_by or "", _("cancelled")),
            booking.cancelled_because or "",
        ]
    told = " · ".join(filter(None, about))
    name = _by_parent(people(booking.places), booking, parents)
    return ListedBooking(booking.id, name, [], "", told)


def _waits_since(booking: Booking, zone: str) -> str:
    return _("since {time}").format(time=since(booking.made_at, zone))


def _child(child: Child, date: str) -> ListedChild:
    age = age_on(child.birth_date, date)
    return ListedChild(
        name=child.name,
        age=ngettext("{count}\N{NO-BREAK SPACE}year", "{count}\N{NO-BREAK SPACE}years", age).format(
            count=age
        ),
        allergies=child.allergies or "",
        emergency_contact=child.emergency_contact or "",
        pick_up=child.pick_up or "",
    )


def _besides(count: int, names: list[str]) -> str:
    """The people who come with the children; of a child that was removed the place is left."""
    if not count or not names:
        return people(count) if count else ""
    text = ngettext("{count} more person, with {names}", "{count} more people, with {names}", count)
    return text.format(count=number(count), names=listed(names))


def _by_parent(who: str, booking: Booking, parents: Mapping[str, str]) -> str:
    name = parents.get(booking.account_id)
    return who if name is None else _("{people}, booked by {name}").format(people=who, name=name)
