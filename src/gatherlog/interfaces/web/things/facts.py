"""What a thing to do says of itself, field by field, for its organiser and its reviewers. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from gatherlog.apps.things import Content, Image, Occurrence, ThingStatus, Where
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.texts import N_, Translated, _
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
from gatherlog.interfaces.web.words import day, listed, number, zone

__all__ = [
    "FIELD_NAMES",
    "STATUS_MARKS",
    "STATUS_NAMES",
    "facts",
    "names_of",
    "on_each_date",
    "plain",
    "said",
    "since",
]

STATUS_NAMES: Final = Translated(
    {
        "DRAFT": N_("Draft"),
        "PENDING": N_("Waiting for review"),
        "PUBLISHED": N_("Published"),
        "REJECTED": N_("Sent back"),
        "REMOVED": N_("Taken down"),
    }
)
STATUS_MARKS: Final[Mapping[ThingStatus, str]] = {
    "DRAFT": "pending",
    "PENDING": "waiting",
    "PUBLISHED": "coming",
    "REJECTED": "wrong",
    "REMOVED": "declined",
}
"""How pages mark the states, in the colours that they have."""
FIELD_NAMES: Final = Translated(
    {
        "name": N_("Name"),
        "description": N_("Description"),
        "type": N_("Kind"),
        "category": N_("Category"),
        "when": N_("Times"),
        "timeZone": N_("Time zone"),
        "where": N_("Place"),
        "target": N_("Who it is for"),
        "adultMandatory": N_("Adults"),
        "price": N_("Price"),
        "capacity": N_("Places"),
        "bookingMandatory": N_("Booking"),
        "contact": N_("Contact"),
        "image": N_("Picture"),
    }
)
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
        "where": f"{where.address}\n{_on_map(where)}",
        "target": _with_exact(_target(content), _oldest(content)),
        "adultMandatory": _("Have to stay") if content.adult_mandatory else _("Need not stay"),
        "price": _with_exact(price(content.price, currency), _parts_of_cents(content)),
        "capacity": _("No limit") if content.capacity is None else on_each_date(content.capacity),
        "bookingMandatory": _("Only with a booking")
        if content.booking_mandatory
        else _("Not needed"),
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


def on_each_date(places: int) -> str:
    """`12 on each date`."""
    return _("{count} on each date").format(count=number(places))


def plain(value: float) -> str:
    """The number without an exponent, so that it is the same when it is read again."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _on_map(where: Where) -> str:
    return _("{point} on the map").format(point=f"{plain(where.lat)}, {plain(where.lon)}")


def _when(content: Content) -> list[str]:
    start, end = content.when.start, content.when.end
    if content.kind == "EVENT":
        return [span(Occurrence(start, end, "", content.time_zone), _WITH_YEAR)]
    first, last = map(_moment_of_series, (start, end))
    hours = [f"{days}, {times}" for days, times in opening_hours(content)]
    within = _("from {first} to {last}") if first != last else _("on {first}")
    return [*(hours or [_("Every day, all day")]), within.format(first=first, last=last)]


def _moment_of_series(local: str) -> str:
    """A first or last day. Its time means nothing, and is told only where there is one."""
    time = clock(local[11:])
    return day(date.fromisoformat(local[:10])) + (f", {time}" if time != "00:00" else "")


def _oldest(content: Content) -> Iterable[str]:
    """The upper end of ages, where words leave it open."""
    return [_("up to {most}").format(most=content.ages.end)] if content.ages.end > OLD else []


def _parts_of_cents(content: Content) -> Iterable[str]:
    """The prices, where words round them."""
    ends = {_("from {amount}"): content.price.start, _("to {amount}"): content.price.end}
    return [text.format(amount=plain(one)) for text, one in ends.items() if round(one, 2) != one]


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
