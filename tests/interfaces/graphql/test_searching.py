"""`findThingsToDo` on a server with an index: what parents and guests find, page by page."""

import re
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from gatherlog.apps.things import FloatRange, Hours, IntRange, Thing, Where
from gatherlog.apps.things.content import DAYS, Content
from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import DAY, Town, content
from tests.interfaces.graphql.test_finding import FIND
from tests.stores import eventually, heads_of_all

pytestmark = pytest.mark.usefixtures("searching")
HERE = {"lat": 52.52, "lon": 13.405}
SATURDAY = date.fromisoformat(DAY) + timedelta((5 - date.fromisoformat(DAY).weekday()) % 7)
DIGITS = "0123456"
"""The names of the things of `seven`, by their prices and distances."""


async def found(ask: Asking, **given: Any) -> dict[str, Any]:
    connection: dict[str, Any] = (await ask.guest(FIND, **given)).data["findThingsToDo"]
    return connection


async def names(ask: Asking, **given: Any) -> list[str]:
    """The names of what is found, in order."""
    return [edge["node"]["name"] for edge in (await found(ask, **given))["edges"]]


def weekly(day: str, **given: Any) -> Content:
    """On one day of the week, from ten to twelve."""
    hours = (Hours(day=day, start="10:00:00", end="12:00:00"),)  # type: ignore[arg-type]
    return content(when=msgspec.structs.replace(content().when, hours=hours), **given)


def numbered(number: int) -> Content:
    """The higher the number, the farther, the dearer and the later in the week of SATURDAY."""
    day = DAYS[(SATURDAY.weekday() + number) % 7]
    where = Where(lat=52.52 + number / 100, lon=13.405, address="Pond Street")
    return weekly(day, name=f"{number}", where=where, price=FloatRange(number, 100.0))


@pytest.fixture
async def seven(searching: None, ask: Asking, town: Town) -> list[Thing]:
    things = [await town.published(numbered(number)) for number in range(7)]
    await eventually(lambda: count(ask), 7)
    return things


async def count(ask: Asking, **given: Any) -> int:
    total: int = (await found(ask, **given))["totalCount"]
    return total


def sort(by: str, direction: str = "ASC") -> dict[str, Any]:
    since = {"date": {"from": SATURDAY.isoformat(), "to": "2999-12-31"}}
    asked = {"sort": {"sortBy": by, "direction": direction}, "filter": {"when": since}}
    return {**asked, "location": HERE}


async def pages(ask: Asking, *, backwards: bool, size: int, **asked: Any) -> list[dict[str, Any]]:
    """All pages, as a client goes from one to the next."""
    size_of, cursor_of = ("last", "before") if backwards else ("first", "after")
    edge, more = ("startCursor", "hasPreviousPage") if backwards else ("endCursor", "hasNextPage")
    read = [await found(ask, **{size_of: size}, **asked)]
    while read[-1]["pageInfo"][more]:
        cursor = read[-1]["pageInfo"][edge]
        read.append(await found(ask, **{size_of: size, cursor_of: cursor}, **asked))
    return read[::-1] if backwards else read


def names_of(read: list[dict[str, Any]]) -> str:
    return "".join(edge["node"]["name"] for page in read for edge in page["edges"])


async def test_saturday_near_me_for_five_and_eight_is_one_question(ask: Asking, town: Town) -> None:
    far = Where(lat=53.5, lon=10.0, address="Hamburg")
    await town.published(weekly("SAT", name="Too far", where=far))
    await town.published(weekly("SUN", name="On Sundays"))
    await town.published(weekly("SAT", name="For five only", ages=IntRange(5, 5)))
    await town.published(weekly("SAT", name="Fits"))
    question = {
        "location": HERE,
        "filter": {
            "location": {"coordinates": HERE, "radius": 5000},
            "target": {"age": [{"from": 5, "to": 5}, {"from": 8, "to": 8}]},
            "when": {
                "date": {"from": SATURDAY.isoformat(), "to": SATURDAY.isoformat()},
                "time": {"from": "09:00:00", "to": "11:00:00"},
            },
        },
    }

    await eventually(lambda: count(ask), 4)
    connection = await found(ask, **question)

    assert connection["totalCount"] == 1
    assert [edge["node"]["name"] for edge in connection["edges"]] == ["Fits"]
    assert connection["edges"][0]["node"]["distance"] == 0


DIFFERENT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "type": ({"kind": "PLACE"}, {"type": ["RECURRING_EVENT", "EVENT"]}),
    "category": ({"category": "DANCE"}, {"category": ["ARTS", "MUSIC"]}),
    "for whom": ({"audience": ("ADULT",)}, {"target": {"type": ["CHILD", "FAMILY"]}}),
    "ages": ({"ages": IntRange(9, 12)}, {"target": {"age": [{"from": 5, "to": 8}]}}),
    "price": ({"price": FloatRange(20, 30)}, {"price": {"from": 7.5, "to": 10}}),
    "booking": ({"booking_mandatory": False}, {"bookingMandatory": True}),
    "adult": ({"adult_mandatory": True}, {"adultMandatory": False}),
    "place": (
        {"where": Where(lat=48.1, lon=11.5, address="Munich")},
        {"location": {"coordinates": HERE, "radius": 200_000}},
    ),
}
"""How things differ from the plain one, and a filter that finds all but this one."""


