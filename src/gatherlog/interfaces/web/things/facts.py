"""What a thing to do says of itself, field by field, in words for people. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from gatherlog.apps.things import (
    CATEGORIES_OF_THINGS,
    Content,
    Hours,
    IntRange,
    Occurrence,
    ThingStatus,
)
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.words import day, label, listed, zone

__all__ = [
    "AUDIENCES",
    "CATEGORIES",
    "FIELD_NAMES",
    "KINDS",
    "STATUS_NAMES",
    "WEEKDAYS",
    "clock",
    "facts",
    "hours_in_words",
    "price",
    "said",
    "since",
    "spoken",
    "target",
]

KINDS: Final = {
    "EVENT": "Once",
    "RECURRING_EVENT": "Every week",
    "PLACE": "A place",
}
STATUS_NAMES: Final[Mapping[ThingStatus, str]] = {
    "DRAFT": "Draft",
    "PENDING": "Waits for review",
    "PUBLISHED": "Published",
    "REJECTED": "Sent back",
    "REMOVED": "Taken down",
}
AUDIENCES: Final = {"CHILD": "Children", "FAMILY": "Families", "ADULT": "Adults"}
CATEGORIES: Final = {
    name: "Theatre" if name == "THEATER" else label(name.lower()) for name in CATEGORIES_OF_THINGS
}
WEEKDAYS: Final = {
    "MON": "Monday",
    "TUE": "Tuesday",
    "WED": "Wednesday",
    "THU": "Thursday",
    "FRI": "Friday",
    "SAT": "Saturday",
    "SUN": "Sunday",
}
FIELD_NAMES: Final = {
    "name": "Name",
    "description": "Description",
    "type": "Kind",
    "category": "Category",
    "when": "Times",
    "timeZone": "Time zone",
    "where": "Place",
    "target": "Who it is for",
    "adultMandatory": "Adults",
    "price": "Price",
    "capacity": "Places",
    "bookingMandatory": "Booking",
    "contact": "Contact",
    "image": "Picture",
}
"""The fields that a reviewer judges, in the order in which pages show them."""


def said(content: Content) -> dict[str, str]:
    """What a thing says in each of FIELD_NAMES; empty where it says nothing."""
    contact, where = content.contact, content.where
    return {
        "name": content.name,
        "description": content.description,
        "type": KINDS[content.kind],
        "category": CATEGORIES[content.category],
        "when": "\n".join(_when(content)),
        "timeZone": zone(content.time_zone),
        "where": f"{where.address}\n{where.lat:.6g}, {where.lon:.6g} on the map",
        "target": target(content),
        "adultMandatory": "A grown-up comes along" if content.adult_mandatory else "May come alone",
        "price": price(content),
        "capacity": "No limit" if content.capacity is None else f"{content.capacity:,} each time",
        "bookingMandatory": "Only with a booking" if content.booking_mandatory else "Not needed",
        "contact": "\n".join(filter(None, (contact.email, contact.phone, contact.www))),
        "image": "" if content.image is None else content.image.name,
    }


def facts(content: Content) -> list[str]:
    """A thing in short: when, where, for whom, and for how much."""
    return [_when(content)[0], content.where.address, target(content), price(content)]


def target(content: Content) -> str:
    """`Children, 5 to 8 years`."""
    names = [name for audience, name in AUDIENCES.items() if audience in content.audience]
    return f"{listed(names)}, {_years(content.ages)}"


def price(content: Content) -> str:
    """`Free`, `7.50`, `5 to 7.50`: the site has one currency, which has no name here."""
    least, most = content.price.start, content.price.end
    if most == 0:
        return "Free"
    return _amount(least) if least == most else f"{_amount(least)} to {_amount(most)}"


def spoken(one: Occurrence) -> str:
    """`Saturday, 1 May 2027, 14:00 to 16:00`."""
    return _span(one.start, one.end)


def since(micros: int, time_zone: str) -> str:
    """`Saturday, 1 May 2027, 14:00`: a moment, by the clocks of a zone."""
    there = to_datetime(micros).astimezone(ZoneInfo(time_zone))
    return f"{day(there)}, {there:%H:%M}"


def hours_in_words(hours: Sequence[Hours]) -> list[str]:
    """A line for all days with the same hours: `Saturday and Sunday, 10:00 to 12:00`."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in hours:
        grouped.setdefault((one.start, one.end), []).append(one.day)
    return [
        f"{_days(days)}, {clock(start)} to {clock(end)}" for (start, end), days in grouped.items()
    ]


def clock(time: str) -> str:
    """`14:00` for `14:00:00`; seconds only where there are some."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def _when(content: Content) -> list[str]:
    start, end = content.when.start, content.when.end
    if content.kind == "EVENT":
        return [_span(start, end)]
    first, last = _day(start), _day(end)
    within = f"from {first} to {last}" if first != last else f"on {first}"
    return [*(hours_in_words(content.when.hours) or ["Every day, all day"]), within]


def _span(start: str, end: str) -> str:
    if start[:10] == end[:10]:
        return f"{_day(start)}, {clock(start[11:])} to {clock(end[11:])}"
    return f"{_day(start)}, {clock(start[11:])} to {_day(end)}, {clock(end[11:])}"


def _day(text: str) -> str:
    return day(date.fromisoformat(text[:10]))


def _days(days: Sequence[str]) -> str:
    """The weekdays in their order: `Every day`, `Monday to Friday`, `Tuesday and Friday`."""
    order = list(WEEKDAYS)
    places = sorted(order.index(one) for one in set(days))
    if len(places) == len(order):
        return "Every day"
    names = [WEEKDAYS[order[place]] for place in places]
    is_row = len(places) > 2 and places[-1] - places[0] == len(places) - 1
    return f"{names[0]} to {names[-1]}" if is_row else listed(names)


def _years(ages: IntRange) -> str:
    if ages.start == ages.end:
        return "1 year" if ages.start == 1 else f"{ages.start} years"
    return f"{ages.start} to {ages.end} years"


def _amount(value: float) -> str:
    return f"{value:,.2f}".removesuffix(".00")
