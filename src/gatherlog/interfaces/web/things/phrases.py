"""Ages, prices, distances, dates and places, as the pages about things say them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

from gatherlog.apps.things import (
    CATEGORIES_OF_THINGS,
    Content,
    FloatRange,
    Hours,
    IntRange,
    Occurrence,
    OccurrencePlaces,
)
from gatherlog.apps.things.content import DAYS
from gatherlog.core.commands.local_time import clock_note
from gatherlog.interfaces.web.words import day

__all__ = [
    "AUDIENCES",
    "CATEGORIES",
    "KINDS",
    "ages",
    "amount",
    "clock",
    "distance",
    "left",
    "opening_hours",
    "price",
    "span",
    "waits",
]

_SPELT: Final = {"THEATER": "Theatre", "CAFE": "Café"}
CATEGORIES: Final[Mapping[str, str]] = {
    name: _SPELT.get(name, name.replace("_", " ").capitalize()) for name in CATEGORIES_OF_THINGS
}
KINDS: Final[Mapping[str, str]] = {
    "EVENT": "One-off event",
    "RECURRING_EVENT": "Regular activity",
    "PLACE": "Place to visit",
}
AUDIENCES: Final[Mapping[str, str]] = {
    "CHILD": "Children",
    "FAMILY": "Families",
    "ADULT": "Adults",
}
OLD: Final = 99
"""From this age on, a range has no upper end."""
_WEEK: Final = dict(
    zip(
        DAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)
_KILOMETRE: Final = 1_000


def ages(of: IntRange) -> str:
    """`All ages`, `Ages 5 to 8`, `Age 6`, `Ages 12 and over`."""
    if of.end >= OLD:
        return "All ages" if of.start == 0 else f"Ages {of.start} and over"
    return f"Age {of.start}" if of.start == of.end else f"Ages {of.start} to {of.end}"


def price(of: FloatRange, currency: str = "") -> str:
    """`Free`, `5 EUR`, `5 to 7.50 EUR`, `Free to 12.50 EUR`."""
    if of.end == 0:
        return "Free"
    least = "Free" if of.start == 0 else amount(of.start)
    text = amount(of.end) if of.start == of.end else f"{least} to {amount(of.end)}"
    return f"{text} {currency}".rstrip()


def amount(of: float) -> str:
    """`5`, `7.50`."""
    return f"{of:,.0f}" if of == int(of) else f"{of:,.2f}"


def distance(metres: float) -> str:
    """`350 m`, `1.2 km`, `12 km`; to ten metres below a kilometre."""
    if (tens := round(metres, -1)) < _KILOMETRE:
        return f"{tens:.0f} m"
    tenths = round(metres / _KILOMETRE, 1)
    return f"{tenths:.1f} km" if tenths < 10 else f"{metres / _KILOMETRE:.0f} km"


def span(one: Occurrence, today: date) -> str:
    """`Saturday, 5 December, 10:00 to 12:00`; the year only where it is another one.

    What becomes of a time that a change of clocks skips or repeats is added.
    """
    last = clock_note(one.end, one.time_zone, last=True)
    notes = [note for note in (clock_note(one.start, one.time_zone), last) if note]
    return f"{_span(one, today)} ({'; '.join(notes)})" if notes else _span(one, today)


def _span(one: Occurrence, today: date) -> str:
    start, end = datetime.fromisoformat(one.start), datetime.fromisoformat(one.end)
    first = day(start, year=start.year != today.year)
    if start.date() == end.date():
        return f"{first}, {_hours(one)}"
    begin, until = clock(one.start[11:]), clock(one.end[11:])
    if (end - start).days == 1 and start.time() == end.time():
        return f"{first}, all day" if begin == "00:00" else f"{first}, {begin}, for 24 hours"
    if (end - start).days == 0:
        return f"{first}, {_hours(one)} on the next day"
    last = day(end, year=end.year != today.year)
    return f"{first}, {begin}, to {last}, {until}"


def clock(time: str) -> str:
    """`14:00` for `14:00:00`; seconds only where there are some."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def _hours(one: Occurrence) -> str:
    """`10:00 to 12:00`, on one line."""
    text = f"{clock(one.start[11:])} to {clock(one.end[11:])}"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def left(places: OccurrencePlaces) -> str:
    """`3 places left`, `Full, 2 waiting`; nothing where there is no limit."""
    if places.left is None:
        return ""
    if places.waiting:
        return f"Full, {places.waiting} waiting"
    if places.left == 0:
        return "Full"
    return "1 place left" if places.left == 1 else f"{places.left:,} places left"


def waits(places: OccurrencePlaces, people: int = 1) -> bool:
    """Whether so many people would have to wait: others wait already, or there is no room."""
    return places.left is not None and (places.waiting > 0 or places.left < people)


def opening_hours(content: Content) -> list[tuple[str, str]]:
    """The week of a series or place: `("Monday to Friday", "10:00 to 18:00")`."""
    by_day = [(name, _hours_of(name, content.when.hours)) for name in DAYS]
    found = []
    for text, days in groupby(by_day, key=lambda one: one[1]):
        names = [_WEEK[name] for name, _ in days]
        if text:
            found.append((_run(names), text))
    return found


def _hours_of(name: str, hours: Sequence[Hours]) -> str:
    here = sorted((one.start, one.end) for one in hours if one.day == name)
    return ", ".join(f"{clock(start)} to {clock(end)}" for start, end in here)


def _run(names: Sequence[str]) -> str:
    if len(names) == len(DAYS):
        return "Every day"
    joint = " and " if len(names) == 2 else " to "
    return names[0] if len(names) == 1 else f"{names[0]}{joint}{names[-1]}"