async def test_every_filter_leaves_out_what_differs_and_all_of_them_together_find_the_rest(
    ask: Asking, town: Town
) -> None:
    await town.published(content(name="plain"))
    for name, (differs, _) in DIFFERENT.items():
        await town.published(content(name=name, **differs))
    await eventually(lambda: count(ask), 1 + len(DIFFERENT))
    everything = {"plain", *DIFFERENT}
    together: dict[str, Any] = {}

    for name, (_, wanted) in DIFFERENT.items():
        assert set(await names(ask, filter=wanted)) == everything - {name}
        target = {**together.get("target", {}), **wanted.get("target", {})}
        together |= wanted | ({"target": target} if target else {})
    assert await names(ask, filter=together) == ["plain"]


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("by", ["GEO_DISTANCE", "PRICE", "SOONEST"])
async def test_every_order_can_be_turned_round(ask: Asking, by: str) -> None:
    assert await names(ask, **sort(by)) == list(DIGITS)
    assert await names(ask, **sort(by, "DESC")) == list(DIGITS[::-1])


async def test_the_best_is_first_by_relevance_unless_it_is_turned_round(
    ask: Asking, town: Town
) -> None:
    await town.published(content(name="Dance", description="to a piano"))
    await town.published(content(name="Piano"))
    await eventually(lambda: count(ask), 2)
    best = ["Piano", "Dance"]

    assert await names(ask, search="piano") == best
    assert await names(ask, search="piano", sort=_relevance("DESC")) == best
    assert await names(ask, search="piano", sort=_relevance("ASC")) == best[::-1]


def _relevance(direction: str) -> dict[str, str]:
    return {"sortBy": "RELEVANCE", "direction": direction}


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_in_both_directions_are_the_same_list(
    ask: Asking, backwards: bool, direction: str
) -> None:
    for size in (1, 3, 7):
        read = await pages(ask, backwards=backwards, size=size, **sort("PRICE", direction))

        assert names_of(read) == DIGITS[:: 1 if direction == "ASC" else -1]
        assert {page["totalCount"] for page in read} == {7}
        more = [True] * (len(read) - 1)
        assert [page["pageInfo"]["hasNextPage"] for page in read] == [*more, False]
        assert [page["pageInfo"]["hasPreviousPage"] for page in read] == [False, *more]


@pytest.mark.usefixtures("seven")
async def test_what_is_between_two_cursors_is_listed_without_them(ask: Asking) -> None:
    cursors = [edge["cursor"] for edge in (await found(ask, **sort("PRICE")))["edges"]]
    between = {"after": cursors[1], "before": cursors[5]}

    assert await names(ask, **between, **sort("PRICE")) == ["2", "3", "4"]
    assert await names(ask, first=2, **between, **sort("PRICE")) == ["2", "3"]
    assert await names(ask, last=2, **between, **sort("PRICE")) == ["3", "4"]


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
async def test_whoever_reads_page_by_page_sees_what_stays_once_while_things_change(
    ask: Asking, town: Town, seven: list[Thing], backwards: bool
) -> None:
    size_of, cursor_of = ("last", "before") if backwards else ("first", "after")
    edge = "startCursor" if backwards else "endCursor"
    one = await found(ask, **{size_of: 3}, **sort("PRICE"))
    cursor = one["pageInfo"][edge]

    await town.service.withdraw_thing(seven[3].id, "x", seven[3].organiser_id, actor="cli")
    for number in (0, 6):
        await town.published(msgspec.structs.replace(numbered(number), name="new"))
    await eventually(lambda: count(ask), 8)
    rest = await found(ask, **{size_of: 10, cursor_of: cursor}, **sort("PRICE"))

    in_order = [rest, one] if backwards else [one, rest]
    assert names_of(in_order).replace("new", "") == "012456"


