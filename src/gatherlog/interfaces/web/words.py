"""Dates, time zones and numbers as text, in the language in use, with a 24-hour clock. Pure."""

from collections.abc import Sequence
from datetime import date, datetime

from gatherlog.core.texts import N_, _, ngettext, pgettext

__all__ = [
    "WEEKDAYS",
    "day",
    "label",
    "listed",
    "local",
    "moment",
    "number",
    "people",
    "short_day",
    "weekday",
    "zone",
]

WEEKDAYS = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday")),
    *(N_("Saturday"), N_("Sunday")),
)
"""In English: `weekday` gives them in the language in use."""
_MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)
_TAGS = {
    "vegetarian": N_("Vegetarian"),
    "vegan": N_("Vegan"),
    "gluten_free": N_("Gluten-free"),
    "lactose_free": N_("Lactose-free"),
    "halal": N_("Halal"),
    "kosher": N_("Kosher"),
    "nut_allergy": N_("Nut allergy"),
    "other": N_("Other"),
}


def local(text: str) -> date | datetime:
    """The date or date-time that a gathering stores as text; ValueError for any other text."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def weekday(index: int) -> str:
    """`Monday` for 0."""
    return _(WEEKDAYS[index])


def day(when: date, *, year: bool = True) -> str:
    """`Saturday, 6 June 2026`, or without the year; no line breaks before month or year."""
    text = _("{weekday}, {date}")
    return text.format(weekday=weekday(when.weekday()), date=short_day(when, year=year))


def short_day(when: date, *, year: bool = True) -> str:
    """`6 June 2026`, or without the year; no line breaks in it."""
    month = _(_MONTHS[when.month - 1])
    text = _("{day}\N{NO-BREAK SPACE}{month}").format(day=when.day, month=month)
    return f"{text}\N{NO-BREAK SPACE}{when.year}" if year else text


def moment(when: date | datetime, time_zone: str, *, year: bool = True) -> str:
    """`Saturday, 6 June 2026, 18:30, Berlin time`; a date alone has no zone."""
    if not isinstance(when, datetime):
        return day(when, year=year)
    return f"{day(when, year=year)}, {when:%H:%M}, {zone(time_zone)}"


def zone(name: str) -> str:
    """The text for an IANA zone: `Berlin time` for `Europe/Berlin`, `UTC` for `Etc/UTC`."""
    city = name.rsplit("/", 1)[-1].replace("_", " ")
    is_utc = city in ("UTC", "UCT", "Zulu", "Universal")
    return "UTC" if is_utc else _("{city} time").format(city=city)


def number(count: int) -> str:
    """`12,345`; the catalogue says what stands between the thousands."""
    return f"{count:,}".replace(",", pgettext("between thousands", ","))


def people(count: int, children: int = 0) -> str:
    """`1 person`, `4 people, 2 of them children`."""
    text = ngettext("{count} person", "{count} people", count).format(count=count)
    if not children:
        return text
    among = ngettext(
        "{people}, {count} of them a child", "{people}, {count} of them children", children
    )
    return among.format(people=text, count=children)


def label(tag: str) -> str:
    """The text for a dietary tag: `Nut allergy` for `nut_allergy`."""
    return _(_TAGS[tag])


def listed(names: Sequence[str], last: str | None = None) -> str:
    """`Ada`, `Ada and Grace`, `Ada, Grace and Charles`; `last` is the word for `and`."""
    *before, end = names
    word = last or _("and")
    return f"{', '.join(before)} {word} {end}" if before else end
