"""What the page of one thing shows: what it is, its dates, and what became of some. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from urllib.parse import urlencode

import msgspec

from gatherlog.apps.things import (
    Booking,
    CancelledDate,
    Content,
    Occurrence,
    OccurrencePlaces,
    Organiser,
    Thing,
    as_planned,
    is_bookable,
)
from gatherlog.core.texts import _
from gatherlog.interfaces.web.things.facts import on_each_date
from gatherlog.interfaces.web.things.phrases import (
    AUDIENCES,
    CATEGORIES,
    KINDS,
    ages,
    left,
    opening_hours,
    price,
    span,
    waits,
)
from gatherlog.interfaces.web.words import listed, zone

__all__ = ["DateRow", "LoadedThing", "ThingView", "booking_path", "thing_view"]

SHOWN: Final = 8
"""Dates that are shown at once; the others are folded away."""


class LoadedThing(msgspec.Struct, frozen=True):
    """A published thing, and what belongs to it."""

    thing: Thing
    organiser: Organiser | None
    places: Sequence[OccurrencePlaces]
    """The coming dates."""
    cancelled: Sequence[CancelledDate]
    booked: Mapping[str, Booking]
    """The visitor's own bookings, by the key of the date."""


class DateRow(msgspec.Struct, frozen=True):
    """One date, and what the visitor can do about it."""

    text: str
    note: str
    """That it was moved or cancelled."""
    places: str
    state: str
    """How the row is marked: coming, waiting, declined where it does not take place."""
    action: str = ""
    path: str = ""
    """Where it is booked, or where the booking is."""


class ThingView(msgspec.Struct, frozen=True):
    """The page of a thing."""

    id: str
    name: str
    kind: str
    category: str
    description: Sequence[str]
    """Its paragraphs."""
    address: str
    near: str
    """The place as the list's filter takes it."""
    facts: Sequence[tuple[str, str]]
    """Pairs of a term and what is told of it."""
    email: str
    phone: str
    www: str
    hours: Sequence[tuple[str, str]]
    next: str
    """The next date."""
    zone: str
    dates: Sequence[DateRow]
    more_dates: Sequence[DateRow]


def thing_view(loaded: LoadedThing, *, now: int, today: date, currency: str) -> ThingView:
    """The page."""
    content = loaded.thing.content
    rows = _rows(loaded, now, today)
    first = next((one.occurrence for one in loaded.places), None)
    return ThingView(
        id=loaded.thing.id,
        name=content.name,
        kind=KINDS[content.kind],
        category=CATEGORIES[content.category],
        description=[part for part in content.description.split("\n\n") if part.strip()],
        address=content.where.address,
        near=f"{content.where.lat:.5f}, {content.where.lon:.5f}",
        facts=_facts(content, loaded.organiser, currency),
        email=content.contact.email or "",
        phone=content.contact.phone or "",
        www=content.contact.www or "",
        hours=opening_hours(content) if content.kind != "EVENT" else [],
        next="" if first is None else span(first, today),
        zone=zone(content.time_zone),
        dates=rows[:SHOWN],
        more_dates=rows[SHOWN:],
    )


def booking_path(thing_id: str, one: Occurrence) -> str:
    """Where an occurrence is booked."""
    when = {"date": one.date, "from": one.start[11:].removesuffix(":00")}
    return f"/things/{thing_id}/book?{urlencode(when)}"


def _facts(content: Content, organiser: Organiser | None, currency: str) -> list[tuple[str, str]]:
    everybody = listed([AUDIENCES[one].lower() for one in content.audience])
    found = [
        (_("For"), f"{everybody.capitalize()} · {ages(content.ages)}"),
        (_("Price"), price(content.price, currency)),
        (_("Organiser"), "" if organiser is None else organiser.name),
        (_("Places"), "" if content.capacity is None else on_each_date(content.capacity)),
        (_("Please note"), _notes(content)),
    ]
    return [(term, text) for term, text in found if text]


def _notes(content: Content) -> str:
    notes = []
    if content.adult_mandatory:
        notes.append(_("An adult must stay."))
    if content.booking_mandatory:
        notes.append(_("Booking required."))
    return " ".join(notes)


def _rows(loaded: LoadedThing, now: int, today: date) -> list[DateRow]:
    """What takes place and what does not, by the date."""
    found = [
        (one.occurrence.start, _row(loaded, one, one.occurrence, now, today))
        for one in loaded.places
        if one.occurrence is not None
    ]
    found += [(one.planned.start, _cancelled(one, today)) for one in loaded.cancelled]
    return [row for _start, row in sorted(found, key=lambda row: row[0])]


def _row(
    loaded: LoadedThing, places: OccurrencePlaces, one: Occurrence, now: int, today: date
) -> DateRow:
    thing, booking, full = loaded.thing, loaded.booked.get(places.key), waits(places)
    action, path = _("Wait for a place") if full else _("Book"), booking_path(thing.id, one)
    if booking is not None:
        action = _("You are waiting") if booking.status == "WAITING" else _("You have booked")
        path = f"/bookings/{booking.id}"
    elif not is_bookable(thing, one, now):
        action, path = "", ""
    return DateRow(
        text=span(one, today),
        note=_moved(thing.content, one, today),
        places=left(places) if action else _("Already started"),
        state="waiting" if full else "coming",
        action=action,
        path=path,
    )


def _moved(content: Content, one: Occurrence, today: date) -> str:
    planned = as_planned(content, one.key) if one.moved else None
    return "" if planned is None else _("Moved from {time}").format(time=span(planned, today))


def _cancelled(one: CancelledDate, today: date) -> DateRow:
    return DateRow(
        text=span(one.planned, today),
        note=one.reason or "",
        places=_("Cancelled"),
        state="declined",
    )
