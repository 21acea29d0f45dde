"""Places on the earth, and the distance between two of them."""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt
from typing import Final

import msgspec

__all__ = ["EARTH_RADIUS", "HALF_WAY_ROUND", "Circle", "Place", "distance", "distances"]

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
    [found] = distances(one, [other.lat], [other.lon])
    return found


def distances(place: Place, lats: Iterable[float], lons: Iterable[float]) -> list[int]:
    """The distances from one place to many others, given by their latitudes and longitudes."""
    lat, lon = radians(place.lat), radians(place.lon)
    shrunk, across = cos(lat), 2 * EARTH_RADIUS
    found = []
    for there, along in zip(map(radians, lats), map(radians, lons), strict=True):
        north, east = sin((there - lat) / 2), sin((along - lon) / 2)
        share = north * north + shrunk * cos(there) * east * east
        found.append(round(across * asin(sqrt(share) if share < 1 else 1.0)))
    return found
