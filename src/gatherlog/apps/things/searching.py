"""What a search needs to know of a published thing, as plain data. Pure."""

from typing import Final

import msgspec

from gatherlog.apps.things.content import Audience, Category, Kind
from gatherlog.apps.things.occurrences import DayHours, coming, days_of
from gatherlog.apps.things.views import Organiser, Thing

__all__ = ["REINDEXED_BY", "Searchable", "searchable"]

REINDEXED_BY: Final = (
    "things.approved",
    "things.version_replaced",
    "things.withdrawn",
    "things.occurrence_altered",
    "things.profile_saved",
)
"""The types of events after which a thing, or all things of an organiser, have to be indexed anew.

The stream of the first four is `thing-{id}`, and that of the last is `organiser-{account}`. Days of
series come into sight one by one, so that a document is right for the day on which it was made.
"""


class Searchable(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one thing that a search looks into, filters and sorts by."""

    id: str
    name: str
    description: str
    organiser_id: str
    organiser: str
    """The organiser's name; empty without a profile."""
    kind: Kind
    category: Category
    audience: tuple[Audience, ...]
    lat: float
    lon: float
    ages_from: int
    ages_to: int
    price_from: float
    price_to: float
    booking_mandatory: bool
    adult_mandatory: bool
    time_zone: str
    hours: tuple[DayHours, ...]
    """Of all coming occurrences: one for each day on which one is, in the thing's zone. A date and
    a time have to fit the same one. A single event lists all of its days, also those gone by."""
    ends: tuple[int, ...]
    """For each of `hours`, when its occurrence is over, in microseconds since the epoch: it is not
    found any more from then on."""
    soonest: int
    """When the earliest coming occurrence begins, in microseconds."""


def searchable(thing: Thing, organiser: Organiser | None, *, now: int) -> Searchable | None:
    """What is to be indexed of a thing; None for what is not published or has no coming occurrence.

    Series and places are expanded for the next 90 days from `now`.
    """
    content = thing.content
    if thing.status != "PUBLISHED":
        return None
    occurrences = coming(content, thing.altered, now=now)
    if not occurrences:
        return None
    days = [(day, one.ends_at) for one in occurrences for day in days_of(one)]
    return Searchable(
        id=thing.id,
        name=content.name,
        description=content.description,
        organiser_id=thing.organiser_id,
        organiser="" if organiser is None else organiser.name,
        kind=content.kind,
        category=content.category,
        audience=content.audience,
        lat=content.where.lat,
        lon=content.where.lon,
        ages_from=content.ages.start,
        ages_to=content.ages.end,
        price_from=content.price.start,
        price_to=content.price.end,
        booking_mandatory=content.booking_mandatory,
        adult_mandatory=content.adult_mandatory,
        time_zone=content.time_zone,
        hours=tuple(day for day, _ in days),
        ends=tuple(end for _, end in days),
        soonest=occurrences[0].starts_at,
    )
