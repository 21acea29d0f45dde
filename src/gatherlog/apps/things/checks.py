"""Form and range of every field of a thing, a child and a text. Flaws are named as in GraphQL."""

import math
import re
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from gatherlog.apps.things.content import (
    CATEGORIES_OF_THINGS,
    DAYS,
    FIELDS,
    Contact,
    Content,
    FloatRange,
    Hours,
    Image,
    IntRange,
    When,
    Where,
)
from gatherlog.apps.things.events import Reason
from gatherlog.apps.things.inputs import ChildDetails
from gatherlog.apps.things.views import Child
from gatherlog.core.commands.checks import FieldChecks

__all__ = ["Checks", "checked_child", "checked_content", "checked_reasons", "checked_text"]

NAME_LENGTH: Final = 120
DESCRIPTION_LENGTH: Final = 10_000
LINE_LENGTH: Final = 300
TEXT_LENGTH: Final = 2_000
KEY_LENGTH: Final = 1_024
MOST_PRICE: Final = 1_000_000.0
MOST_AGE: Final = 120
MOST_PLACES: Final = 100_000
MOST_HOURS: Final = 50
MOST_REASONS: Final = 50
LONGEST_EVENT: Final = timedelta(days=366)
LONGEST_SERIES: Final = timedelta(days=3653)
"""A single event lasts a year at most, a series or place is planned for ten."""
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()/.\-]{2,38}[0-9]")
_WEEK: Final = {day: place for place, day in enumerate(DAYS)}
_TOLD_OF_CHILDREN: Final = {
    "allergies": "allergies",
    "emergency_contact": "emergencyContact",
    "pick_up": "pickUp",
}
_KINDS: Final = ("EVENT", "RECURRING_EVENT", "PLACE")
_AUDIENCES: Final = ("ADULT", "CHILD", "FAMILY")


class Checks(FieldChecks):
    """The checks of one input of the things app."""

    def number(self, field: str, value: float, least: float, most: float) -> float:
        """A finite number from `least` to `most`."""
        if not (math.isfinite(value) and least <= value <= most):
            self.note(field, f"should be a number from {least:,.10g} to {most:,.10g}")
        return float(value)

    def required(self, field: str, text: str, length: int) -> str:
        """Text of several lines that is not blank."""
        found = self.free_text(field, text, length)
        if found is None:
            self.note(field, "is missing or blank")
        return found or ""

    def optional_line(self, field: str, text: str | None, length: int) -> str | None:
        """One line; a blank one is None."""
        if text is None or not text.strip():
            return None
        return self.line(field, text.strip(), length)

    def where(self, where: Where) -> Where:
        return Where(
            lat=self.number("where/location/lat", where.lat, -90, 90),
            lon=self.number("where/location/lon", where.lon, -180, 180),
            address=self.required("where/address", where.address, LINE_LENGTH),
        )

    def contact(self, contact: Contact) -> Contact:
        phone = self.optional_line("contact/phone", contact.phone, 40)
        if phone is not None and not _PHONE.fullmatch(phone):
            self.note("contact/phone", "is not a phone number; one looks like +49 30 901820")
        www = self.optional_line("contact/www", contact.www, LINE_LENGTH)
        if www is not None and not _is_web_address(www):
            self.note("contact/www", "should be an address like https://example.org")
        blank = contact.email is None or not contact.email.strip()
        email = None if blank else self.email("contact/email", contact.email)
        return Contact(email=email, phone=phone, www=www)

    def ages(self, ages: IntRange) -> IntRange:
        self.whole("target/age/from", ages.start, MOST_AGE)
        self.whole("target/age/to", ages.end, MOST_AGE)
        if ages.start > ages.end:
            self.note("target/age/to", "should not be less than from")
        return ages

    def price(self, price: FloatRange) -> FloatRange:
        start = self.number("price/from", price.start, 0, MOST_PRICE)
        end = self.number("price/to", price.end, 0, MOST_PRICE)
        if start > end:
            self.note("price/to", "should not be less than from")
        return FloatRange(start, end)

    def image(self, image: Image | None) -> Image | None:
        if image is None:
            return None
        return Image(
            name=self.line("image/name", image.name, LINE_LENGTH),
            bucket=self.line("image/bucket", image.bucket, LINE_LENGTH),
            key=self.line("image/key", image.key, KEY_LENGTH),
            region=self.line("image/region", image.region, LINE_LENGTH),
            mime_type=self.optional_line("image/mimeType", image.mime_type, LINE_LENGTH),
        )

    def when(self, content: Content, zone: str) -> When:
        """Times in `zone`, in order; hours for a series, as they follow each other in a week."""
        when, flaws = content.when, len(self.flaws)
        start = self._date_time("when/dateTime/from", when.start, zone)
        end = self._date_time("when/dateTime/to", when.end, zone)
        if len(self.flaws) == flaws:
            self._check_range(content.kind, start, end)
        if len(when.hours) > MOST_HOURS:
            self.note("when/occurrences", f"has {len(when.hours):,} entries; {MOST_HOURS} fit")
            return when
        if content.kind == "RECURRING_EVENT" and not when.hours:
            self.note("when/occurrences", "is missing: a recurring event needs days with hours")
        hours = tuple(
            self._hours(f"when/occurrences/{place}", one, start, zone)
            for place, one in enumerate(when.hours)
        )
        begins = [(one.day, one.start) for one in hours]
        if len(set(begins)) < len(begins):
            self.note("when/occurrences", "has the same day and beginning twice")
        ordered = sorted(hours, key=lambda one: (_WEEK.get(one.day, 0), one.start))
        return When(start=start, end=end, hours=tuple(ordered))

    def _date_time(self, field: str, text: str, zone: str) -> str:
        found = self.local_time(field, text, zone) or ""
        return found if "T" in found or not found else f"{found}T00:00:00"

    def _check_range(self, kind: str, start: str, end: str) -> None:
        lasts = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        longest = LONGEST_EVENT if kind == "EVENT" else LONGEST_SERIES
        if lasts < timedelta(0):
            self.note("when/dateTime/to", "should not be before from")
        elif lasts > longest:
            self.note("when/dateTime/to", f"should be at most {longest.days:,} days after from")

    def _hours(self, field: str, hours: Hours, start: str, zone: str) -> Hours:
        self.one_of(f"{field}/dayOfWeek", hours.day, DAYS)
        begin = self._time(f"{field}/hours/from", hours.start, start, zone)
        end = self._time(f"{field}/hours/to", hours.end, start, zone)
        return Hours(day=hours.day, start=begin, end=end)

    def _time(self, field: str, text: str, start: str, zone: str) -> str:
        """A local time; one with an offset is converted as on the first day, `start`."""
        try:
            read = time.fromisoformat(text.upper())
            if read.tzinfo is not None:
                day = date.fromisoformat(start[:10])
                read = datetime.combine(day, read).astimezone(ZoneInfo(zone)).time()
        except (ValueError, OverflowError):
            self.note(field, "should be a time like 14:00:00")
            return "00:00:00"
        return read.replace(microsecond=0).isoformat()


