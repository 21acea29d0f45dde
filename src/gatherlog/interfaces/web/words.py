"""Dates, time zones and counts as text: in English, with a 24-hour clock, in no locale. Pure."""

from collections.abc import Sequence
from datetime import date, datetime

__all__ = ["WEEKDAYS", "day", "label", "listed", "local", "moment", "people", "short_day", "zone"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HYPHENATED = ("gluten_free", "lactose_free")


def local(text: str) -> date | datetime:
    """The date or date-time that a gathering stores as text; ValueError for any other text."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def day(when: date, *, year: bool = True) -> str:
    """`Saturday, 6 June 2026`, or without the year; no line breaks before month or year."""
    return f"{WEEKDAYS[when.weekday()]}, {short_day(when, year=year)}"


def short_day(when: date, *, year: bool = True) -> str:
    """`6 June 2026`, or without the year; no line breaks in it."""
    text = f"{when.day}\N{NO-BREAK SPACE}{_MONTHS[when.month - 1]}"
    return f"{text}\N{NO-BREAK SPACE}{when.year}" if year else text


def moment(when: date | datetime, time_zone: str, *, year: bool = True) -> str:
    """`Saturday, 6 June 2026, 18:30, Berlin time`; a date alone has no zone."""
    if not isinstance(when, datetime):
        return day(when, year=year)
    return f"{day(when, year=year)}, {when:%H:%M}, {zone(time_zone)}"


def zone(name: str) -> str:
    """The text for an IANA zone: `Berlin time` for `Europe/Berlin`, `UTC` for `Etc/UTC`."""
    city = name.rsplit("/", 1)[-1].replace("_", " ")
    return "UTC" if city in ("UTC", "UCT", "Zulu", "Universal") else f"{city} time"


def people(count: int, children: int = 0) -> str:
    """`1 person`, `4 people, 2 of them children`."""
    text = "1 person" if count == 1 else f"{count} people"
    if not children:
        return text
    return f"{text}, {children} of them {'a child' if children == 1 else 'children'}"


def label(tag: str) -> str:
    """The text for a dietary tag: `Nut allergy` for `nut_allergy`."""
    return tag.replace("_", "-" if tag in _HYPHENATED else " ").capitalize()


def listed(names: Sequence[str], last: str = "and") -> str:
    """`Ada`, `Ada and Grace`, `Ada, Grace and Charles`."""
    *before, end = names
    return f"{', '.join(before)} {last} {end}" if before else end
