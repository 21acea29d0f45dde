"""Ages, prices, distances, dates and places, as the pages about things say them. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

from gatherlog.apps.things import (
    Content,
    FloatRange,
    Hours,
    IntRange,
    Occurrence,
    OccurrencePlaces,
)
from gatherlog.apps.things.content import DAYS
from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.texts import N_, Translated, _, ngettext
from gatherlog.interfaces.web.words import day, number, weekday

__all__ = [
    "AUDIENCES",
    "CATEGORIES",
    "KINDS",
    "ages",
    "amount",
    "clock",
    "distance",
    "from_to",
    "left",
    "opening_hours",
    "price",
    "span",
    "waits",
]

CATEGORIES: Final = Translated(
    {
        "MUSIC": N_("Music"),
        "DANCE": N_("Dance"),
        "ARTS": N_("Arts"),
        "CRAFTS": N_("Crafts"),
        "SPORT": N_("Sport"),
        "OUTDOOR": N_("Outdoor"),
        "CINEMA": N_("Cinema"),
        "THEATER": N_("Theatre"),
        "PARTY": N_("Party"),
        "PERSONAL_DEVELOPMENT": N_("Personal development"),
        "CAFE": N_("Café"),
        "RESTAURANT": N_("Restaurant"),
        "PLAYROOM": N_("Playroom"),
        "ENTERTAINMENT": N_("Entertainment"),
        "CULTURE": N_("Culture"),
        "EDUCATION": N_("Education"),
        "OTHER": N_("Other"),
    }
)
KINDS: Final = Translated(
    {
        "EVENT": N_("One-off event"),
        "RECURRING_EVENT": N_("Regular activity"),
        "PLACE": N_("Place to visit"),
    }
)
AUDIENCES: Final = Translated(
    {
        "CHILD": N_("Children"),
        "FAMILY": N_("Families"),
        "ADULT": N_("Adults"),
    }
)
OLD: Final = 99
"""From this age on, a range has no upper end."""
_KILOMETRE: Final = 1_000


def ages(of: IntRange) -> str:
    """`All ages`, `Ages 5 to 8`, `Age 6`, `Ages 12 and over`."""
    if of.end >= OLD:
        return _("Ages {age} and over").format(age=of.start) if of.start else _("All ages")
    if of.start == of.end:
        return _("Age {age}").format(age=of.start)
    return _("Ages {youngest} to {oldest}").format(youngest=of.start, oldest=of.end)


def price(of: FloatRange, currency: str = "") -> str:
    """`Free`, `5 EUR`, `5 to 7.50 EUR`, `Free to 12.50 EUR`."""
    if of.end == 0:
        return _("Free")
    text, least = amount(of.end), amount(of.start) if of.start else _("Free")
    if of.start != of.end:
        text = _("{least} to {most}").format(least=least, most=text)
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
        whole = _("{day}, all day") if begin == "00:00" else _("{day}, {time}, for 24 hours")
        return whole.format(day=first, time=begin)
    if (end - start).days == 0:
        return _("{day}, {hours} on the next day").format(day=first, hours=_hours(one))
    last = day(end, year=end.year != today.year)
    text = _("{first}, {begin}, to {last}, {end}")
    return text.format(first=first, begin=begin, last=last, end=until)


def clock(time: str) -> str:
    """`14:00` for `14:00:00`; seconds only where there are some."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def _hours(one: Occurrence) -> str:
    """`10:00 to 12:00`, on one line."""
    text = from_to(clock(one.start[11:]), clock(one.end[11:]))
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def from_to(start: str, end: str) -> str:
    """`10:00 to 12:00`."""
    return _("{start} to {end}").format(start=start, end=end)


def left(places: OccurrencePlaces) -> str:
    """`3 places left`, `Full, 2 waiting`; nothing where there is no limit."""
    if places.left is None:
        return ""
    if places.waiting:
        return _("Full, {count} waiting").format(count=places.waiting)
    if places.left == 0:
        return _("Full")
    text = ngettext("{count} place left", "{count} places left", places.left)
    return text.format(count=number(places.left))


def waits(places: OccurrencePlaces, people: int = 1) -> bool:
    """Whether so many people would have to wait: others wait already, or there is no room."""
    return places.left is not None and (places.waiting > 0 or places.left < people)


def opening_hours(content: Content) -> list[tuple[str, str]]:
    """The week of a series or place: `("Monday to Friday", "10:00 to 18:00")`."""
    by_day = [(name, _hours_of(name, content.when.hours)) for name in DAYS]
    found = []
    for text, days in groupby(by_day, key=lambda one: one[1]):
        names = [weekday(DAYS.index(name)) for name, _text in days]
        if text:
            found.append((_run(names), text))
    return found


def _hours_of(name: str, hours: Sequence[Hours]) -> str:
    here = sorted((one.start, one.end) for one in hours if one.day == name)
    return ", ".join(from_to(clock(start), clock(end)) for start, end in here)


def _run(names: Sequence[str]) -> str:
    if len(names) == len(DAYS):
        return _("Every day")
    if len(names) == 1:
        return names[0]
    text = _("{first} and {last}") if len(names) == 2 else _("{first} to {last}")
    return text.format(first=names[0], last=names[-1])
