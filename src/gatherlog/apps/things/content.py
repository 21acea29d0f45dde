"""What a thing to do says of itself: the fields that an organiser fills in and a reviewer judges.

The same structs are input, before `checks` has brought them into their stored form, and the stored
form. Times are local to `time_zone`, so that a class at four stays at four when clocks change.
"""

from itertools import chain, count
from typing import Final, Literal, get_args

import msgspec

__all__ = [
    "CATEGORIES_OF_THINGS",
    "DAYS",
    "FIELDS",
    "Audience",
    "Category",
    "Contact",
    "Content",
    "Day",
    "FloatRange",
    "Hours",
    "Image",
    "IntRange",
    "Kind",
    "When",
    "Where",
    "changed_fields",
    "with_slots",
]

Kind = Literal["EVENT", "RECURRING_EVENT", "PLACE"]
"""An EVENT takes place once, from `when.start` to `when.end`, on one day or on several in a row. A
RECURRING_EVENT is a series: on every day from the first to the last that has hours in `when.hours`.
A PLACE is open at these hours, or all day where there are none."""
Day = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
Audience = Literal["ADULT", "CHILD", "FAMILY"]
Category = Literal[
    "MUSIC",
    "DANCE",
    "ARTS",
    "CRAFTS",
    "SPORT",
    "OUTDOOR",
    "CINEMA",
    "THEATER",
    "PARTY",
    "PERSONAL_DEVELOPMENT",
    "CAFE",
    "RESTAURANT",
    "PLAYROOM",
    "ENTERTAINMENT",
    "CULTURE",
    "EDUCATION",
    "OTHER",
]
DAYS: Final[tuple[Day, ...]] = get_args(Day)
CATEGORIES_OF_THINGS: Final[tuple[Category, ...]] = get_args(Category)
FIELDS: Final = (
    "name",
    "description",
    "type",
    "where",
    "when",
    "contact",
    "target",
    "image",
    "bookingMandatory",
    "adultMandatory",
    "category",
    "price",
    "capacity",
    "timeZone",
)
"""The fields as GraphQL and the pages name them; flaws and a reviewer's reasons point to these."""
_ATTRIBUTES: Final = {
    "type": ("kind",),
    "target": ("ages", "audience"),
    "bookingMandatory": ("booking_mandatory",),
    "adultMandatory": ("adult_mandatory",),
    "timeZone": ("time_zone",),
}
"""The attributes of `Content` that hold a field, where they have another name."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """A point, in degrees of WGS 84, and its address as text."""

    lat: float
    lon: float
    address: str


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one weekday, as local times; an `end` not after the `start` is on the next day."""

    day: Day
    start: str
    end: str
    slot: int = 0
    """Tells the hours of one weekday apart, whatever times they have; see `with_slots`. What is
    given as input does not count."""


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Local date-times `2027-05-01T14:00:00`; on input also RFC 3339 with an offset."""

    start: str
    end: str
    hours: tuple[Hours, ...] = ()


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    email: str | None = None
    phone: str | None = None
    www: str | None = None


class IntRange(msgspec.Struct, frozen=True):
    """From `start` to `end`, both included."""

    start: int
    end: int


class FloatRange(msgspec.Struct, frozen=True):
    """From `start` to `end`, both included."""

    start: float
    end: float


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Where a picture is kept. Nothing is known here of its bytes."""

    name: str
    bucket: str
    key: str
    region: str
    mime_type: str | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All fields of a thing to do."""

    name: str
    description: str
    kind: Kind
    where: Where
    when: When
    contact: Contact
    ages: IntRange
    """In whole years, on the day of the activity."""
    audience: tuple[Audience, ...]
    category: Category
    price: FloatRange
    """In the site's currency."""
    booking_mandatory: bool
    adult_mandatory: bool
    image: Image | None = None
    capacity: int | None = None
    """Places of one occurrence; None is no limit."""
    time_zone: str = "UTC"


def with_slots(content: Content, before: Content | None = None) -> Content:
    """The content with numbered hours, so that bookings follow hours to another time.

    Hours that begin when those of `before` did keep the number. Others of that weekday get first
    the numbers of hours that are not there any more, and then those that none of them had.
    """
    hours = content.when.hours
    numbered = {one: one for one in hours}
    for day in DAYS:
        here = sorted((one for one in hours if one.day == day), key=lambda one: one.start)
        old = () if before is None else before.when.hours
        slots = {one.start: one.slot for one in old if one.day == day}
        kept = {slots[one.start] for one in here if one.start in slots}
        gone = sorted(set(slots.values()) - kept)
        unused = (number for number in count() if number not in slots.values())
        free = chain(gone, unused)
        for one in here:
            slot = slots[one.start] if one.start in slots else next(free)
            numbered[one] = msgspec.structs.replace(one, slot=slot)
    when = msgspec.structs.replace(content.when, hours=tuple(numbered[one] for one in hours))
    return msgspec.structs.replace(content, when=when)


def changed_fields(before: Content, after: Content) -> tuple[str, ...]:
    """Those of `FIELDS` that are not the same, in their order.

    In which order hours are given, and how they are numbered, makes no difference.
    """
    return tuple(field for field in FIELDS if _of(before, field) != _of(after, field))


def _of(content: Content, field: str) -> tuple[object, ...]:
    if field == "when":
        hours = sorted((one.day, one.start, one.end) for one in content.when.hours)
        return content.when.start, content.when.end, hours
    return tuple(getattr(content, name) for name in _ATTRIBUTES.get(field, (field,)))
