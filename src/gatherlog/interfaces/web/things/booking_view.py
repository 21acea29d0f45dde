"""Bookings as a parent sees them: what is booked, for whom, and what became of it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from gatherlog.apps.things import Booking, BookingDetails, as_planned
from gatherlog.core.texts import N_, _, ngettext
from gatherlog.interfaces.web.things.phrases import span
from gatherlog.interfaces.web.words import listed, people, zone

__all__ = ["BookingRow", "BookingView", "booking_row", "booking_view"]

_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "BOOKED": ("coming", N_("Booked")),
    "WAITING": ("waiting", N_("Waiting")),
    "CANCELLED": ("declined", N_("Cancelled")),
}
_CANCELLED: Final = {
    "parent": N_("You cancelled this booking."),
    "organiser": N_("The organiser has cancelled."),
    "reviewer": N_("It was removed from this site."),
    "site": N_("It will not take place."),
}
_GONE: Final = "9999"
"""Sorts what has no date any more behind what has one."""


class BookingRow(msgspec.Struct, frozen=True):
    """One booking in the list."""

    id: str
    name: str
    when: str
    who: str
    state: str
    answer: str
    is_coming: bool
    """Whether it is neither cancelled nor over."""
    start: str


class BookingView(msgspec.Struct, frozen=True):
    """The page of one booking."""

    id: str
    thing_id: str
    name: str
    state: str
    headline: str
    told: Sequence[str]
    facts: Sequence[tuple[str, str]]
    phone: str
    email: str
    may_cancel: bool
    offers_others: bool
    """Whether other dates are offered, because somebody else cancelled."""
    is_published: bool
    is_own: bool
    """Whether the parent is the organiser, too."""


def booking_row(details: BookingDetails, *, now: int, today: date) -> BookingRow:
    """A booking in the list."""
    booking, one = details.booking, details.occurrence
    state, answer = _STATES[booking.status]
    return BookingRow(
        id=booking.id,
        name=details.thing.content.name,
        when=_when(details, today) or _("No date"),
        who=_who(details),
        state=state,
        answer=_(answer)
        if details.place is None
        else _("Waiting, number {place}").format(place=details.place),
        is_coming=booking.status != "CANCELLED" and not _is_over(details, now),
        start=_GONE if one is None else one.start,
    )


def booking_view(details: BookingDetails, *, now: int, today: date) -> BookingView:
    """The page of a booking."""
    booking, thing = details.booking, details.thing
    is_live, over = booking.status != "CANCELLED", _is_over(details, now)
    return BookingView(
        id=booking.id,
        thing_id=thing.id,
        name=thing.content.name,
        state=_STATES[booking.status][0],
        headline=_headline(details, over),
        told=_told(details, over),
        facts=_facts(details, today),
        phone=thing.content.contact.phone or "",
        email=thing.content.contact.email or "",
        may_cancel=is_live and not over,
        offers_others=booking.cancelled_by not in (None, "parent") and thing.status == "PUBLISHED",
        is_published=thing.status == "PUBLISHED",
        is_own=booking.account_id == thing.organiser_id,
    )


def _headline(details: BookingDetails, over: bool) -> str:
    booking = details.booking
    if booking.status == "CANCELLED":
        return _("This booking is cancelled")
    if over:
        return _("This is over")
    if booking.status == "WAITING":
        return _("You are on the waiting list")
    text = ngettext("You have a place", "You have {count} places", booking.places)
    return text.format(count=booking.places)


def _told(details: BookingDetails, over: bool) -> list[str]:
    booking = details.booking
    if booking.cancelled_by is not None:
        reason = booking.cancelled_because
        return [_(_CANCELLED[booking.cancelled_by]), *([reason] if reason else [])]
    if booking.status != "WAITING" or over:
        return []
    if details.place is None:
        return [_promise(booking)]
    place = _("You are number {place} on it.").format(place=details.place)
    return [place, _promise(booking)]


def _promise(booking: Booking) -> str:
    """Who moves up: children who come alone are not addressed."""
    count, alone = booking.places, not booking.people
    if count == 1:
        if alone:
            return _("Your child moves up as soon as there is room.")
        return _("You move up as soon as there is room.")
    if count == 2 and alone:
        return _("Both children move up together, as soon as there is room.")
    if count == 2:
        return _("Both of you move up together, as soon as there is room.")
    if alone:
        text = _("All {count} children move up together, as soon as there is room.")
    else:
        text = _("All {count} of you move up together, as soon as there is room.")
    return text.format(count=count)


def _facts(details: BookingDetails, today: date) -> list[tuple[str, str]]:
    content, when = details.thing.content, _when(details, today)
    found = [
        (_("When"), f"{when}, {zone(content.time_zone)}" if when else ""),
        (_("Where"), content.where.address),
        (_("Who"), _who(details)),
    ]
    return [(term, text) for term, text in found if text]


def _when(details: BookingDetails, today: date) -> str:
    """The date, or the one that was planned of what does not take place; empty if unknown."""
    planned = as_planned(details.thing.content, details.booking.key)
    one = details.occurrence or planned
    return "" if one is None else span(one, today)


def _who(details: BookingDetails) -> str:
    """`Mia, Ben and 1 other`, `2 people`."""
    names = [child.name for child in details.children]
    others = details.booking.places - len(names)
    if not names:
        return people(others)
    more = (
        []
        if not others
        else [ngettext("{count} other", "{count} others", others).format(count=others)]
    )
    return listed([*names, *more])


def _is_over(details: BookingDetails, now: int) -> bool:
    return details.occurrence is not None and details.occurrence.ends_at <= now
