"""Cells of circles: what is in the inner part is within, and nothing within is left out."""

from math import cos, radians

from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core.search import Place
from gatherlog.core.search.places import distance
from gatherlog.search.cells import Cover, Range, cell_tokens, cover

LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 89.9999, 0.0, 48.2])
LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 179.9999, 0.0, 16.37])
PLACES = st.builds(Place, LATITUDES, LONGITUDES)
RADIUS = st.sampled_from([1, 60, 1000, 5000, 200_000, 3_000_000, 8_999_999]) | st.integers(1, 10**6)


@settings(max_examples=1000)
@given(PLACES, RADIUS, st.sampled_from([4, 10]), st.floats(-1.1, 1.1), st.floats(-1.1, 1.1))
def test_every_place_is_on_the_right_side_of_both_parts(
    center: Place, radius: int, rows: int, north: float, east: float
) -> None:
    """Places are drawn in and around the circle's bounding box, most of them near its edge."""
    place = moved(center, north * radius, east * radius)

    found = cover(center, radius, rows=rows)

    within = distance(center, place) <= radius
    assert within or not is_in(place, found.inner)
    assert not within or is_in(place, found.outer or [])


def test_a_circle_of_nearly_half_the_earth_is_not_divided() -> None:
    assert cover(Place(0, 0), 9_000_001, rows=4) == Cover([], None)


def test_most_of_a_circle_is_in_its_inner_part() -> None:
    found = cover(Place(48.2, 16.37), 5000, rows=10)

    assert cells(found.inner) / cells(found.outer or []) > 0.7


def moved(place: Place, north: float, east: float) -> Place:
    """About so many metres away."""
    lat = max(-90.0, min(90.0, place.lat + north / 111_195))
    shrunk = max(cos(radians(lat)), 1e-6)
    lon = place.lon + max(-180.0, min(180.0, east / 111_195 / shrunk))
    return Place(lat, (lon + 180) % 360 - 180)


def is_in(place: Place, ranges: list[Range]) -> bool:
    tokens = cell_tokens(place)
    return any(low <= token <= high for low, high in ranges for token in tokens)


def cells(ranges: list[Range]) -> int:
    return sum(high - low + 1 for low, high in ranges)
