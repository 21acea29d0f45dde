"""The dates of an own thing with what is booked, for the organiser: coming, cancelled and past."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from gatherlog.apps.things import (
    Occurrence,
    OccurrencePlaces,
    Thing,
    ThingService,
    as_planned,
    cancelled_dates,
    coming,
    not_over,
)
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.texts import _, ngettext
from gatherlog.interfaces.web.things.phrases import clock, span
from gatherlog.interfaces.web.words import number, people

__all__ = [
    "Date",
    "Dates",
    "Figures",
    "MovedDate",
    "as_altered",
    "date_path",
    "dates_of",
    "figures_of",
    "moved_dates",
    "next_dates",
    "taken",
    "untouched",
]

PAST_SHOWN: Final = 50
NEXT_SHOWN: Final = 5


class Figures(msgspec.Struct, frozen=True):
    """What there is of one thing, in numbers and without names."""

    favourites: int
    coming: list[OccurrencePlaces]
    past: list[OccurrencePlaces]
    """The latest dates that somebody had booked."""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What the numbers say, and the numbers, about all coming dates together."""
        return [
            (_("Kept as a favourite"), number(self.favourites)),
            (_("Bookings"), number(sum(one.bookings for one in self.coming))),
            (_("People booked"), number(sum(one.booked for one in self.coming))),
            (_("Bookings waiting"), number(sum(one.waiting for one in self.coming))),
        ]


class Date(msgspec.Struct, frozen=True):
    """One date in a list."""

    name: str
    path: str
    about: str
    is_off: bool = False


class Dates(msgspec.Struct, frozen=True):
    """All dates of a thing that a page shows."""

    coming: list[Date]
    past: list[Date]


def as_altered(thing: Thing, live: Thing | None) -> Thing:
    """A new version with the dates of the published thing that are moved and cancelled: so they
    stay when it is approved."""
    return thing if live is None else msgspec.structs.replace(thing, altered=live.altered)


class MovedDate(msgspec.Struct, frozen=True):
    """A date that takes place at another time than it was planned for, both in words."""

    planned: str
    now: str


def moved_dates(thing: Thing, now: int, today: date) -> list[MovedDate]:
    """The coming dates that were moved, the earliest first."""
    found = []
    for one in not_over(thing.content, thing.altered, now=now):
        planned = as_planned(thing.content, one.key) if one.moved else None
        if planned is not None:
            found.append(MovedDate(span(planned, today), span(one, today)))
    return found


async def figures_of(things: ThingService, thing: Thing, account_id: str, now: int) -> Figures:
    """The figures of an own thing; of one that is not published, nothing is booked."""
    occurrences = not_over(thing.content, thing.altered, now=now)
    if thing.status != "PUBLISHED":
        return Figures(0, [untouched(thing, one) for one in occurrences], [])
    places = await things.places_at([(thing, one) for one in occurrences])
    figures = await things.figures(thing.id, account_id)
    past = [
        one
        for one in figures.occurrences
        if one.occurrence is not None and one.occurrence.ends_at <= now
    ]
    return Figures(figures.favourites, places, past[-PAST_SHOWN:][::-1])


def dates_of(thing: Thing, figures: Figures, now: int) -> Dates:
    """The dates in their order; what was cancelled stands where it was planned."""
    today = to_datetime(now).date()
    rows = [
        (one.occurrence.start, _date(thing, one.occurrence, taken(one), today))
        for one in figures.coming
        if one.occurrence is not None
    ]
    for off in cancelled_dates(thing.content, thing.altered, now=now):
        about = _("Cancelled: {reason}") if off.reason else _("Cancelled")
        about = about.format(reason=off.reason)
        rows.append((off.planned.start, _date(thing, off.planned, about, today, is_off=True)))
    past = [
        _date(thing, one.occurrence, taken(one), today) for one in figures.past if one.occurrence
    ]
    return Dates([row for _start, row in sorted(rows, key=lambda row: row[0])], past)


async def next_dates(things: ThingService, published: Sequence[Thing], now: int) -> list[Date]:
    """The next dates of several published things, of all together the first few."""
    found = [
        (one, thing)
        for thing in published
        for one in coming(thing.content, thing.altered, now=now)[:NEXT_SHOWN]
    ]
    first = sorted(found, key=lambda pair: pair[0].starts_at)[:NEXT_SHOWN]
    places = await things.places_at([(thing, one) for one, thing in first])
    today = to_datetime(now).date()
    return [
        _date(thing, one, f"{thing.content.name} · {taken(booked)}", today)
        for (one, thing), booked in zip(first, places, strict=True)
    ]


def date_path(thing_id: str, one: Occurrence) -> str:
    """The path of the page about one date."""
    return f"/desk/{thing_id}/dates/{one.date}?at={clock(one.start[11:])}"


def taken(places: OccurrencePlaces) -> str:
    """`4 of 12 places booked, 1 booking waiting`."""
    if places.capacity is None:
        told = _("{people} booked") if places.booked else _("Nobody has booked")
        told = told.format(people=people(places.booked))
    else:
        told = _("{booked} of {count} places booked").format(
            booked=number(places.booked), count=number(places.capacity)
        )
    if not places.waiting:
        return told
    text = ngettext(
        "{booked}, {count} booking waiting", "{booked}, {count} bookings waiting", places.waiting
    )
    return text.format(booked=told, count=number(places.waiting))


def _date(thing: Thing, one: Occurrence, about: str, today: date, *, is_off: bool = False) -> Date:
    if thing.status != "PUBLISHED":
        return Date(span(one, today), "", "", is_off)
    about = " · ".join([about, _("moved")] if one.moved else [about])
    return Date(span(one, today), date_path(thing.id, one), about, is_off)


def untouched(thing: Thing, one: Occurrence) -> OccurrencePlaces:
    """An occurrence for which nobody has booked."""
    return OccurrencePlaces(
        key=one.key,
        occurrence=one,
        capacity=thing.content.capacity,
        booked=0,
        bookings=0,
        waiting=0,
    )
