"""The seam to whatever searches the published things of a site."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import msgspec

__all__ = ["Circle", "Finder", "Found", "Hit", "Place", "ThingQuery"]


class Place(msgspec.Struct, frozen=True):
    """A point, in degrees of WGS 84."""

    lat: float
    lon: float


class Circle(msgspec.Struct, frozen=True):
    """All places within `radius` metres of one."""

    center: Place
    radius: int


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
    days: tuple[date, date] | None = None
    times: tuple[int, int] | None = None
    """Minutes since midnight that an occurrence on one of the days overlaps."""
    sort: str = "RELEVANCE"
    """RELEVANCE, GEO_DISTANCE, PRICE or SOONEST."""
    descending: bool | None = None
    """None: the best or the smallest first."""
    first: int | None = None
    last: int | None = None
    """The size of the page, from the beginning or from the end; exactly one of the two is given."""
    after: str | None = None
    before: str | None = None


class Hit(msgspec.Struct, frozen=True):
    """One thing that a query finds."""

    id: str
    cursor: str
    distance: float | None = None
    """Metres, where there is a place to measure from."""


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
        """A part of what a query finds. Raises Invalid, and CursorInvalid for a cursor of another
        query; and errors with the code UNAVAILABLE while nothing can be found."""
        ...
