"""What a thing to do says of itself, field by field, for its organiser and its reviewers. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from gatherlog.apps.things import Content, Occurrence, ThingStatus
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.things.phrases import (
    AUDIENCES,
    CATEGORIES,
    KINDS,
    ages,
    opening_hours,
    price,
    span,
)
from gatherlog.interfaces.web.words import day, listed, zone

__all__ = ["FIELD_NAMES", "STATUS_MARKS", "STATUS_NAMES", "clock", "facts", "said", "since"]

STATUS_NAMES: Final[Mapping[ThingStatus, str]] = {
    "DRAFT": "Draft",
    "PENDING": "Waiting for review",
    "PUBLISHED": "Published",
    "REJECTED": "Sent back",
    "REMOVED": "Taken down",
}
STATUS_MARKS: Final[Mapping[ThingStatus, str]] = {
    "DRAFT": "pending",
    "PENDING": "waiting",
    "PUBLISHED": "coming",
    "REJECTED": "wrong",
    "REMOVED": "declined",
}
"""How pages mark the states, in the colours that they have."""
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
_WITH_YEAR: Final = date.min
"""No date is in this year, so the year is always said."""


def said(content: Content, currency: str = "") -> dict[str, str]:
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
        "target": _target(content),
        "adultMandatory": "Have to stay" if content.adult_mandatory else "Need not stay",
        "price": price(content.price, currency),
        "capacity": "No limit"
        if content.capacity is None
        else f"{content.capacity:,} on each date",
        "bookingMandatory": "Only with a booking" if content.booking_mandatory else "Not needed",
        "contact": "\n".join(filter(None, (contact.email, contact.phone, contact.www))),
        "image": "" if content.image is None else content.image.name,
    }


def facts(content: Content, currency: str = "") -> list[str]:
    """A thing in short: when, where, for whom, and for how much."""
    when = _when(content)
    times = "; ".join(when if content.kind == "EVENT" else when[:-1])
    return [times, content.where.address, _target(content), price(content.price, currency)]


def since(micros: int, time_zone: str) -> str:
    """`Saturday, 1 May 2027, 14:00`: a moment, by the clocks of a zone."""
    there = to_datetime(micros).astimezone(ZoneInfo(time_zone))
    return f"{day(there)}, {there:%H:%M}"


def clock(time: str) -> str:
    """`14:00` for `14:00:00`; seconds only where there are some."""
    return time.removesuffix(":00") if time.count(":") == 2 else time


def _when(content: Content) -> list[str]:
    start, end = content.when.start, content.when.end
    if content.kind == "EVENT":
        return [span(Occurrence(start, end, "", content.time_zone), _WITH_YEAR)]
    first, last = (day(date.fromisoformat(one[:10])) for one in (start, end))
    hours = [f"{days}, {times}" for days, times in opening_hours(content)]
    within = f"from {first} to {last}" if first != last else f"on {first}"
    return [*(hours or ["Every day, all day"]), within]


def _target(content: Content) -> str:
    names = [name for audience, name in AUDIENCES.items() if audience in content.audience]
    everybody = listed([names[0], *[name.lower() for name in names[1:]]]) if names else ""
    return f"{everybody} · {ages(content.ages)}"
