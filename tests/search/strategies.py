"""Documents and queries as Hypothesis draws them: few words, places and days, so that they meet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from gatherlog.core.search import (
    Circle,
    Occurrence,
    Place,
    SearchDocument,
    SearchQuery,
    Sort,
    Text,
)

T = TypeVar("T")
NOW = datetime(2026, 11, 28, 11, 30, tzinfo=UTC)
TODAY = NOW.date()

WORDS = [
    "piano", "pianos", "Klavier", "klavierstunde", "pianist", "spiano", "paino", "an", "ans",
    "sing", "singing", "Müller", "muller", "mueller", "Łódź", "lodz", "U8", "3d",
    "Ωmega", "ωμέγα", "plano",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS[:5]) | st.sampled_from(WORDS), max_size=4).map(" ".join)
ZONES = ["Europe/Vienna", "UTC", "Pacific/Auckland", "America/Los_Angeles"]
NEAR = [
    Place(48.2, 16.37), Place(48.2001, 16.3702), Place(48.21, 16.4), Place(48.3, 16.2),
    Place(48.2, 16.37), Place(-36.8, 174.7), Place(0.0, 180.0), Place(0.0, -179.99),
    Place(90.0, 0.0), Place(89.999, 120.0), Place(-48.2, -163.63),
]  # fmt: skip


def optional(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


def places() -> st.SearchStrategy[Place]:
    degrees = st.floats(-0.05, 0.05)
    nearby = st.builds(lambda north, east: Place(48.2 + north, 16.37 + east), degrees, degrees)
    anywhere = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
    return st.sampled_from(NEAR) | nearby | anywhere


def days() -> st.SearchStrategy[date]:
    near = st.sampled_from([-1, 0, 0, 0, 1]) | st.integers(-2, 12)
    far = st.sampled_from([60, 89, 90, 91, 92, 400, 5000])
    return (near | far).map(lambda number: TODAY + timedelta(days=number))


def minutes() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 600, 690, 749, 750, 751, 1439]) | st.integers(0, 1439)


def ordered(low: T, high: T) -> tuple[T, T]:
    return (low, high) if low <= high else (high, low)  # type: ignore[operator]


OCCURRENCES = st.builds(
    lambda day, range: Occurrence(day, *range), days(), st.builds(ordered, minutes(), minutes())
)
AGES = st.builds(ordered, st.integers(0, 12), st.integers(0, 12))
PRICES = st.builds(ordered, *[st.sampled_from([0.0, 0.1, 5.0, 9.99, 10.0, 12.5])] * 2)
TAGS = st.dictionaries(
    st.sampled_from(["category", "type"]),
    st.lists(st.sampled_from(["A", "B", "C"]), max_size=2),
    max_size=2,
)


def documents() -> st.SearchStrategy[list[SearchDocument]]:
    one = st.builds(
        SearchDocument,
        id=st.integers(0, 10**6).map(lambda number: f"thing-{number}"),
        texts=st.lists(st.builds(Text, TEXTS, st.integers(1, 5)), min_size=1, max_size=3),
        tags=TAGS,
        place=optional(places()),
        ages=optional(AGES),
        prices=optional(PRICES),
        occurrences=st.lists(OCCURRENCES, max_size=4) | optional(st.lists(OCCURRENCES)),
        zone=st.sampled_from(ZONES),
        rolling=st.booleans(),
        version=st.integers(1, 3),
    )
    return st.lists(one, min_size=3, max_size=14, unique_by=lambda document: document.id)


ASPECTS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS | st.sampled_from(["pia", "ano", "pino", "sin", "ÜLLER", "omega", "piano an"]),
    "tags": TAGS,
    "ages": st.lists(AGES, max_size=2),
    "prices": PRICES,
    "within": st.builds(Circle, places(), st.sampled_from([1, 40, 900, 5000, 200_000])),
    "days": st.builds(ordered, days(), days())
    | days().map(lambda day: (day, None))
    | days().map(lambda day: (None, day)),
    "times": st.builds(ordered, minutes(), minutes()),
}


@st.composite
def queries(draw: st.DrawFn) -> SearchQuery:
    """Queries for one or two things, mostly, so that they find something."""
    aspects = draw(st.sets(st.sampled_from(sorted(ASPECTS)), max_size=3))
    drawn: dict[str, Any] = {aspect: draw(ASPECTS[aspect]) for aspect in sorted(aspects)}
    return SearchQuery(
        **drawn,
        near=Place(48.2, 16.37),
        sort=draw(st.sampled_from(Sort)),
        descending=draw(st.none() | st.booleans()),
    )
