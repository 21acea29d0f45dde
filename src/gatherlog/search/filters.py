"""What a query asks for besides its text, as queries of the index."""

from collections.abc import Iterator
from datetime import date
from itertools import compress
from typing import Final

from tantivy import DocAddress, FieldType, Occur, Query

from gatherlog.core.search.documents import Occurrence
from gatherlog.core.search.places import Circle, distances
from gatherlog.core.search.queries import SearchQuery
from gatherlog.search.calendar import Calendar, local_moment
from gatherlog.search.cells import Range, cover
from gatherlog.search.rows import SCHEMA, Kept, tag_token
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.texts import all_of, any_of, any_term

__all__ = [
    "PLACED",
    "Times",
    "around",
    "except_for",
    "in_cells",
    "measured",
    "simple_filters",
    "within_circle",
]

_COARSE: Final = 4
_FINE: Final = 10
"""Rows of cells that the radius of a circle has, at least."""


class Times:
    """Which occurrences a query wants, in every zone that documents have."""

    def __init__(self, query: SearchQuery, snapshot: Snapshot, now: int) -> None:
        first, last = query.days
        self._days = (_ordinal(first), _ordinal(last))
        self._times = query.times
        self._moments = {zone: local_moment(zone, now) for zone in snapshot.zones}
        windows, last_day = snapshot.windows, snapshot.last_day
        self.calendars = {
            moment: Calendar(self._days, self._times, moment, windows, last_day)
            for moment in self._moments.values()
        }
        """By what time it is now: zones in which it is the same have one in common."""

    @property
    def asks_nothing(self) -> bool:
        """Whether documents that are not bound to any time are found, too."""
        return self._days == (None, None) and self._times is None

    @property
    def filter(self) -> Query:
        """Finds documents with an occurrence that is wanted and not over."""
        timed = self.between(*self.bounds)
        return any_of([TIMELESS, timed]) if self.asks_nothing else timed

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest key that an occurrence which is wanted can have."""
        bounds = [calendar.bounds for calendar in self.calendars.values()] or [(0, 0)]
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    def between(self, low: int, high: int) -> Query:
        """Finds documents with such an occurrence that has a key from `low` to `high`."""
        found = []
        for moment, calendar in self.calendars.items():
            tokens = calendar.tokens(low, high)
            if tokens:
                query = any_term("times", tokens)
                if len(self.calendars) > 1:
                    zones = [zone for zone, its in self._moments.items() if its == moment]
                    query = all_of([any_term("zone", zones), query])
                found.append(query)
        return any_of(found)

    def soonest(self, kept: Kept) -> Occurrence | None:
        """The first occurrence of a document that is wanted and not over; None: there is none."""
        if not kept.occurrences:
            return None
        calendar = self.calendars[self._moments[kept.zone]]
        return calendar.first_wanted(kept.occurrences, kept.rolling)


def simple_filters(query: SearchQuery) -> Iterator[Query]:
    """Queries for tags, ages and prices. Ages that have both ends of a range have all between."""
    for kind, values in (*query.tags.items(), *query.among.items()):
        if values:
            yield any_term("tags", [tag_token(kind, value) for value in values])
    if query.ages:
        yield any_term("ages", [min(youngest for youngest, _ in query.ages)])
        yield any_term("ages", [max(oldest for _, oldest in query.ages)])
    if query.prices is not None:
        low, high = map(float, query.prices)
        yield Query.range_query(SCHEMA, "price_from", FieldType.Float, None, high)
        yield Query.range_query(SCHEMA, "price_to", FieldType.Float, low, None)


def around(circle: Circle) -> Query:
    """Finds all documents in a circle, and some others near it."""
    outer = cover(circle.center, circle.radius, rows=_COARSE).outer
    return PLACED if outer is None else in_cells(outer)


def within_circle(snapshot: Snapshot, circle: Circle, others: list[Query]) -> Query:
    """Finds all documents in a circle, exactly, as far as `others` find them as well.

    Those in cells at the edge are measured one by one.
    """
    cells = cover(circle.center, circle.radius, rows=_FINE)
    inner, outer = in_cells(cells.inner), PLACED if cells.outer is None else in_cells(cells.outer)
    at_edge = all_of([*others, except_for(outer, inner)])
    _, hits = snapshot.some(at_edge)
    ties = compress(
        (tie for tie, _ in hits), measured(snapshot, circle, [address for _, address in hits])
    )
    return any_of([inner, Query.term_set_query(SCHEMA, "tie", [*ties])])


def measured(snapshot: Snapshot, circle: Circle, found: list[DocAddress]) -> list[bool]:
    """Whether each of these documents is in a circle."""
    lats, lons = snapshot.values("lat", found), snapshot.values("lon", found)
    return [away <= circle.radius for away in distances(circle.center, lats, lons)]


def in_cells(ranges: list[Range]) -> Query:
    """Finds documents in these cells."""
    return any_of(
        [
            Query.range_query(
                SCHEMA, "cells", FieldType.Unsigned, low, high, use_inverted_index=True
            )
            for low, high in ranges
        ]
    )


def except_for(query: Query, other: Query) -> Query:
    """Finds what `query` finds and `other` does not."""
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, other)])


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


TIMELESS: Final = Query.term_query(SCHEMA, "timeless", "y", "basic")
PLACED: Final = Query.exists_query("lat")
