"""The orders in which documents are found, cut into bands from which pages are taken.

The index can find documents whose key is in a band (some prices, a ring around a place, some days),
and can count them. So a page is found by cutting bands in two until there are few documents in the
first ones, whose keys are then read and sorted. Documents with the same key are in the order of
their ties, which the index can sort by itself, however many they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from math import inf, isqrt, nextafter
from typing import Any, Final, NamedTuple, Protocol

from tantivy import DocAddress, FieldType, Occur, Query

from gatherlog.core.search.documents import DAY_MINUTES
from gatherlog.core.search.places import HALF_WAY_ROUND, Place, distances
from gatherlog.core.search.queries import SearchQuery, Sort
from gatherlog.search.cells import WIDEST, cover
from gatherlog.search.filters import PLACED, Times, except_for, in_cells
from gatherlog.search.rows import SCHEMA
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.texts import TextQuery, any_of

__all__ = ["MISSING", "Band", "Item", "Key", "Ordering", "distances_from", "ordering_of"]

Key = int | float
MISSING: Final = 2**52
"""The key of documents that lack what is sorted by; greater than all others."""
_FEW: Final = 3_000
_FEW_KEPT: Final = 300
"""Documents whose keys are read and sorted, from fields of numbers or from what was kept."""
_ROWS: Final = 8
"""Rows of cells in the radius of a ring, at least."""
_NARROW: Final = 300
"""Metres. A ring of less, or of an eighth of its radius, is not cut: cells are not much smaller."""


class Band(NamedTuple):
    """Keys from `low` to `high`, both included."""

    low: Key
    high: Key


class Item(NamedTuple):
    """A document's place in an ordering, and in the index."""

    key: Key
    tie: int
    address: DocAddress


class Ordering(Protocol):
    """Keys of documents, and how they are found by them. The lowest is the best."""

    few: int
    """How many documents are read and sorted at once."""

    def bands(self) -> list[Band]:
        """All keys that a document may have, in order."""
        ...

    def query(self, band: Band) -> Query | None:
        """Finds at least the documents with keys in the band; None: all."""
        ...

    def has_one_key(self, band: Band) -> bool:
        """Whether all documents that the band's query finds have one key, which is `band.low`."""
        ...

    def cut(self, band: Band, query: Query) -> list[Band]:
        """The band in parts, in order, of which each has fewer keys; none if it cannot be cut.

        `query` finds the documents that are wanted of the band.
        """
        ...

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        """How many documents a query finds, and, if they are not more than `limit`, all of them,
        in no particular order."""
        ...


def ordering_of(
    query: SearchQuery, snapshot: Snapshot, text: TextQuery, times: Times
) -> "Ordering":
    """The order that a query asks for."""
    if query.sort is Sort.PRICE:
        return _ByPrice(snapshot)
    if query.sort is Sort.SOONEST:
        return _BySoonest(snapshot, times)
    if query.sort is Sort.DISTANCE and (place := query.measured_from) is not None:
        return _ByDistance(snapshot, place)
    return _ByTie(snapshot) if text.is_blank else _ByRelevance(snapshot, text)


class _ByTie:
    """All documents are equal."""

    few = _FEW

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def bands(self) -> list[Band]:
        return [Band(0, 0)]

    def query(self, band: Band) -> Query | None:
        return None

    def has_one_key(self, band: Band) -> bool:
        return True

    def cut(self, band: Band, query: Query) -> list[Band]:
        return []

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        return _keyed(self._snapshot, query, limit, lambda addresses: [0] * len(addresses))


class _ByRelevance:
    """The key is the score, below zero. For more than one word the index cannot find by score."""

    def __init__(self, snapshot: Snapshot, text: TextQuery) -> None:
        self._snapshot = snapshot
        self._scored = text.scored
        self._scores = text.by_score()
        self.few = 0 if self._scores and text.is_costly else _FEW

    def bands(self) -> list[Band]:
        if self._scores is None:
            return [Band(1 - MISSING, 0)]
        return [Band(-score, -score) for score, _ in self._scores]

    def query(self, band: Band) -> Query | None:
        if self._scores is None:
            return None
        better = [query for score, query in self._scores if -score < band.low]
        level = any_of([query for score, query in self._scores if band.low == -score])
        return except_for(level, any_of(better)) if better else level

    def has_one_key(self, band: Band) -> bool:
        return band.low == band.high

    def cut(self, band: Band, query: Query) -> list[Band]:
        return []

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        count = self._snapshot.count(query)
        if limit is not None and count > limit:
            return count, []
        scored = Query.boolean_query(
            [(Occur.Must, Query.const_score_query(query, 0.0)), (Occur.Should, self._scored)]
        )
        hits = self._snapshot.best(scored, count)
        ties = self._snapshot.values("tie", [address for _, address in hits])
        return count, [
            Item(-round(score), tie, address)
            for (score, address), tie in zip(hits, ties, strict=True)
        ]


class _ByPrice:
    """The key is the lowest price."""

    few = _FEW

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def bands(self) -> list[Band]:
        return [Band(0.0, MISSING - 1.0), Band(MISSING, MISSING)]

    def query(self, band: Band) -> Query | None:
        if band.low == MISSING:
            return except_for(Query.all_query(), Query.exists_query("price_from"))
        return Query.range_query(
            SCHEMA, "price_from", FieldType.Float, float(band.low), float(band.high)
        )

    def has_one_key(self, band: Band) -> bool:
        return band.low == band.high

    def cut(self, band: Band, query: Query) -> list[Band]:
        """Below the price of the last of a few, at that price, and above it."""
        hits = self._snapshot.ordered(query, "price_from", self.few)
        if not hits:
            return []
        price = hits[-1][0]
        parts = [Band(band.low, _below(price)), Band(price, price), Band(_above(price), band.high)]
        return [part for part in parts if part.low <= part.high]

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        return _keyed(self._snapshot, query, limit, self._keys)

    def _keys(self, addresses: list[DocAddress]) -> Iterator[Key]:
        for price in self._snapshot.values("price_from", addresses):
            yield MISSING if price is None else price


