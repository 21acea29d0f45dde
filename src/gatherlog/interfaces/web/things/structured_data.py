"""What search engines read of a thing: JSON-LD with the words of schema.org. Pure.

Every date is an event of its own, so that one that was cancelled or moved can say so. A place
without dates to book has its opening hours.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gatherlog.apps.things import (
    Content,
    Occurrence,
    OccurrencePlaces,
    Organiser,
    as_planned,
)
from gatherlog.interfaces.web.things.phrases import waits
from gatherlog.interfaces.web.things.thing_view import LoadedThing

__all__ = ["structured_data"]

MOST_DATES: Final = 20
"""Dates that are told of one thing."""
_STATUS: Final = "https://schema.org/Event"
_DAYS: Final = {
    "MON": "Monday",
    "TUE": "Tuesday",
    "WED": "Wednesday",
    "THU": "Thursday",
    "FRI": "Friday",
    "SAT": "Saturday",
    "SUN": "Sunday",
}
Data = dict[str, Any]  # JSON


def structured_data(loaded: LoadedThing, *, url: str, currency: str) -> Data:
    """The JSON-LD of a published thing. `url` is that of its page, and `currency` that of prices,
    without which none is told."""
    content = loaded.thing.content
    if content.kind == "PLACE":
        return {"@context": "https://schema.org", **_place(content), **_about(content, url)}
    shared = {**_about(content, url), **_event(content, loaded.organiser)}
    coming = [
        {**shared, **_date(content, one.occurrence), **_room(one), **_offer(content, one, currency)}
        for one in loaded.places[:MOST_DATES]
        if one.occurrence is not None
    ]
    off = [
        {**shared, **_times(one.planned), "eventStatus": f"{_STATUS}Cancelled"}
        for one in loaded.cancelled[:MOST_DATES]
    ]
    events = sorted(coming + off, key=lambda event: str(event["startDate"]))
    return {"@context": "https://schema.org", "@graph": events}


def _about(content: Content, url: str) -> Data:
    return {
        "name": content.name,
        "description": content.description,
        "url": url,
        "isAccessibleForFree": content.price.end == 0,
    }


def _event(content: Content, organiser: Organiser | None) -> Data:
    found: Data = {
        "@type": "Event",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {"@type": "Place", **_where(content)},
        "typicalAgeRange": f"{content.ages.start}-{content.ages.end}",
    }
    if organiser is not None:
        found["organizer"] = {"@type": "Organization", "name": organiser.name}
    return found


def _place(content: Content) -> Data:
    return {
        "@type": "Place",
        **_where(content),
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{_DAYS[one.day]}",
                "opens": one.start,
                "closes": one.end,
            }
            for one in content.when.hours
        ],
    }


def _where(content: Content) -> Data:
    where = content.where
    geo = {"@type": "GeoCoordinates", "latitude": where.lat, "longitude": where.lon}
    return {"name": where.address.split("\n")[0], "address": where.address, "geo": geo}


def _date(content: Content, one: Occurrence) -> Data:
    planned = as_planned(content, one.key) if one.moved else None
    if planned is None:
        return {**_times(one), "eventStatus": f"{_STATUS}Scheduled"}
    before = _moment(planned.start, planned.time_zone)
    return {**_times(one), "eventStatus": f"{_STATUS}Rescheduled", "previousStartDate": before}


def _times(one: Occurrence) -> Mapping[str, str]:
    return {
        "startDate": _moment(one.start, one.time_zone),
        "endDate": _moment(one.end, one.time_zone, fold=1),
    }


def _moment(local: str, time_zone: str, *, fold: int = 0) -> str:
    there = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(time_zone), fold=fold)
    return there.isoformat()


def _offer(content: Content, places: OccurrencePlaces, currency: str) -> Data:
    if not currency:
        return {}
    availability = "SoldOut" if waits(places) else "InStock"
    offer = {
        "@type": "AggregateOffer",
        "priceCurrency": currency,
        "lowPrice": content.price.start,
        "highPrice": content.price.end,
        "availability": f"https://schema.org/{availability}",
    }
    return {"offers": offer}


def _room(places: OccurrencePlaces) -> Data:
    if places.capacity is None or places.left is None:
        return {}
    left = 0 if places.waiting else places.left
    return {"maximumAttendeeCapacity": places.capacity, "remainingAttendeeCapacity": left}
