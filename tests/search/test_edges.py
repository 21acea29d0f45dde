"""Edges that random questions seldom meet: the very metre, minute and day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from gatherlog.core.search import Circle, Occurrence, Place, SearchDocument, SearchQuery, Text
from gatherlog.core.search.places import distance
from tests.search.indexes import Indexed, indexed
from tests.search.strategies import NOW, TODAY

HERE, THERE = Place(48.2, 16.37), Place(48.21, 16.4)


@pytest.mark.parametrize(("metres", "total"), [(-1, 0), (0, 1), (1, 1)])
def test_a_place_at_the_very_radius_is_within(metres: int, total: int) -> None:
    away = distance(HERE, THERE)
    with indexed([SearchDocument(id="there", place=THERE)]) as index:
        page = index.find(SearchQuery(within=Circle(HERE, away + metres)))

    assert (page.total, [found.distance for found in page.found]) == (total, [away] * total)


@pytest.mark.parametrize(("end", "total"), [(689, 0), (690, 0), (691, 1)])
def test_what_ends_this_minute_is_over(end: int, total: int) -> None:
    """It is 11:30 in UTC."""
    assert (NOW.hour, NOW.minute) == (11, 30)
    today = SearchDocument(id="today", occurrences=[Occurrence(TODAY, 600, end)])

    with indexed([today]) as index:
        assert index.find(SearchQuery()).total == total


@pytest.mark.parametrize(
    ("ahead", "rolling", "total"), [(90, True, 1), (91, True, 0), (91, False, 1)]
)
def test_dates_of_rolling_documents_are_found_ninety_days_ahead(
    ahead: int, rolling: bool, total: int
) -> None:
    day = TODAY + timedelta(days=ahead)
    later = SearchDocument(id="later", occurrences=[Occurrence(day, 0, 60)], rolling=rolling)

    with indexed([later]) as index:
        assert index.find(SearchQuery()).total == total


def test_what_is_over_in_one_zone_is_not_over_in_another() -> None:
    one = Occurrence(TODAY, 12 * 60, 12 * 60 + 15)
    zones = ["Europe/Vienna", "UTC", "America/Los_Angeles"]
    with indexed(
        [SearchDocument(id=zone, occurrences=[one], zone=zone) for zone in zones]
    ) as index:
        assert set(index.ids(SearchQuery())) == {"UTC", "America/Los_Angeles"}


def test_the_day_and_the_time_are_those_of_one_occurrence() -> None:
    monday, tuesday = TODAY + timedelta(days=2), TODAY + timedelta(days=3)
    course = SearchDocument(
        id="course", occurrences=[Occurrence(monday, 600, 660), Occurrence(tuesday, 900, 960)]
    )
    with indexed([course]) as index:
        on_monday = SearchQuery(days=(monday, monday))
        assert index.ids(replace(on_monday, times=(600, 700))) == ["course"]
        assert index.ids(replace(on_monday, times=(900, 960))) == []


def test_a_short_word_is_not_needed_beside_a_long_one() -> None:
    with indexed([SearchDocument(id="one", texts=[Text("piano", 5)])]) as index:
        assert index.ids(SearchQuery(text="piano an")) == ["one"]
        assert index.ids(SearchQuery(text="an")) == []


def test_many_documents_at_one_place_are_paged_through(many: Indexed) -> None:
    query = SearchQuery(within=Circle(HERE, 10))

    pages = many.pages(query, 500)

    assert [len(page.found) for page in pages] == [500, 500, 500, 500, 500, 500, 100]
    assert len({found.id for page in pages for found in page.found}) == 3100


@pytest.fixture
def many() -> Iterator[Indexed]:
    """More documents than are sorted at once, all at one place."""
    with indexed(SearchDocument(id=f"{number}", place=HERE) for number in range(3100)) as index:
        yield index