def checked_content(content: Content) -> Content:
    """The content in its stored form. Raises Invalid, naming every flaw as GraphQL's input does."""
    check = Checks()
    zone = check.zone("timeZone", content.time_zone)
    check.one_of("type", content.kind, _KINDS)
    check.one_of("category", content.category, CATEGORIES_OF_THINGS)
    for place, audience in enumerate(content.audience[: len(_AUDIENCES) + 1]):
        check.one_of(f"target/type/{place}", audience, _AUDIENCES)
    if not content.audience:
        check.note("target/type", "is missing")
    if content.capacity is not None:
        check.whole("capacity", content.capacity, MOST_PLACES, least=1)
    stored = msgspec.structs.replace(
        content,
        name=check.line("name", content.name.strip(), NAME_LENGTH),
        description=check.required("description", content.description, DESCRIPTION_LENGTH),
        where=check.where(content.where),
        when=check.when(content, zone),
        contact=check.contact(content.contact),
        ages=check.ages(content.ages),
        audience=tuple(one for one in _AUDIENCES if one in content.audience),
        price=check.price(content.price),
        image=check.image(content.image),
        time_zone=zone,
    )
    check.done()
    return stored


def checked_child(
    child: ChildDetails, before: Child | None = None, *, today: date
) -> dict[str, str | None]:
    """All that is told of a child, in its stored form; `before` is what was told so far.

    Raises Invalid.
    """
    check = Checks()
    stored: dict[str, str | None] = {
        "name": check.line("name", child.name.strip(), NAME_LENGTH),
        "birth_date": _birth_date(check, child.birth_date, today),
    }
    for name, field in _TOLD_OF_CHILDREN.items():
        if (text := getattr(child, name)) is not UNSET:
            stored[name] = check.free_text(field, text, TEXT_LENGTH)
        else:
            stored[name] = None if before is None else getattr(before, name)
    check.done()
    return stored


def checked_reasons(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """At least one reason, each about a field of `FIELDS` or, with an empty field, about all."""
    check = Checks()
    if not 1 <= len(reasons) <= MOST_REASONS:
        check.note("reasons", f"should be 1 to {MOST_REASONS}")
    found = []
    for place, reason in enumerate(reasons[:MOST_REASONS]):
        if reason.field:
            check.one_of(f"reasons/{place}/field", reason.field.partition(".")[0], FIELDS)
            check.line(f"reasons/{place}/field", reason.field, NAME_LENGTH)
        text = check.required(f"reasons/{place}/text", reason.text, TEXT_LENGTH)
        found.append(Reason(reason.field, text))
    check.done()
    return tuple(found)


def checked_text(field: str, text: str, length: int = TEXT_LENGTH) -> str:
    """Text of several lines that is not blank. Raises Invalid."""
    check = Checks()
    found = check.required(field, text, length)
    check.done()
    return found


def _birth_date(check: Checks, text: str, today: date) -> str:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        check.note("birthDate", "should be a date like 2019-03-21")
        return text
    if not today.replace(year=today.year - MOST_AGE, day=1) <= born <= today:
        check.note("birthDate", f"should be within the last {MOST_AGE} years")
    return born.isoformat()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False
