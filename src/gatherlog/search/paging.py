"""Pages of what a query finds: in either direction, after and before places in an ordering."""

from bisect import bisect_left, bisect_right
from heapq import nlargest, nsmallest
from itertools import compress
from operator import itemgetter
from typing import Final, NamedTuple

from tantivy import FieldType, Query

from gatherlog.core.search.places import Circle
from gatherlog.search.filters import around, measured, within_circle
from gatherlog.search.orderings import Band, Item, Key, Ordering
from gatherlog.search.rows import SCHEMA
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.texts import all_of

__all__ = ["HIGHEST", "LOWEST", "Between", "Mark", "Pager"]


class Mark(NamedTuple):
    """A place in an ordering."""

    key: Key
    tie: int


LOWEST: Final = Mark(float("-inf"), -1)
HIGHEST: Final = Mark(float("inf"), -1)
_MARK: Final = itemgetter(0, 1)
"""The mark of an item."""
_LARGEST_TIE: Final = 2**63 - 1


class Between(NamedTuple):
    """The places between two others, without themselves."""

    low: Mark = LOWEST
    high: Mark = HIGHEST


class Pager:
    """Takes documents from one ordering of what a query finds.

    `filters` find the documents, but that `circle`, if there is one, narrows them down further.
    """

    def __init__(
        self, snapshot: Snapshot, filters: list[Query], circle: Circle | None, ordering: Ordering
    ) -> None:
        self._snapshot = snapshot
        self._ordering = ordering
        self._items: list[Item] | None = None
        """All documents in order, if they are few."""
        nearby = [*filters, around(circle)] if circle else filters
        self.total, items = ordering.some(all_of(nearby), ordering.few)
        """How many documents the query finds."""
        if self.total <= ordering.few:
            self._items = sorted(self._inside(circle, items) if circle else items, key=_MARK)
            self.total = len(self._items)
        elif circle:
            nearby = [*filters, within_circle(snapshot, circle, filters)]
            self.total = snapshot.count(all_of(nearby))
        self._filters = nearby

    def take(self, between: Between, limit: int, *, backwards: bool = False) -> list[Item]:
        """The first documents between two places, or, backwards, the last ones, the last first."""
        if self._items is None:
            return self._from_bands(self._ordering.bands(), between, limit, backwards)
        begin = bisect_right(self._items, between.low, key=_MARK)
        end = bisect_left(self._items, between.high, key=_MARK)
        if backwards:
            return self._items[max(begin, end - limit) : end][::-1]
        return self._items[begin : min(end, begin + limit)]

    def _inside(self, circle: Circle, items: list[Item]) -> list[Item]:
        addresses = [item.address for item in items]
        return [*compress(items, measured(self._snapshot, circle, addresses))]

    def _from_bands(
        self, bands: list[Band], between: Between, limit: int, backwards: bool
    ) -> list[Item]:
        found: list[Item] = []
        for band in reversed(bands) if backwards else bands:
            if len(found) < limit:
                found += self._from_band(band, between, limit - len(found), backwards)
        return found

    def _from_band(self, band: Band, between: Between, limit: int, backwards: bool) -> list[Item]:
        ordering, (low, high) = self._ordering, between
        if band.high < low.key or band.low > high.key:
            return []
        query = ordering.query(band)
        wanted = all_of([*self._filters, query] if query is not None else self._filters)
        if ordering.has_one_key(band):
            return self._by_tie(band.low, wanted, between, limit, backwards)
        count, items = ordering.some(wanted, ordering.few)
        if count > ordering.few:
            if parts := ordering.cut(band, wanted):
                return self._from_bands(parts, between, limit, backwards)
            _, items = ordering.some(wanted, None)
        found = [
            item
            for item in items
            if between.low < item[:2] < between.high and band.low <= item.key <= band.high
        ]
        return (nlargest if backwards else nsmallest)(limit, found, key=_MARK)

    def _by_tie(
        self, key: Key, query: Query, between: Between, limit: int, backwards: bool
    ) -> list[Item]:
        """Of documents that all have one key: the index sorts them."""
        low = between.low.tie + 1 if between.low.key == key else 0
        high = between.high.tie - 1 if between.high.key == key else _LARGEST_TIE
        if low > high:
            return []
        if low or high < _LARGEST_TIE:
            ties = Query.range_query(SCHEMA, "tie", FieldType.Unsigned, low, high)
            query = all_of([query, ties])
        found = self._snapshot.ordered(query, "tie", limit, backwards=backwards)
        return [Item(key, tie, address) for tie, address in found]
