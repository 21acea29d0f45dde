"""What is asked of a search, and what is refused."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from math import isfinite
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.search.documents import DAY_MINUTES, OLDEST
from gatherlog.core.search.places import Circle, Place
from gatherlog.core.search.words import words_of

__all__ = [
    "DEFAULT_PAGE",
    "LARGEST_PAGE",
    "LONGEST_TEXT",
    "MOST_WORDS",
    "SearchQuery",
    "Sort",
    "check_query",
]

DEFAULT_PAGE: Final = 10
LARGEST_PAGE: Final = 500
LONGEST_TEXT: Final = 500
"""Characters of a query's text."""
MOST_WORDS: Final = 12
"""Different words of a query's text."""
LARGEST_RADIUS: Final = 200_000
"""Metres."""
_LISTED: Final = 100
"""Values of one kind, and ranges of ages, that a query may list."""


class Sort(Enum):
    """What comes first. Documents that lack what they are sorted by are the greatest."""

    RELEVANCE = "relevance"
    """By how well the text is found, the best first."""
    DISTANCE = "distance"
    PRICE = "price"
    """By the lowest price."""
    SOONEST = "soonest"
    """By the local start of the first occurrence that the query finds and that is not over."""


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. What is left out asks for nothing; all that is given must hold."""

    text: str = ""
    tags: Mapping[str, Sequence[str]] = {}
    """By kind, values of which a document has to have at least one; an empty list asks nothing."""
    among: Mapping[str, Sequence[str]] = {}
    """As `tags`, but others may be given from page to page, and cursors stay valid: for what comes
    and goes while somebody reads, such as the conversations that they take part in."""
    ages: Sequence[tuple[int, int]] = ()
    """Ranges of ages, all of which the document's ages have to contain: one for each child."""
    prices: tuple[float, float] | None = None
    """A range that the document's prices have to overlap; both ends count."""
    within: Circle | None = None
    near: Place | None = None
    """Where distances are measured from, if not from the centre of `within`."""
    days: tuple[date | None, date | None] = (None, None)
    """The first and the last day on which an occurrence may be; None: any."""
    times: tuple[int, int] | None = None
    """Minutes since midnight that the same occurrence has to overlap for a moment at least."""
    sort: Sort = Sort.RELEVANCE
    descending: bool | None = None
    """None: the best or the smallest first. True: the best first by relevance, else the greatest;
    False: the least relevant first, else the smallest."""
    first: int | None = None
    last: int | None = None
    """The size of the page, from the beginning or from the end of what is found. None: 10."""
    after: str | None = None
    before: str | None = None
    """Cursors of the same query: only what is between them is listed, without themselves."""

    @property
    def measured_from(self) -> Place | None:
        """Where distances are measured from."""
        return self.near or (self.within.center if self.within else None)

    @property
    def size(self) -> int:
        """How many are listed, at most."""
        return self.first or self.last or DEFAULT_PAGE


def check_query(query: SearchQuery) -> None:
    """Raise Invalid, which names every flaw of the query by the field's name."""
    flaws = [*_text_flaws(query), *_range_flaws(query), *_place_flaws(query), *_page_flaws(query)]
    if flaws:
        raise Invalid(*flaws)


def _text_flaws(query: SearchQuery) -> Iterator[Flaw]:
    if len(query.text) > LONGEST_TEXT:
        yield Flaw("/text", f"has {len(query.text):,} characters; at most {LONGEST_TEXT} are read")
    elif len(set(words_of(query.text))) > MOST_WORDS:
        yield Flaw("/text", f"has more than {MOST_WORDS} different words")
    for field, tags in (("tags", query.tags), ("among", query.among)):
        for kind, values in tags.items():
            if len(values) > _LISTED:
                yield Flaw(f"/{field}/{kind}", f"lists more than {_LISTED} values")


def _range_flaws(query: SearchQuery) -> Iterator[Flaw]:
    if len(query.ages) > _LISTED:
        yield Flaw("/ages", f"lists more than {_LISTED} ranges")
    for number, (youngest, oldest) in enumerate(query.ages[:_LISTED]):
        if not 0 <= youngest <= oldest <= OLDEST:
            yield Flaw(f"/ages/{number}", f"{youngest} to {oldest} is no range of ages")
    if query.prices is not None:
        low, high = query.prices
        if not (isfinite(low) and isfinite(high) and 0 <= low <= high):
            yield Flaw("/prices", f"{low} to {high} is no range of prices")
    first, last = query.days
    if first is not None and last is not None and first > last:
        yield Flaw("/days", f"{first} is after {last}")
    if query.times is not None:
        start, end = query.times
        if not (0 <= start <= end <= DAY_MINUTES and start < DAY_MINUTES):
            yield Flaw("/times", f"{_clock(start)} to {_clock(end)} is no stretch of a day")


def _place_flaws(query: SearchQuery) -> Iterator[Flaw]:
    if query.within is not None:
        yield from _flaws_of_place("/within", query.within.center)
        if not 1 <= query.within.radius <= LARGEST_RADIUS:
            yield Flaw("/within/radius", f"has to be 1 to {LARGEST_RADIUS:,} metres")
    if query.near is not None:
        yield from _flaws_of_place("/near", query.near)
    if query.sort is Sort.DISTANCE and query.measured_from is None:
        yield Flaw("/sort", "needs a place from which distances are measured")


def _flaws_of_place(pointer: str, place: Place) -> Iterator[Flaw]:
    if not abs(place.lat) <= 90:
        yield Flaw(f"{pointer}/lat", f"{place.lat} is not between -90 and 90")
    if not abs(place.lon) <= 180:
        yield Flaw(f"{pointer}/lon", f"{place.lon} is not between -180 and 180")


def _page_flaws(query: SearchQuery) -> Iterator[Flaw]:
    if query.first is not None and query.last is not None:
        yield Flaw("/last", "cannot be given together with first")
    for name in ("first", "last"):
        size = getattr(query, name)
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            yield Flaw(f"/{name}", f"{size} is not between 1 and {LARGEST_PAGE}")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}" if 0 <= minute <= DAY_MINUTES else str(minute)
