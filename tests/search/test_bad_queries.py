"""What is refused, with the place of every flaw, and what only looks dangerous."""

import base64
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core.eventstore.errors import CursorInvalid, Invalid
from gatherlog.core.search import Circle, Place, SearchDocument, SearchQuery, Sort, Text
from gatherlog.search.finding import find
from tests.search.indexes import Indexed
from tests.search.oracle import micros
from tests.search.strategies import NOW

HERE = Place(48.2, 16.37)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Indexed]:
    things = [
        SearchDocument(id=f"{number}", texts=[Text('piano "for" all')], prices=(number, number))
        for number in range(5)
    ]
    found = Indexed(tmp_path / "index", things)
    yield found
    found.index.close()


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        (SearchQuery(text="x" * 10_000), ["/text"]),
        (SearchQuery(text=" ".join(f"w{n}" for n in range(13))), ["/text"]),
        (SearchQuery(ages=[(5, 8), (90, 3)]), ["/ages/1"]),
        (SearchQuery(ages=[(-1, 3)]), ["/ages/0"]),
        (SearchQuery(ages=[(0, 201)]), ["/ages/0"]),
        (SearchQuery(ages=[(1, 2)] * 101), ["/ages"]),
        (SearchQuery(prices=(10.0, 5.0)), ["/prices"]),
        (SearchQuery(prices=(-1.0, 5.0)), ["/prices"]),
        (SearchQuery(prices=(0.0, math.inf)), ["/prices"]),
        (SearchQuery(prices=(math.nan, 5.0)), ["/prices"]),
        (SearchQuery(days=(date(2027, 1, 2), date(2027, 1, 1))), ["/days"]),
        (SearchQuery(times=(660, 600)), ["/times"]),
        (SearchQuery(times=(1440, 1440)), ["/times"]),
        (SearchQuery(times=(0, 1441)), ["/times"]),
        (SearchQuery(within=Circle(Place(123, 16), 10)), ["/within/lat"]),
        (SearchQuery(within=Circle(Place(math.nan, math.nan), 10)), ["/within/lat", "/within/lon"]),
        (SearchQuery(within=Circle(HERE, 0)), ["/within/radius"]),
        (SearchQuery(within=Circle(HERE, 200_001)), ["/within/radius"]),
        (SearchQuery(near=Place(-91, 181)), ["/near/lat", "/near/lon"]),
        (SearchQuery(sort=Sort.DISTANCE), ["/sort"]),
        (SearchQuery(tags={"category": ["x"] * 101}), ["/tags/category"]),
        (SearchQuery(first=100_000), ["/first"]),
        (SearchQuery(first=0), ["/first"]),
        (SearchQuery(last=-1), ["/last"]),
        (SearchQuery(first=1, last=1), ["/last"]),
        (SearchQuery(text="x" * 501, ages=[(9, 1)], first=-1), ["/text", "/ages/0", "/first"]),
    ],
)
def test_a_query_out_of_range_is_refused_with_the_place_of_each_flaw(
    index: Indexed, query: SearchQuery, pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        index.find(query)

    assert [flaw.pointer for flaw in refused.value.flaws] == pointers


@pytest.mark.parametrize(
    "text",
    [
        '"piano', "piano'", "+piano -all", "piano*", "(piano", "piano^", "[piano}", "\\piano\\",
        "piano\x00", "/piano.*/", "PIANO?!", "piano~", "piano:", "&& piano || all !", "%piano_",
    ],
)  # fmt: skip
def test_quotes_and_operators_mean_nothing(index: Indexed, text: str) -> None:
    assert index.find(SearchQuery(text=text)).total == 5


@pytest.mark.parametrize("text", ["piano AND NOT all", "name:piano", "piano OR flute", "piano~2"])
def test_words_of_query_languages_are_words(index: Indexed, text: str) -> None:
    assert index.find(SearchQuery(text=text)).total == (5 if text == "piano~2" else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "all"},
        {"sort": Sort.RELEVANCE},
        {"descending": True},
        {"prices": (0.0, 4.0)},
        {"ages": [(1, 2)]},
        {"within": Circle(HERE, 5)},
        {"near": HERE},
        {"tags": {"a": ["b"]}},
        {"days": (date(2027, 1, 1), None)},
        {"times": (1, 2)},
    ],
)
def test_a_cursor_of_another_query_is_refused(index: Indexed, change: dict[str, object]) -> None:
    query = SearchQuery(text="piano", sort=Sort.PRICE, first=2)
    cursor = index.find(query).found[-1].cursor

    with pytest.raises(CursorInvalid, match="another query"):
        index.find(msgspec.structs.replace(query, after=cursor, **change))


def test_a_cursor_of_another_store_is_refused(index: Indexed) -> None:
    cursor = index.find(SearchQuery(text="piano")).found[-1].cursor
    asked = SearchQuery(text="piano", after=cursor)

    with pytest.raises(CursorInvalid, match="another store"):
        find(index.index.snapshot, asked, now=micros(NOW), store_id="other")


@pytest.mark.parametrize("bound", ["after", "before"])
def test_a_forged_cursor_is_refused(index: Indexed, bound: str) -> None:
    query = SearchQuery(text="piano", sort=Sort.PRICE)
    cursor = index.find(query).found[0].cursor
    packed: list[Any] = msgspec.json.decode(
        base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    )
    place = packed[2]
    others: list[object] = [
        [place[0] + 1, *place[1:]], [place[0], place[1] + 1, place[2]], [*place[:2], 0],
        [place[0], -1, place[2]], [place[0], 2**80, place[2]], ["x", 1, 1], [], None, {},
        [None, None, None], place[:2], [1e300, 10**30, 5],
    ]  # fmt: skip
    forged = [
        "", "x", "piano", cursor[:-3], cursor + "A", cursor.swapcase(), "😀", "=" * 8,
        *[written([*packed[:2], other]) for other in others],
    ]  # fmt: skip

    for each in forged:
        with pytest.raises(CursorInvalid):
            index.find(msgspec.structs.replace(query, **{bound: each}))


def test_a_page_of_the_largest_size_is_given(index: Indexed) -> None:
    assert len(index.find(SearchQuery(first=500)).found) == 5


def written(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()
