"""`findThingsToDo`: what the search is asked, and how its answer becomes a connection."""

from datetime import date
from typing import Any

import pytest

from gatherlog.apps.things import ThingQuery
from gatherlog.core.search import Circle, Place
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import Town, content

FIND = """
query Find($first: Int, $after: String, $last: Int, $before: String, $search: String,
           $location: LocationInput, $filter: FindThingsToDoFilterInput, $sort: Sort) {
  findThingsToDo(first: $first, after: $after, last: $last, before: $before, search: $search,
                 location: $location, filter: $filter, sort: $sort) {
    totalCount
    edges { cursor node { name distance organiser { name } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.fixture
async def things(town: Town, finder: SampleFinder) -> None:
    finder.things += [
        await town.published(content(name="Zoo"), "otto"),
        await town.published(content(name="Aquarium")),
        await town.published(content(name="Museum")),
    ]


@pytest.mark.usefixtures("things")
async def test_a_page_has_its_edges_its_cursors_and_the_whole_count(search: Asking) -> None:
    first = (await search.guest(FIND, first=2)).data["findThingsToDo"]
    second = (await search.guest(FIND, first=2, after=first["pageInfo"]["endCursor"])).data

    assert first == {
        "totalCount": 3,
        "edges": [
            {"cursor": "0", "node": _shown("Aquarium", "Olga")},
            {"cursor": "1", "node": _shown("Museum", "Olga")},
        ],
        "pageInfo": {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": "0",
            "endCursor": "1",
        },
    }
    assert second["findThingsToDo"]["edges"] == [{"cursor": "2", "node": _shown("Zoo", "Otto")}]
    assert second["findThingsToDo"]["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": "2",
        "endCursor": "2",
    }


@pytest.mark.usefixtures("things")
async def test_what_is_not_published_any_more_is_left_out_though_it_is_still_found(
    search: Asking, town: Town, finder: SampleFinder
) -> None:
    museum = finder.things[2]
    own = search.people.olga.id
    await town.service.withdraw_thing(museum.id, "closed", own, actor="cli")

    found = (await search.guest(FIND)).data["findThingsToDo"]

    assert [edge["node"]["name"] for edge in found["edges"]] == ["Aquarium", "Zoo"]


@pytest.mark.usefixtures("things")
async def test_a_page_of_which_nothing_is_left_still_leads_to_the_next(
    search: Asking, town: Town, finder: SampleFinder
) -> None:
    museum, own = finder.things[2], search.people.olga.id
    await town.service.withdraw_thing(museum.id, "closed", own, actor="cli")

    page = (await search.guest(FIND, first=1, after="0")).data["findThingsToDo"]

    assert (page["edges"], page["pageInfo"]["endCursor"]) == ([], "1")
    assert page["pageInfo"]["hasNextPage"]


async def test_the_whole_filter_reaches_the_search(search: Asking, finder: SampleFinder) -> None:
    wanted = {
        "location": {"coordinates": {"lat": 52.5, "lon": 13.4}, "radius": 5000},
        "target": {"age": [{"from": 5, "to": 5}, {"from": 8, "to": 8}], "type": ["CHILD"]},
        "price": {"from": 0, "to": 20},
        "type": ["EVENT", "PLACE"],
        "category": ["ARTS"],
        "when": {
            "date": {"from": "2027-05-01", "to": "2027-05-02"},
            "time": {"from": "10:00:00", "to": "18:30:00.000"},
        },
        "bookingMandatory": False,
        "adultMandatory": True,
    }
    answer = await search.guest(
        FIND,
        last=7,
        before="9",
        search="  frogs ",
        location={"lat": 52.0, "lon": 13.0},
        filter=wanted,
        sort={"sortBy": "SOONEST", "direction": "DESC"},
    )

    assert answer.data["findThingsToDo"]["totalCount"] == 0
    assert finder.asked == [
        ThingQuery(
            text="frogs",
            kinds=["EVENT", "PLACE"],
            categories=["ARTS"],
            audience=["CHILD"],
            booking_mandatory=False,
            adult_mandatory=True,
            ages=[(5, 5), (8, 8)],
            prices=(0.0, 20.0),
            within=Circle(Place(52.5, 13.4), 5000),
            near=Place(52.0, 13.0),
            days=(date(2027, 5, 1), date(2027, 5, 2)),
            times=(600, 1110),
            sort="SOONEST",
            descending=True,
            last=7,
            before="9",
        )
    ]


@pytest.mark.usefixtures("things")
async def test_with_a_place_each_thing_has_its_distance(search: Asking) -> None:
    found = (await search.guest(FIND, location={"lat": 52.0, "lon": 13.0})).data

    distances = [edge["node"]["distance"] for edge in found["findThingsToDo"]["edges"]]
    assert distances == [1200.0] * 3


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"first": 0}, {"/first": "has to be 1 to 500, not 0"}),
    ({"first": -1}, {"/first": "has to be 1 to 500, not -1"}),
    ({"first": 100000}, {"/first": "has to be 1 to 500, not 100000"}),
    ({"last": 501}, {"/last": "has to be 1 to 500, not 501"}),
    ({"first": 5, "last": 5}, {"/last": "cannot be given together with first"}),
    ({"search": "x" * 10_000}, {"/search": "has 10,000 characters; 500 fit"}),
    ({"location": {"lat": 123, "lon": 0}}, {"/location/lat": "has to be -90 to 90"}),
    ({"location": {"lat": 0, "lon": -181}}, {"/location/lon": "has to be -180 to 180"}),
    (
        {"filter": {"location": {"coordinates": {"lat": -91, "lon": 0}, "radius": 0}}},
        {
            "/filter/location/coordinates/lat": "has to be -90 to 90",
            "/filter/location/radius": "has to be 1 to 200,000 metres",
        },
    ),
    (
        {"filter": {"target": {"age": [{"from": 5, "to": 8}, {"from": 90, "to": 3}]}}},
        {"/filter/target/age/1/to": "has to be at least from"},
    ),
    (
        {"filter": {"target": {"age": [{"from": -1, "to": 3}]}}},
        {"/filter/target/age/0": "has to be within 0 to 120"},
    ),
    (
        {"filter": {"target": {"age": [{"from": 1, "to": 3}] * 51}}},
        {"/filter/target/age": "has 51 ranges; 50 fit"},
    ),
    (
        {"filter": {"price": {"from": 3, "to": 2}}},
        {"/filter/price/to": "has to be at least from"},
    ),
    ({"filter": {"price": {"from": -1, "to": 2}}}, {"/filter/price": "is below zero"}),
    (
        {"filter": {"when": {"date": {"from": "2027-05-02", "to": "2027-05-01"}}}},
        {"/filter/when/date/to": "has to be at least from"},
    ),
    (
        {"filter": {"when": {"time": {"from": "18:00:00", "to": "10:00:00"}}}},
        {"/filter/when/time/to": "has to be at least from"},
    ),
    (
        {"filter": {"when": {"time": {"from": "10:00:00Z", "to": "12:00:00+02:00"}}}},
        {
            f"/filter/when/time/{end}": "has to be a local time of the place, without an offset"
            for end in ("from", "to")
        },
    ),
    (
        {"filter": {"when": {"time": {"from": "10:00Z", "to": "12:00"}}}},
        {"/filter/when/time/from": "has to be a local time of the place, without an offset"},
    ),
    (
        {"sort": {"sortBy": "GEO_DISTANCE", "direction": "ASC"}},
        {"/sort/sortBy": "needs a place from which distances are measured"},
    ),
]


@ON_SQLITE
@pytest.mark.parametrize(("given", "flaws"), WRONG, ids=lambda one: str(one)[:50])
async def test_arguments_out_of_range_are_named_one_by_one(
    search: Asking, finder: SampleFinder, given: dict[str, Any], flaws: dict[str, str]
) -> None:
    answer = await search.guest(FIND, **given)

    assert (answer.code, answer.flaws, finder.asked) == ("BAD_USER_INPUT", flaws, [])


def _shown(name: str, organiser: str) -> dict[str, Any]:
    return {"name": name, "distance": None, "organiser": {"name": f"House of {organiser}"}}
