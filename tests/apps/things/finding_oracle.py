"""What finding things has to find, told as plainly as can be: all things, days and hours are seen.

It shares with the app only the form of its documents; how documents are searched is in
`tests/search/oracle.py`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gatherlog.apps.things import Content, Thing, ThingQuery
from gatherlog.apps.things.content import DAYS
from gatherlog.core.search import Occurrence, Place, SearchDocument, SearchQuery, Sort, Text
from tests.search.oracle import Expected, expected

__all__ = ["found_by", "is_over", "parts_of"]

Span = tuple[datetime, datetime]
"""A local beginning and end."""


def found_by(
    query: ThingQuery, things: Iterable[Thing], names: dict[str, str], now: datetime
) -> list[Expected]:
    """All published things that a query finds, in its order; `names` are those of organisers."""
    documents = [_document(thing, names) for thing in things if thing.status == "PUBLISHED"]
    return expected(documents, _asked(query), now)


def parts_of(thing: Thing) -> list[Occurrence]:
    """All days and hours on which it takes place, whether they are over or not."""
    return [part for span in _spans(thing) for part in _days(*span)]


def is_over(one: Occurrence, zone: str, now: datetime, ahead: int) -> bool:
    """Whether it is over by the clocks of its zone, or too far ahead to be found."""
    local = now.astimezone(ZoneInfo(zone))
    end = max(one.end, one.start + 1)
    if one.day > local.date() + timedelta(days=ahead):
        return True
    return (one.day, end) <= (local.date(), local.hour * 60 + local.minute)


def _document(thing: Thing, names: dict[str, str]) -> SearchDocument:
    content = thing.content
    return SearchDocument(
        id=thing.id,
        texts=[
            Text(content.name, 5),
            Text(content.description, 3),
            Text(names[thing.organiser_id], 2),
        ],
        tags={
            "kinds": [content.kind],
            "categories": [content.category],
            "audience": content.audience,
            "booking_mandatory": [str(content.booking_mandatory)],
            "adult_mandatory": [str(content.adult_mandatory)],
        },
        place=Place(content.where.lat, content.where.lon),
        ages=(content.ages.start, content.ages.end),
        prices=(content.price.start, content.price.end),
        occurrences=parts_of(thing),
        zone=content.time_zone,
        rolling=content.kind != "EVENT",
    )


def _asked(query: ThingQuery) -> SearchQuery:
    flags = {name: getattr(query, name) for name in ("booking_mandatory", "adult_mandatory")}
    sort = {"RELEVANCE": Sort.RELEVANCE, "PRICE": Sort.PRICE, "SOONEST": Sort.SOONEST}
    return SearchQuery(
        text=query.text,
        tags={
            "kinds": query.kinds,
            "categories": query.categories,
            "audience": query.audience,
            **{name: [str(flag)] for name, flag in flags.items() if flag is not None},
        },
        ages=query.ages,
        prices=query.prices,
        within=query.within,
        near=query.near,
        days=query.days or (None, None),
        times=query.times,
        sort=sort.get(query.sort, Sort.DISTANCE),
        descending=query.descending,
    )


def _spans(thing: Thing) -> Iterator[Span]:
    """When it takes place, with all that was cancelled or moved."""
    altered = {one.key: one for one in thing.altered}
    for key, span in _planned(thing.content):
        one = altered.get(key)
        if one is None:
            yield span
        elif one.start is not None and one.end is not None:
            yield datetime.fromisoformat(one.start), datetime.fromisoformat(one.end)


def _planned(content: Content) -> Iterator[tuple[str, Span]]:
    """What was planned, by its key."""
    start, end = map(datetime.fromisoformat, (content.when.start, content.when.end))
    if content.kind == "EVENT":
        yield "once", (start, end)
        return
    day = start.date()
    while day <= end.date():
        for hours in content.when.hours:
            if hours.day == DAYS[day.weekday()]:
                suffix = f".{hours.slot}" if hours.slot else ""
                yield f"{day}{suffix}", _on(day, hours.start, hours.end)
        if content.kind == "PLACE" and not content.when.hours:
            yield f"{day}", _on(day, "00:00:00", "00:00:00")
        day += timedelta(days=1)


def _on(day: date, start: str, end: str) -> Span:
    begin, until = (datetime.combine(day, time.fromisoformat(one)) for one in (start, end))
    return begin, until if until > begin else until + timedelta(days=1)


def _days(start: datetime, end: datetime) -> Iterator[Occurrence]:
    day = start.date()
    while day <= end.date():
        midnight = datetime.combine(day, time())
        first = max(0, int((start - midnight).total_seconds()) // 60)
        last = min(1440, int((end - midnight).total_seconds()) // 60)
        if day == start.date() or last > first:
            yield Occurrence(day, first, last)
        day += timedelta(days=1)
