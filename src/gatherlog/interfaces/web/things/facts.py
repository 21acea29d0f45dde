"""What a thing to do says of itself, field by field, for its organiser and its reviewers. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from gatherlog.apps.things import Content, Image, Occurrence, ThingStatus
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.things.phrases import (
    AUDIENCES,
    CATEGORIES,
    KINDS,
    OLD,
    ages,
    clock,
    opening_hours,
    price,
    span,
)
from gatherlog.interfaces.web.words import day, listed, zone

__all__ = [
    "FIELD_NAMES",
    "STATUS_MARKS",
    "STATUS_NAMES",
    "facts",
    "names_of",
    "plain",
    "said",
    "since",
]

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
    """What a thing says in each of FIELD_NAMES; empty where it says nothing.

    It is exact: where a field is not the same in two contents, neither is its text.
    """
    contact, where = content.contact, content.where
    return {
        "name": content.name,
        "description": content.description,
        "type": KINDS[content.kind],
        "category": CATEGORIES[content.category],
        "when": "\n".join(_when(content)),
        "timeZone": f"{zone(content.time_zone)} ({content.time_zone})",
        "where": f"{where.address}\n{plain(where.lat)}, {plain(where.lon)} on the map",
        "target": _with_exact(_target(content), _oldest(content)),
        "adultMandatory": "Have to stay" if content.adult_mandatory else "Need not stay",
        "price": _with_exact(price(content.price, currency), _parts_of_cents(content)),
        "capacity": "No limit"
        if content.capacity is None
        else f"{content.capacity:,} on each date",
        "bookingMandatory": "Only with a booking" if content.booking_mandatory else "Not needed",
        "contact": "\n".join(filter(None, (contact.email, contact.phone, contact.www))),
        "image": "" if content.image is None else _picture(content.image),
    }


def names_of(fields: Iterable[str]) -> str:
    """`name, times`: fields as a sentence names them."""
    return ", ".join(FIELD_NAMES[field].lower() for field in fields)


def facts(content: Content, currency: str = "") -> list[str]:
    """A thing in short: when, where, for whom, and for how much."""
    when = _when(content)
    times = "; ".join(when if content.kind == "EVENT" else when[:-1])
    return [times, content.where.address, _target(content), price(content.price, currency)]


def since(micros: int, time_zone: str) -> str:
    """`Saturday, 1 May 2027, 14:00`: a moment, by the clocks of a zone."""
    there = to_datetime(micros).astimezone(ZoneInfo(time_zone))
    return f"{day(there)}, {there:%H:%M}"


def plain(value: float) -> str:
    """The number without an exponent, so that it is the same when it is read again."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _when(content: Content) -> list[str]:
    start, end = content.when.start, content.when.end
    if content.kind == "EVENT":
        return [span(Occurrence(start, end, "", content.time_zone), _WITH_YEAR)]
    first, last = map(_moment_of_series, (start, end))
    hours = [f"{days}, {times}" for days, times in opening_hours(content)]
    within = f"from {first} to {last}" if first != last else f"on {first}"
    return [*(hours or ["Every day, all day"]), within]


def _moment_of_series(local: str) -> str:
    """A first or last day. Its time means nothing, and is told only where there is one."""
    time = clock(local[11:])
    return day(date.fromisoformat(local[:10])) + (f", {time}" if time != "00:00" else "")


def _oldest(content: Content) -> Iterable[str]:
    """The upper end of ages, where words leave it open."""
    return [f"up to {content.ages.end}"] if content.ages.end > OLD else []


def _parts_of_cents(content: Content) -> Iterable[str]:
    """The prices, where words round them."""
    ends = {"from": content.price.start, "to": content.price.end}
    return [f"{end} {plain(one)}" for end, one in ends.items() if round(one, 2) != one]


def _picture(image: Image) -> str:
    """The name of a picture, and where it is kept."""
    kept = " · ".join(filter(None, (image.region, image.bucket, image.mime_type)))
    return f"{image.name}\n{image.key}\n{kept}"


def _with_exact(words: str, exact: Iterable[str]) -> str:
    more = ", ".join(exact)
    return f"{words} ({more})" if more else words


def _target(content: Content) -> str:
    names = [name for audience, name in AUDIENCES.items() if audience in content.audience]
    everybody = listed([names[0], *[name.lower() for name in names[1:]]]) if names else ""
    return f"{everybody} · {ages(content.ages)}"