@pytest.mark.usefixtures("seven")
async def test_an_empty_list_has_no_ends(ask: Asking) -> None:
    assert await found(ask, search="nothing") == {
        "totalCount": 0,
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


async def test_a_search_of_twenty_with_organiser_and_favourite_takes_four_reads(
    ask: Asking, town: Town, reads: list[tuple[str, int]]
) -> None:
    for number in range(20):
        await town.published(content(name=f"{number}"), ("olga", "otto")[number % 2])
    await eventually(lambda: count(ask), 20)
    query = """{ findThingsToDo(first: 20, search: "frogs") {
      totalCount edges { node { name organiser { name } myFavorite } }
    } }"""
    reads.clear()

    listed = (await ask.user(query)).data["findThingsToDo"]

    credential, things, *others = reads
    assert (len(listed["edges"]), listed["totalCount"]) == (20, 20)
    assert (credential, things) == (("get", 1), ("get", 20))
    assert sorted(others) == [("get", 2), ("get", 20)]  # two organisers; the favourites


async def test_what_others_draft_changes_no_answer_no_error_and_no_read(
    ask: Asking, town: Town, platform: Platform, reads: list[tuple[str, int]]
) -> None:
    await town.published(content(name="Public"))
    await eventually(lambda: count(ask), 1)
    questions: list[dict[str, Any]] = [
        {},
        {"search": "secretum"},
        {"search": "secretun"},
        {"search": "public", "last": 1},
        {"search": "secretum", "after": "x"},
        {"filter": {"category": ["CAFE"]}},
    ]

    async def answers() -> list[Any]:
        reads.clear()
        found = [(await ask.guest(FIND, **one)).body for one in questions]
        return [*found, [read for read in reads if read[0] in ("get", "query")]]

    before = await answers()
    secret = content(name="Secretum", category="CAFE")
    for _ in range(3):
        await town.draft(secret)
        await town.pending(secret, "otto")
    await platform.search.caught_up(await heads_of_all(platform.store))
    await town.published(content(name="Marker"))
    await eventually(lambda: count(ask, search="marker"), 1)
    await _withdraw_marker(ask, town)

    assert await answers() == before


async def _withdraw_marker(ask: Asking, town: Town) -> None:
    query = '{ findThingsToDo(search: "marker") { edges { node { id } } } }'
    [edge] = (await ask.guest(query)).data["findThingsToDo"]["edges"]
    own = ask.people.olga.id
    await town.service.withdraw_thing(edge["node"]["id"], "x", own, actor="cli")
    await eventually(lambda: count(ask), 1)


TOO_MANY_WORDS = " ".join(f"word{number}" for number in range(13))
CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"search": TOO_MANY_WORDS}, {"/search": "has more than 12 different words"}),
    (
        {"filter": {"category": ["ARTS"] * 101, "type": ["EVENT"] * 101}},
        {
            "/filter/type": "lists more than 100 values",
            "/filter/category": "lists more than 100 values",
        },
    ),
    (
        {"filter": {"target": {"type": ["CHILD"] * 101}}},
        {"/filter/target/type": "lists more than 100 values"},
    ),
    ({"after": "x"}, {"/after": "the cursor is malformed"}),
    ({"before": "Ω" * 5_000}, {"/before": "the cursor is malformed"}),
]


@ON_SQLITE
@pytest.mark.parametrize(("given", "flaws"), CASES, ids=lambda one: str(one)[:40])
async def test_what_only_the_search_refuses_is_named_by_the_argument(
    ask: Asking, given: dict[str, Any], flaws: dict[str, str]
) -> None:
    answer = await ask.guest(FIND, **given)

    assert (answer.code, answer.flaws) == ("BAD_USER_INPUT", flaws)


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(
    "other",
    [
        {"search": "frogs"},
        sort("PRICE", "DESC"),
        sort("GEO_DISTANCE"),
        {**sort("PRICE"), "location": {"lat": 1.0, "lon": 1.0}},
        {**sort("PRICE"), "filter": None},
    ],
    ids=["text", "direction", "sort", "place", "filter"],
)
async def test_a_cursor_of_another_query_is_refused(ask: Asking, other: dict[str, Any]) -> None:
    cursor = (await found(ask, **sort("PRICE")))["pageInfo"]["startCursor"]

    answer = await ask.guest(FIND, after=cursor, **other)

    assert answer.flaws == {"/after": "the cursor belongs to another query"}


@ON_SQLITE
@pytest.mark.parametrize(
    "text",
    [
        '"frogs"',
        "frogs OR 1=1",
        "name:frogs",
        "+frogs -toads",
        "frogs*",
        "(frogs",
        "frogs' --",
        "frogs~2^9",
        "\\frogs\\",
        "\x00frogs\x1f",
        "frogs " * 83,
    ],
)
async def test_no_sign_in_the_search_box_is_an_operator(ask: Asking, town: Town, text: str) -> None:
    await town.published(content(name="Frogs"))
    await eventually(lambda: count(ask), 1)
    words = [word for word in re.findall(r"\w+", text) if len(word) > 2]

    assert await count(ask, search=text) == (set(words) == {"frogs"})


@ON_SQLITE
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_a_number_that_is_none_is_refused(ask: Asking, number: str) -> None:
    price = f'{{"price": {{"from": {number}, "to": 2}}}}'
    query = "query Q($f: FindThingsToDoFilterInput) { findThingsToDo(filter: $f) { totalCount } }"
    body = f'{{"query": "{query}", "variables": {{"f": {price}}}}}'

    answer = await ask.client.post(
        "/graphql/guest", content=body, headers={"content-type": "application/json"}
    )

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_USER_INPUT"]
