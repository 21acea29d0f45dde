"""What the address of the list stands for, and what is wrong in it."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.search import Circle, Place
from gatherlog.interfaces.web.things.filters import Filters

HERE = Place(52.52, 13.4)
MAY = date(2027, 5, 1)


def read(query: str) -> Filters:
    return Filters.read(QueryParams(query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"text": "", "sort": "SOONEST", "first": 20, "days": (None, None), "ages": ()}),
        ("q=frogs", {"text": "frogs", "sort": "RELEVANCE"}),
        ("ages=5,+8", {"ages": [(5, 5), (8, 8)]}),
        ("ages=5+8", {"ages": [(5, 5), (8, 8)]}),
        ("ages=3+to+6", {"ages": [(3, 6)]}),
        ("ages=3-6+and+9", {"ages": [(3, 6), (9, 9)]}),
        ("day=2027-05-01", {"days": (MAY, MAY)}),
        ("day=2027-05-01&until=2027-05-02", {"days": (MAY, date(2027, 5, 2))}),
        ("until=2027-05-01", {"days": (None, MAY)}),
        ("start=14:00", {"times": (840, 1440)}),
        ("start=14:00&end=16:30", {"times": (840, 990)}),
        ("end=10:00:00", {"times": (0, 600)}),
        ("price=0", {"prices": (0.0, 0.0)}),
        ("price=7,50", {"prices": (0.0, 7.5)}),
        ("near=52.52,+13.4", {"near": HERE, "within": None, "sort": "GEO_DISTANCE"}),
        ("near=52.52,13.4&radius=5", {"within": Circle(HERE, 5000), "near": HERE}),
        ("near=52.52;13.4&sort=PRICE", {"near": HERE, "sort": "PRICE"}),
        ("near=-33.9+-151", {"near": Place(-33.9, -151)}),
        ("q=frogs&near=52.52,13.4&sort=RELEVANCE", {"sort": "RELEVANCE"}),
        ("category=ARTS&category=MUSIC", {"categories": ["ARTS", "MUSIC"]}),
        ("type=PLACE", {"kinds": ["PLACE"]}),
        ("for=FAMILY", {"audience": ["FAMILY"]}),
        ("alone=1", {"adult_mandatory": False, "booking_mandatory": None}),
        ("open=1", {"booking_mandatory": False, "adult_mandatory": None}),
        ("after=xyz", {"after": "xyz", "before": None, "first": 20, "last": None}),
        ("before=xyz", {"before": "xyz", "after": None, "first": None, "last": 20}),
    ],
)
def test_the_address_says_what_is_looked_for(query: str, expected: dict[str, Any]) -> None:
    filters = read(query)

    assert filters.fields.flaws == {}
    assert {name: getattr(filters.query, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("query", "flaws"),
    [
        ("ages=90+to+3", {"ages": "should go from the younger to the older, like 3 to 6"}),
        ("ages=five", {"ages": "should be written like 5, 8 or like 3 to 6"}),
        ("ages=" + "5," * 21, {"ages": "should be written like 5, 8 or like 3 to 6"}),
        ("ages=121", {"ages": "should be from 0 to 120"}),
        ("ages=-5", {"ages": "should be written like 5, 8 or like 3 to 6"}),
        ("ages=\N{FULLWIDTH DIGIT FIVE}", {"ages": "should be written like 5, 8 or like 3 to 6"}),
        ("day=2027-02-30", {"day": "should be a date like 2027-05-01"}),
        ("day=20270501", {"day": "should be a date like 2027-05-01"}),
        ("day=2027-05-02&until=2027-05-01", {"until": "should not be before the first"}),
        ("start=25:00", {"start": "should be a time like 14:00"}),
        ("start=16:00&end=14:00", {"end": "should not be before the beginning"}),
        ("price=-1", {"price": "should be written like 10 or 7.50"}),
        ("price=NaN", {"price": "should be written like 10 or 7.50"}),
        ("price=1e5", {"price": "should be written like 10 or 7.50"}),
        (
            "near=123,13.4",
            {"near": "has a latitude from -90 to 90 and a longitude from -180 to 180"},
        ),
        (
            "near=NaN,NaN",
            {"near": "should be written as latitude and longitude, like 52.52, 13.40"},
        ),
        (
            "near=Berlin&radius=5",
            {"near": "should be written as latitude and longitude, like 52.52, 13.40"},
        ),
        ("radius=5", {"near": "is needed where a distance is chosen"}),
        ("near=1,1&radius=0", {"radius": "should be from 1 to 200 km"}),
        ("near=1,1&radius=201", {"radius": "should be from 1 to 200 km"}),
        ("near=1,1&radius=1.5", {"radius": "should be a whole number of kilometres"}),
        ("sort=GEO_DISTANCE", {"near": "is needed to sort by distance"}),
        ("sort=LUCK", {"sort": "is not one of those to choose from"}),
        ("category=ARTS&category=LUCK", {"category": "is not one of those to choose from"}),
        ("type=party", {"type": "is not one of those to choose from"}),
        ("q=" + "a" * 501, {"q": "has 501 characters; 500 fit"}),
        ("day=x&price=y", {"day": "should be a date", "price": "should be written"}),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_stays_as_it_was_typed(
    query: str, flaws: dict[str, str]
) -> None:
    filters = read(query)

    found = filters.fields.flaws
    assert found.keys() == flaws.keys()
    assert [flaw in found[name] for name, flaw in flaws.items()] == [True] * len(flaws)
    typed = {name: values[-1] for name, values in parse_qs(query).items()}
    kept = {**filters.fields.values, **{name: of[-1:] for name, of in filters.chosen.items()}}
    assert {name: kept[name] for name in typed} == {
        name: [value] if name in filters.chosen else value for name, value in typed.items()
    }


def test_what_is_looked_for_is_told_in_words() -> None:
    everything = read(
        "q=frogs&ages=5,8&day=2027-05-01&until=2027-05-02&start=14:00&end=16:00&near=52.5,13.4"
        "&radius=5&price=10&category=ARTS&type=PLACE&for=CHILD&alone=1&open=1"
    )

    told = [text.replace("\N{NO-BREAK SPACE}", " ") for text in everything.told(date(2027, 4, 1))]

    assert told == [
        "“frogs”",
        "ages 5,8",
        "Saturday, 1 May to Sunday, 2 May",
        "14:00 to 16:00",
        "within 5 km of 52.5,13.4",
        "up to 10",
        "Arts",
        "Place to visit",
        "Children",
        "no adult needed",
        "no booking needed",
    ]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", []),
        ("sort=PRICE", []),
        ("day=2028-05-01", ["Monday, 1 May 2028"]),
        ("until=2027-05-01", ["until Saturday, 1 May"]),
        ("start=14:00", ["from 14:00"]),
        ("end=14:00", ["until 14:00"]),
        ("near=52.5,13.4", ["near 52.5,13.4"]),
    ],
)
def test_each_filter_is_told_alone(query: str, told: list[str]) -> None:
    words = read(query).told(date(2027, 4, 1))

    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in words] == told


@given(
    st.dictionaries(
        st.sampled_from(["q", "ages", "day", "near", "radius", "price", "sort", "end"]), st.text()
    )
)
def test_whatever_is_typed_is_read_or_named(values: dict[str, str]) -> None:
    filters = Filters.read(QueryParams(values))

    assert filters.fields.flaws.keys() <= {*values, "near", "end"}
    assert {name: filters.fields[name] for name in values} == {
        name: value.strip() for name, value in values.items()
    }


def test_flaws_that_the_search_finds_are_told_at_the_fields_of_the_form() -> None:
    flawed = read("q=many").with_flaws([Flaw("/text", "has too many words")])

    assert flawed.fields.flaws == {"q": "The text has too many words."}


def test_a_path_keeps_all_filters_and_begins_the_list_anew() -> None:
    filters = read("q=a%26b&category=ARTS&category=MUSIC&ages=5,8&after=xyz&unknown=1")

    paths = [filters.path(), filters.path(after="c/d"), filters.path(ages="", day="2027-05-01")]

    assert [parse_qs(urlsplit(path).query) for path in paths] == [
        {"q": ["a&b"], "ages": ["5,8"], "category": ["ARTS", "MUSIC"]},
        {"q": ["a&b"], "ages": ["5,8"], "category": ["ARTS", "MUSIC"], "after": ["c/d"]},
        {"q": ["a&b"], "category": ["ARTS", "MUSIC"], "day": ["2027-05-01"]},
    ]
    assert read("after=xyz").path() == "/things"
