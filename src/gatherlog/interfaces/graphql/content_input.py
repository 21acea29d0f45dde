"""`ThingToDoInput` as the content of a thing. What it must be like is checked by the service."""

from collections.abc import Mapping
from typing import Any

from gatherlog.apps.things import (
    Contact,
    Content,
    FloatRange,
    Hours,
    Image,
    IntRange,
    When,
    Where,
)

__all__ = ["content_from"]

Given = Mapping[str, Any]


def content_from(given: Given, *, time_zone: str, capacity: int | None = None) -> Content:
    """The content; `time_zone` and `capacity` are for an input that does not say them."""
    where, target, price = given["where"], given["target"], given["price"]
    return Content(
        name=given["name"],
        description=given["description"],
        kind=given["type"],
        where=Where(address=where["address"], **where["location"]),
        when=_when(given["when"]),
        contact=Contact(**given["contact"]),
        ages=IntRange(target["age"]["from"], target["age"]["to"]),
        audience=tuple(target["type"]),
        category=given["category"],
        price=FloatRange(price["from"], price["to"]),
        booking_mandatory=given["bookingMandatory"],
        adult_mandatory=given["adultMandatory"],
        image=_image(given.get("image")),
        capacity=given.get("capacity", capacity),
        time_zone=given.get("timeZone") or time_zone,
    )


def _when(given: Given) -> When:
    span = given["dateTime"]
    hours = [
        Hours(day=one["dayOfWeek"], start=one["hours"]["from"], end=one["hours"]["to"])
        for one in given["occurrences"]
    ]
    return When(start=span["from"], end=span["to"], hours=tuple(hours))


def _image(given: Given | None) -> Image | None:
    if given is None:
        return None
    named = {name: given[name] for name in ("name", "bucket", "key", "region")}
    return Image(**named, mime_type=given.get("mimeType"))
