"""Circles on the earth as rows of cells, so that the index leaves few places to be measured.

The earth is divided into cells by latitude and longitude, at several levels: level n has 2 to the
power of n rows, and as many cells in each. Every place is indexed under its cell of each level. A
circle has an inner part, rows of cells that are wholly within it, and an outer part, cells that are
not wholly outside. Only what is in cells of the outer part alone has to be measured.
"""

from collections.abc import Iterator
from math import asin, cos, degrees, floor, pi, radians, sin, sqrt
from typing import Final, NamedTuple

from gatherlog.core.search.places import EARTH_RADIUS, Place

__all__ = ["WIDEST", "Cover", "cell_tokens", "cover"]

_COARSEST: Final = 5
_FINEST: Final = 17
_MARGIN: Final = 0.55
"""Metres by which a circle is taken to be larger: distances are rounded to whole metres."""
_SLACK: Final = 0.05
"""Metres that computing may be wrong by."""
WIDEST: Final = 9_000_000
"""Metres. A circle that is nearly half of the earth is not divided into cells."""

Range = tuple[int, int]
"""Tokens of cells from one to another, both included."""


class Cover(NamedTuple):
    """The cells of a circle. `outer` of None: the circle is too large to leave anything out."""

    inner: list[Range]
    outer: list[Range] | None


def cell_tokens(place: Place) -> list[int]:
    """The numbers of all cells that a place is in, one for each level."""
    row, column = _row(place.lat, _FINEST), _column(place.lon, _FINEST)
    levels = range(_COARSEST, _FINEST + 1)
    return [_token(n, row >> _FINEST - n, column >> _FINEST - n) for n in levels]


def cover(center: Place, radius: float, *, rows: int) -> Cover:
    """The cells of a circle, with so many rows in its radius, or up to twice as many.

    Of every place in `inner`, the rounded distance is within the radius; every place whose rounded
    distance is within the radius is in `outer`.
    """
    if radius > WIDEST:
        return Cover([], None)
    level = _level(radius / rows)
    large, small = (radius + _MARGIN) / EARTH_RADIUS, (radius - _SLACK) / EARTH_RADIUS
    reach = degrees(large)
    inner: list[Range] = []
    outer: list[Range] = []
    for row in range(_row(center.lat - reach, level), _row(center.lat + reach, level) + 1):
        south, north = _latitude(row, level), _latitude(row + 1, level)
        widest = _widest(center, large, south, north)
        if widest is not None:
            outer += _cells(level, row, center.lon, widest, inside=False)
        narrowest = _narrowest(center, small, south, north)
        if narrowest is not None:
            inner += _cells(level, row, center.lon, narrowest, inside=True)
    return Cover(inner, outer)


def _level(height: float) -> int:
    """The coarsest level whose rows have at most this height in metres."""
    level = _COARSEST
    while level < _FINEST and pi * EARTH_RADIUS / 2**level > height:
        level += 1
    return level


def _half_width(center: Place, angle: float, latitude: float) -> float | None:
    """How far, in radians of longitude, the circle reaches at a latitude, from the haversine
    formula; None if it does not reach there."""
    here, there = radians(center.lat), radians(latitude)
    rest = sin(angle / 2) ** 2 - sin((there - here) / 2) ** 2
    if rest < 0:
        return None
    share = cos(here) * cos(there)
    return pi if rest >= share else 2 * asin(sqrt(rest / share))


def _widest(center: Place, angle: float, south: float, north: float) -> float | None:
    """The farthest that the circle reaches at any latitude of a row."""
    tangent = sin(radians(center.lat)) / cos(angle)
    peak = degrees(asin(tangent)) if abs(tangent) <= 1 else center.lat
    at = (south, north, min(max(peak, south), north), min(max(center.lat, south), north))
    found = [width for one in at if (width := _half_width(center, angle, one)) is not None]
    return max(found) if found else None


def _narrowest(center: Place, angle: float, south: float, north: float) -> float | None:
    """How far the circle reaches at all latitudes of a row."""
    if angle <= 0:
        return None
    low, high = _half_width(center, angle, south), _half_width(center, angle, north)
    return None if low is None or high is None else min(low, high)


def _cells(level: int, row: int, lon: float, width: float, *, inside: bool) -> Iterator[Range]:
    """The cells of a row within so many radians of a longitude, wholly or, else, in part."""
    count = 2**level
    if width >= pi:
        yield _token(level, row, 0), _token(level, row, count - 1)
        return
    west, east = (lon + 180 + sign * degrees(width) for sign in (-1, 1))
    unit, tiny = 360 / count, 1e-9
    if inside:
        first, last = floor(west / unit + tiny) + 1, floor(east / unit - tiny) - 1
    else:
        first, last = floor(west / unit - tiny), floor(east / unit + tiny)
    if last - first + 1 >= count:
        first, last = 0, count - 1
    for turn in (0, count, -count):
        begin, end = max(first + turn, 0), min(last + turn, count - 1)
        if begin <= end:
            yield _token(level, row, begin), _token(level, row, end)


def _row(latitude: float, level: int) -> int:
    count = 1 << level
    return min(max(floor((latitude + 90) / 180 * count), 0), count - 1)


def _column(longitude: float, level: int) -> int:
    count = 1 << level
    return min(max(floor((longitude + 180) / 360 * count), 0), count - 1)


def _latitude(row: int, level: int) -> float:
    return row * 180 / (1 << level) - 90


def _token(level: int, row: int, column: int) -> int:
    return level << 48 | row << 24 | column