class _ByDistance:
    """The key is the distance in whole metres."""

    few = _FEW

    def __init__(self, snapshot: Snapshot, place: Place) -> None:
        self._snapshot = snapshot
        self._place = place

    def bands(self) -> list[Band]:
        return [Band(0, HALF_WAY_ROUND), Band(MISSING, MISSING)]

    def query(self, band: Band) -> Query | None:
        if band.low == MISSING:
            return except_for(Query.all_query(), PLACED)
        outer = cover(self._place, band.high, rows=_ROWS).outer
        nearby = PLACED if outer is None else in_cells(outer)
        inner = cover(self._place, band.low - 1, rows=_ROWS).inner if band.low else []
        return except_for(nearby, in_cells(inner)) if inner else nearby

    def has_one_key(self, band: Band) -> bool:
        return band.low == MISSING

    def cut(self, band: Band, query: Query) -> list[Band]:
        """In two rings, of which the inner one is much narrower, since places lie in towns."""
        low, high = int(band.low), int(band.high)
        if high - low <= max(_NARROW, high // _ROWS) or low > WIDEST:
            return []
        middle = WIDEST if high > WIDEST else isqrt(max(low, _NARROW) * high)
        return [Band(low, middle), Band(middle + 1, high)]

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        return _keyed(self._snapshot, query, limit, self._keys)

    def _keys(self, addresses: list[DocAddress]) -> Iterator[Key]:
        for away in distances_from(self._place, self._snapshot, addresses):
            yield MISSING if away is None else away


def distances_from(
    place: Place, snapshot: Snapshot, addresses: list[DocAddress]
) -> list[int | None]:
    """The distances of documents; None for one without a place."""
    lats, lons = snapshot.values("lat", addresses), snapshot.values("lon", addresses)
    placed = [lat is not None for lat in lats]
    found = iter(distances(place, compress(lats, placed), compress(lons, placed)))
    return [next(found) if it_is else None for it_is in placed]


class _BySoonest:
    """The key is that of the first occurrence that is wanted; see `Calendar`."""

    few = _FEW_KEPT

    def __init__(self, snapshot: Snapshot, times: Times) -> None:
        self._snapshot = snapshot
        self._times = times
        self._first, self._last = times.bounds

    def bands(self) -> list[Band]:
        return [Band(self._first, self._last), Band(MISSING, MISSING)]

    def query(self, band: Band) -> Query | None:
        if band.low == MISSING:
            return except_for(Query.all_query(), self._times.between(self._first, self._last))
        found = self._times.between(int(band.low), int(band.high))
        if band.low == self._first:
            return found
        return except_for(found, self._times.between(self._first, int(band.low) - 1))

    def has_one_key(self, band: Band) -> bool:
        return band.low == band.high

    def cut(self, band: Band, query: Query) -> list[Band]:
        """By days, or, within a day, by when occurrences start: into parts that double, as there
        are many in the near future."""
        low, high = int(band.low), int(band.high)
        first, last = low // DAY_MINUTES, high // DAY_MINUTES
        if first == last:
            starts = self._starts(first * DAY_MINUTES, low, high)
            return [Band(part[0], part[-1]) for part in _doubling(starts)]
        parts = _doubling(range(first, last + 1))
        bands = [(part[0] * DAY_MINUTES, (part[-1] + 1) * DAY_MINUTES - 1) for part in parts]
        return [Band(max(begin, low), min(end, high)) for begin, end in bands]

    def _starts(self, midnight: int, low: int, high: int) -> list[int]:
        """All keys of a day that occurrences may have."""
        minutes = {
            start
            for calendar in self._times.calendars.values()
            for start in calendar.starts(low - midnight, high - midnight)
        }
        return sorted(midnight + minute for minute in minutes)

    def some(self, query: Query, limit: int | None) -> tuple[int, list[Item]]:
        return _keyed(self._snapshot, query, limit, self._keys)

    def _keys(self, addresses: list[DocAddress]) -> Iterator[Key]:
        for kept in self._snapshot.kept(addresses):
            one = self._times.soonest(kept)
            yield MISSING if one is None else one.day.toordinal() * DAY_MINUTES + one.start


def _keyed(
    snapshot: Snapshot,
    query: Query,
    limit: int | None,
    keys_of: Callable[[list[DocAddress]], Iterable[Key]],
) -> tuple[int, list[Item]]:
    """As `Ordering.some`, with keys that are read from the documents."""
    count, hits = snapshot.some(query, limit)
    if limit is not None and count > limit:
        return count, []
    keys = keys_of([address for _, address in hits])
    return count, [Item(key, *hit) for key, hit in zip(keys, hits, strict=True)]


def _doubling(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Keys in parts, in order: one of them, one, two, four, and so on."""
    at, size = 1, 1
    if keys:
        yield keys[:1]
    while at < len(keys):
        yield keys[at : at + size]
        at, size = at + size, size * 2


def _above(price: Any) -> float:
    return nextafter(price, inf)


def _below(price: Any) -> float:
    return nextafter(price, -inf)
