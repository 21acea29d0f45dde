"""Things as rows of a list, each with the first date that fits what is looked for. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from gatherlog.apps.things import (
    DayHours,
    Occurrence,
    OccurrencePlaces,
    Thing,
    coming,
    days_of,
)
from gatherlog.interfaces.graphql.finding import ThingQuery
from gatherlog.interfaces.web.things.phrases import ages, distance, left, price, span, waits

__all__ = ["Card", "card", "first_fitting"]

_WHOLE_DAY: Final = 24 * 60


class Card(msgspec.Struct, frozen=True):
    """One thing in a list."""

    id: str
    name: str
    when: str
    where: str
    about: str
    places: str
    """How many are left on that date; empty where there is no limit."""
    state: str
    """How the places are marked: coming, or waiting where there are none."""


def card(
    thing: Thing,
    places: OccurrencePlaces | None,
    *,
    today: date,
    organiser: str = "",
    metres: float | None = None,
    favourite: bool = False,
    currency: str = "",
) -> Card:
    """A published thing, and the date that is shown of it; None where it has none at present."""
    content = thing.content
    about = [
        ages(content.ages),
        price(content.price, currency),
        organiser,
        "" if metres is None else distance(metres),
        "one of your favourites" if favourite else "",
    ]
    one = None if places is None else places.occurrence
    return Card(
        id=thing.id,
        name=content.name,
        when="No date at present" if one is None else span(one, today),
        where=content.where.address,
        about=" · ".join(part for part in about if part),
        places="" if places is None else left(places),
        state="waiting" if places is not None and waits(places) else "coming",
    )


def first_fitting(thing: Thing, query: ThingQuery | None, now: int) -> Occurrence | None:
    """The first coming occurrence on the days and at the times that are looked for.

    Where none is any more, the first of all.
    """
    found = coming(thing.content, thing.altered, now=now)
    if query is not None:
        fitting = (one for one in found if _fits(days_of(one), query))
        return next(fitting, found[0] if found else None)
    return found[0] if found else None


def _fits(days: Sequence[DayHours], query: ThingQuery) -> bool:
    return any(_is_on(one, query) and _is_at(one, query) for one in days)


def _is_on(one: DayHours, query: ThingQuery) -> bool:
    if query.days is None:
        return True
    first, last = query.days
    return first.isoformat() <= one.date <= last.isoformat()


def _is_at(one: DayHours, query: ThingQuery) -> bool:
    if query.times is None:
        return True
    start, end = query.times
    return _minute(one.start) < max(end, start + 1) and start < _minute(one.end)


def _minute(text: str) -> int:
    return min(int(text[:2]) * 60 + int(text[3:5]), _WHOLE_DAY)
