"""What is shown of things, dates and pictures: one row for each field, the same in all APIs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from gatherlog.apps.things import Content, Image, Occurrence, OccurrencePlaces, Thing
from gatherlog.core.eventstore.clock import rfc3339

__all__ = ["FIELDS", "REASON", "THING", "ShownThing", "dates_of", "moment", "organiser_of"]

Resolver = Callable[..., Any]
Fields = Mapping[str, Resolver]


class ShownThing(msgspec.Struct, frozen=True):
    """A thing as it is shown to one who may see it."""

    thing: Thing
    version: int | None = None
    """Of its document, where it is one's own or to be reviewed."""
    distance: float | None = None
    live: Thing | None = None
    """What is published, where this is to replace it."""


@lru_cache(4096)
def moment(local: str, zone: str, *, last: bool = False) -> str:
    """A local date-time with its offset. `last` takes the second of two times that are alike, when
    clocks are put back."""
    there = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=int(last))
    return there.isoformat()


def _of_content(read: Callable[[Content], Any]) -> Resolver:
    return lambda shown, info: read(shown.thing.content)


THING: Final[Fields] = {
    "id": lambda shown, info: shown.thing.id,
    "type": _of_content(lambda content: content.kind),
    "name": _of_content(lambda content: content.name),
    "description": _of_content(lambda content: content.description),
    "where": _of_content(lambda content: content.where),
    "when": _of_content(lambda content: content),
    "contact": _of_content(lambda content: content.contact),
    "target": _of_content(lambda content: content),
    "image": _of_content(lambda content: content.image),
    "bookingMandatory": _of_content(lambda content: content.booking_mandatory),
    "adultMandatory": _of_content(lambda content: content.adult_mandatory),
    "category": _of_content(lambda content: content.category),
    "price": _of_content(lambda content: content.price),
    "distance": lambda shown, info: shown.distance,
    "capacity": _of_content(lambda content: content.capacity),
    "timeZone": _of_content(lambda content: content.time_zone),
}
_RANGE: Final[Fields] = {
    "from": lambda span, info: span.start,
    "to": lambda span, info: span.end,
}
FIELDS: Final[Mapping[str, Fields]] = {
    "Where": {
        "location": lambda where, info: where,
        "address": lambda where, info: where.address,
    },
    "Coordinates": {
        "lat": lambda where, info: where.lat,
        "lon": lambda where, info: where.lon,
    },
    "When": {
        "dateTime": lambda content, info: content,
        "occurrences": lambda content, info: content.when.hours,
    },
    "DateTimeRange": {
        "from": lambda content, info: moment(content.when.start, content.time_zone),
        "to": lambda content, info: moment(content.when.end, content.time_zone, last=True),
    },
    "Occurence": {
        "dayOfWeek": lambda hours, info: hours.day,
        "hours": lambda hours, info: hours,
    },
    "TimeRange": _RANGE,
    "Contact": {
        "email": lambda contact, info: contact.email,
        "phone": lambda contact, info: contact.phone,
        "www": lambda contact, info: contact.www,
    },
    "Target": {
        "age": lambda content, info: content.ages,
        "type": lambda content, info: content.audience,
    },
    "IntRange": _RANGE,
    "FloatRange": _RANGE,
    "Organiser": {
        "id": lambda organiser, info: organiser.id,
        "name": lambda organiser, info: organiser.name,
    },
}
"""Of the types that are the same in all APIs."""
IMAGE: Final[Fields] = {
    "name": lambda image, info: image.name,
    "bucket": lambda image, info: image.bucket,
    "key": lambda image, info: image.key,
    "region": lambda image, info: image.region,
    "imageUri": lambda image, info: image_address(image),
}
REASON: Final[Fields] = {
    "field": lambda reason, info: reason.field,
    "text": lambda reason, info: reason.text,
}
CHILD: Final[Fields] = {
    "id": lambda child, info: child.id,
    "name": lambda child, info: child.name,
    "birthDate": lambda child, info: child.birth_date,
    "allergies": lambda child, info: child.allergies,
    "emergencyContact": lambda child, info: child.emergency_contact,
    "pickUp": lambda child, info: child.pick_up,
}


def dates_of(read: Callable[[Any], Occurrence | None]) -> Fields:
    """The fields `date`, `from` and `to` of a source with an occurrence; null where it has none."""

    def of(show: Callable[[Occurrence], str]) -> Resolver:
        def resolve(source: Any, info: Any) -> str | None:
            one = read(source)
            return None if one is None else show(one)

        return resolve

    return {
        "date": of(lambda one: one.date),
        "from": of(lambda one: moment(one.start, one.time_zone)),
        "to": of(lambda one: moment(one.end, one.time_zone, last=True)),
    }


def _occurrence(places: OccurrencePlaces) -> Occurrence | None:
    return places.occurrence


PLACES: Final[Fields] = {
    **dates_of(_occurrence),
    "capacity": lambda places, info: places.capacity,
    "left": lambda places, info: places.left,
    "waiting": lambda places, info: places.waiting,
}


def organiser_of(shown: ShownThing, info: Any) -> Any:
    """The profile of a thing's organiser, read with those of all other things."""
    return info.context.organisers.load(shown.thing.organiser_id)


def at(micros: int) -> str:
    """A moment in microseconds since the epoch, in UTC."""
    return rfc3339(micros)


def image_address(image: Image) -> str:
    """The address of a picture in the object store that its parts name."""
    bucket, region = quote(image.bucket, safe=""), quote(image.region, safe="")
    return f"https://{bucket}.s3.{region}.amazonaws.com/{quote(image.key)}"
