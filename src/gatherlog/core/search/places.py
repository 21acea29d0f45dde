"""Places on the earth, and the distance between two of them."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

import msgspec

__all__ = ["EARTH_RADIUS", "HALF_WAY_ROUND", "Circle", "Place", "distance"]

EARTH_RADIUS: Final = 6_371_008.8
"""The mean radius of the earth in metres."""
HALF_WAY_ROUND: Final = 20_015_115
"""No two places are farther apart, in metres."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A place in degrees: `lat` from -90 to 90, `lon` from -180 to 180."""

    lat: float
    lon: float


class Circle(msgspec.Struct, frozen=True, gc=False):
    """All places within so many metres of one."""

    center: Place
    radius: int


def distance(one: Place, other: Place) -> int:
    """The distance on the earth's surface, in whole metres (haversine formula, on a sphere)."""
    here, there = radians(one.lat), radians(other.lat)
    north, east = sin((there - here) / 2), sin(radians(other.lon - one.lon) / 2)
    share = north * north + cos(here) * cos(there) * east * east
    return round(2 * EARTH_RADIUS * asin(min(1.0, sqrt(share))))
