"""Answers one query from one snapshot of the index; blocks the thread, changes nothing."""

from typing import Final

import msgspec

from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.search.contract import Found, SearchPage
from gatherlog.core.search.places import Place
from gatherlog.core.search.queries import SearchQuery, Sort
from gatherlog.core.search.words import words_of
from gatherlog.search.filters import Times, simple_filters
from gatherlog.search.orderings import Item, distances_from, ordering_of
from gatherlog.search.paging import HIGHEST, LOWEST, Between, Mark, Pager
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.texts import TextQuery

__all__ = ["find"]

_LARGEST_TIE: Final = 2**63 - 1


def find(snapshot: Snapshot, query: SearchQuery, *, now: int, store_id: str) -> SearchPage:
    """A page of what a query, which was checked, finds in a snapshot. Raises CursorInvalid."""
    text = TextQuery(query.text, snapshot.vocabulary)
    times = Times(query, snapshot, now)
    filters = [*text.filters, times.filter, *simple_filters(query)]
    pager = Pager(snapshot, filters, query.within, ordering_of(query, snapshot, text, times))
    cursors = _Cursors(query, store_id)
    part = _Part(pager, query, cursors.between())
    return SearchPage(
        total=pager.total,
        found=_found(snapshot, part.items, times, query.measured_from, cursors),
        has_next=part.has_next,
        has_previous=part.has_previous,
    )


def _is_reversed(query: SearchQuery) -> bool:
    """Whether the documents with the greatest keys come first."""
    return query.descending is (query.sort is not Sort.RELEVANCE)


class _Part:
    """The documents of a page, in the order in which they are listed."""

    def __init__(self, pager: Pager, query: SearchQuery, between: Between) -> None:
        self._pager = pager
        self._between = between
        self._is_reversed = _is_reversed(query)
        from_start = query.last is None
        backwards = from_start is self._is_reversed
        items = pager.take(between, query.size + 1, backwards=backwards)
        self._has_more = len(items) > query.size
        self._backwards = backwards
        self._ascending = items[: query.size][:: -1 if backwards else 1]

    @property
    def items(self) -> list[Item]:
        return self._ascending[:: -1 if self._is_reversed else 1]

    @property
    def has_next(self) -> bool:
        return self._has_lower if self._is_reversed else self._has_higher

    @property
    def has_previous(self) -> bool:
        return self._has_higher if self._is_reversed else self._has_lower

    @property
    def _has_higher(self) -> bool:
        if self._has_more and not self._backwards:
            return True
        if self._between.high == HIGHEST:
            return False
        key, tie = self._between.high
        low = Mark(*self._ascending[-1][:2]) if self._ascending else Mark(key, tie - 1)
        return bool(self._pager.take(Between(low, HIGHEST), 1))

    @property
    def _has_lower(self) -> bool:
        if self._has_more and self._backwards:
            return True
        if self._between.low == LOWEST:
            return False
        key, tie = self._between.low
        high = Mark(*self._ascending[0][:2]) if self._ascending else Mark(key, tie + 1)
        return bool(self._pager.take(Between(LOWEST, high), 1, backwards=True))


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds."""

    key: int | float
    tie: int
    check: int


class _Cursors:
    """Cursors of one query. Each has a check over the query and the place, so that one of another
    query, or one that was changed, is refused."""

    def __init__(self, query: SearchQuery, store_id: str) -> None:
        self._query = query
        self._store_id = store_id
        self._of = _fingerprint(query)

    def write(self, item: Item) -> str:
        """The cursor of a document."""
        check = fingerprint(self._of, item.key, item.tie)
        return write_cursor(self._store_id, self._of, _Place(item.key, item.tie, check))

    def between(self) -> Between:
        """The places between the query's cursors."""
        low, high = self._query.after, self._query.before
        if _is_reversed(self._query):
            low, high = high, low
        return Between(
            LOWEST if low is None else self._read(low),
            HIGHEST if high is None else self._read(high),
        )

    def _read(self, cursor: str) -> Mark:
        place = read_cursor(cursor, self._store_id, self._of, _Place)
        check = fingerprint(self._of, place.key, place.tie)
        if place.check != check or not 0 <= place.tie <= _LARGEST_TIE:
            raise CursorInvalid("the cursor is malformed")
        return Mark(place.key, place.tie)


def _fingerprint(query: SearchQuery) -> int:
    """Tells one query from another by what it finds and in which order, not by its page."""
    tags = sorted((kind, sorted(values)) for kind, values in query.tags.items() if values)
    return fingerprint(
        "search",
        words_of(query.text),
        tags,
        sorted(query.ages),
        query.prices,
        query.within,
        query.measured_from,
        query.days,
        query.times,
        query.sort,
        _is_reversed(query),
    )


def _found(
    snapshot: Snapshot,
    items: list[Item],
    times: Times,
    origin: Place | None,
    cursors: _Cursors,
) -> list[Found]:
    addresses = [item.address for item in items]
    away = [None] * len(items) if origin is None else distances_from(origin, snapshot, addresses)
    return [
        Found(
            id=kept.id,
            version=kept.version,
            cursor=cursors.write(item),
            distance=metres,
            occurrence=times.soonest(kept),
        )
        for item, metres, kept in zip(items, away, snapshot.kept(addresses), strict=True)
    ]
