"""Finding published things: what is looked for in the app's own words, and what is answered."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Protocol

import msgspec

from gatherlog.apps.things.searching import AUDIENCE, CATEGORY, FLAGS, KIND, flag_value
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.search import Circle, Occurrence, Place, Search, SearchQuery, Sort

__all__ = ["Finder", "Found", "Hit", "ThingFinder", "ThingQuery"]


class ThingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. What is left out asks for nothing; all that is given must hold."""

    text: str = ""
    kinds: Sequence[str] = ()
    categories: Sequence[str] = ()
    audience: Sequence[str] = ()
    booking_mandatory: bool | None = None
    adult_mandatory: bool | None = None
    ages: Sequence[tuple[int, int]] = ()
    """Ranges, all of which the thing's ages contain."""
    prices: tuple[float, float] | None = None
    """A range that the thing's prices overlap."""
    within: Circle | None = None
    near: Place | None = None
    """Where distances are measured from; None: from the centre of `within`, if there is one."""
    days: tuple[date | None, date | None] | None = None
    """The first and the last day on which an occurrence may be; None: any."""
    times: tuple[int, int] | None = None
    """Minutes since midnight that an occurrence on one of the days overlaps."""
    sort: str = "RELEVANCE"
    """RELEVANCE, GEO_DISTANCE, PRICE or SOONEST."""
    descending: bool | None = None
    """None: the best or the smallest first."""
    first: int | None = None
    last: int | None = None
    """The size of the page, from the beginning or from the end; not both."""
    after: str | None = None
    before: str | None = None


class Hit(msgspec.Struct, frozen=True):
    """One thing that a query finds."""

    id: str
    cursor: str
    distance: float | None = None
    """Whole metres, where there is a place to measure from."""
    occurrence: Occurrence | None = None
    """The day and the hours of the first occurrence that fits and is not over."""


class Found(msgspec.Struct, frozen=True):
    """A part of what a query finds, in the order asked for, also if it is counted from the end."""

    total: int
    """On all pages together; exact."""
    hits: Sequence[Hit]
    has_previous: bool
    has_next: bool


class Finder(Protocol):
    """Searches the published things of the site."""

    async def find(self, query: ThingQuery) -> Found:
        """A part of what a query finds.

        What was committed is found soon after, not at once; so something may be among the hits that
        is not published any more. Raises Invalid, whose pointers begin with the names of the
        query's fields, CursorInvalid for a cursor of another query, SearchNotReady, and Busy.
        """
        ...


class ThingFinder:
    """A `Finder` by a search of the documents of `ThingSource`."""

    def __init__(self, search: Search) -> None:
        self._search = search

    async def find(self, query: ThingQuery) -> Found:
        try:
            page = await self._search.find(_search_query(query))
        except Invalid as invalid:
            flaws = [Flaw(_pointer(flaw.pointer), flaw.detail) for flaw in invalid.flaws]
            raise Invalid(*flaws) from None
        hits = [Hit(one.id, one.cursor, one.distance, one.occurrence) for one in page.found]
        return Found(page.total, hits, page.has_previous, page.has_next)


def _search_query(query: ThingQuery) -> SearchQuery:
    if query.sort not in _SORTS:
        raise Invalid(Flaw("/sort", f"should be one of {', '.join(_SORTS)}"))
    flags = {flag: getattr(query, flag) for flag in FLAGS}
    tags: dict[str, Sequence[str]] = {kind: getattr(query, name) for kind, name in _TAGS.items()}
    return SearchQuery(
        text=query.text,
        tags=tags | {name: [flag_value(flag)] for name, flag in flags.items() if flag is not None},
        ages=query.ages,
        prices=query.prices,
        within=query.within,
        near=query.near,
        days=query.days or (None, None),
        times=query.times,
        sort=_SORTS[query.sort],
        descending=query.descending,
        first=query.first,
        last=query.last,
        after=query.after,
        before=query.before,
    )


def _pointer(pointer: str) -> str:
    """A pointer into a `SearchQuery` as one into the `ThingQuery` that it was made of."""
    kind = pointer.removeprefix("/tags/")
    return f"/{_TAGS.get(kind, kind)}" if kind != pointer else pointer


_TAGS: Final[Mapping[str, str]] = {KIND: "kinds", CATEGORY: "categories", AUDIENCE: "audience"}
"""The fields of a query that ask for tags, by the kind of the tag."""
_SORTS: Final[Mapping[str, Sort]] = {
    "RELEVANCE": Sort.RELEVANCE,
    "GEO_DISTANCE": Sort.DISTANCE,
    "PRICE": Sort.PRICE,
    "SOONEST": Sort.SOONEST,
}
