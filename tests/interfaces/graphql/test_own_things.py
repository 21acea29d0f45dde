"""The organiser's own list: searched, sorted, and read in both directions."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.things import FloatRange, Thing
from gatherlog.core.commands.slices import Item, Slice, Window
from gatherlog.core.eventstore.errors import CursorInvalid, Invalid
from gatherlog.interfaces.graphql.own_things import own_things_found
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import Town, content
from tests.stores import eventually

LIST = """query L($first: Int, $after: String, $last: Int, $before: String, $search: String,
               $sort: Sort) {
  thingsToDo(first: $first, after: $after, last: $last, before: $before, search: $search,
             sort: $sort) {
    totalCount edges { cursor node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
PRICE = {"sortBy": "PRICE", "direction": "ASC"}


class Things:
    """Stands for the service: a list of things, in pages of two."""

    def __init__(self, things: list[Thing]) -> None:
        self._things = things

    async def own_things(self, organiser_id: str, window: Window) -> Slice[Thing]:
        begin = 0 if window.after is None else int(window.after) + 1
        part = list(enumerate(self._things))[begin : begin + 2]
        items = [Item(thing, 1, str(place)) for place, thing in part]
        return Slice(items, begin > 0, begin + len(part) < len(self._things))


def thing(number: int, price: float, name: str) -> Thing:
    return Thing(
        id=f"t{number:02}",
        organiser_id="olga",
        status="DRAFT",
        content=content(name=name, price=FloatRange(price, price), description="Bring an apron."),
        created_at=number // 3,
        updated_at=1,
    )


THINGS = st.lists(
    st.tuples(st.sampled_from([0.0, 2.5, 10.0]), st.sampled_from(["Frögs", "Newts", "frogs pond"])),
    max_size=12,
).map(lambda rows: [thing(number, *row) for number, row in enumerate(rows)])
SORTS = st.sampled_from(
    [
        None,
        *(
            {"sortBy": by, "direction": direction}
            for by in ("PRICE", "RELEVANCE", "SOONEST")
            for direction in ("ASC", "DESC")
        ),
    ]
)


async def page(things: list[Thing], sort: Any, search: str = "", **window: Any) -> Any:
    return await own_things_found(
        Things(things),  # type: ignore[arg-type]  # it has what is needed
        "olga",
        Window(**{"limit": 100, **window}),
        search=search,
        sort=sort,
        now=1_800_000_000_000_000,
    )


@given(THINGS, SORTS, st.sampled_from(["", "frogs", "FROGS pond", "x"]), st.integers(1, 5))
async def test_pages_in_either_direction_are_the_whole_list(
    things: list[Thing], sort: Any, search: str, limit: int
) -> None:
    whole = await page(things, sort, search)
    cursors = [edge.cursor for edge in whole.edges]
    forwards: list[str] = []
    backwards: list[str] = []
    while True:
        part = await page(
            things, sort, search, limit=limit, after=forwards[-1] if forwards else None
        )
        assert part.has_previous == bool(forwards)
        forwards += [edge.cursor for edge in part.edges]
        if not part.has_next:
            break
    while True:
        before = backwards[0] if backwards else None
        part = await page(things, sort, search, limit=limit, last=True, before=before)
        assert part.has_next == bool(backwards)
        backwards = [*(edge.cursor for edge in part.edges), *backwards]
        if not part.has_previous:
            break

    assert forwards == backwards == cursors
    assert len(set(cursors)) == len(cursors)


@given(THINGS, st.sampled_from(["", "frogs", "FROGS pond"]))
async def test_what_is_found_and_its_order_are_as_by_looking_at_each(
    things: list[Thing], search: str
) -> None:
    found = await page(things, {"sortBy": "PRICE", "direction": "DESC"}, search)

    words = search.lower().split()
    fitting = [
        one
        for one in things
        if all(
            word in one.content.name.lower().replace("ö", "o") or word == "pond" for word in words
        )
    ]
    fitting.sort(key=lambda one: (-one.content.price.start, -one.created_at, one.id))
    assert [edge.node.thing.id for edge in found.edges] == [one.id for one in fitting]


@given(THINGS, THINGS, st.integers(0, 11))
async def test_a_cursor_keeps_its_place_while_things_come_and_go(
    things: list[Thing], others: list[Thing], place: int
) -> None:
    whole = await page(things, PRICE)
    if place >= len(whole.edges):
        return
    cursor, passed = whole.edges[place].cursor, {e.cursor for e in whole.edges[: place + 1]}

    rest = await page(others, PRICE, after=cursor)

    everything = [edge.cursor for edge in (await page(others, PRICE)).edges]
    behind = [edge.cursor for edge in rest.edges]
    assert everything[len(everything) - len(behind) :] == behind
    assert passed.isdisjoint(behind)


async def test_a_cursor_of_another_list_is_refused() -> None:
    things = [thing(1, 1.0, "Frogs"), thing(2, 2.0, "Frogs")]
    cursor = (await page(things, PRICE)).edges[0].cursor

    for wrong in (cursor[:-4], "x", "e30=", "WzEsMSwxLDFd"):
        with pytest.raises(CursorInvalid):
            await page(things, PRICE, after=wrong)
    with pytest.raises(CursorInvalid):
        await page(things, PRICE, "frogs", after=cursor)
    with pytest.raises(Invalid):
        await page(things, {"sortBy": "GEO_DISTANCE", "direction": "ASC"})


async def test_the_list_without_search_is_read_in_both_directions(ask: Asking, town: Town) -> None:
    for number in range(5):
        await town.draft(content(name=f"Frogs {number}"))

    async def names() -> object:
        return _names((await ask.organiser(LIST)).data["thingsToDo"])

    await eventually(names, [f"Frogs {number}" for number in (4, 3, 2, 1, 0)])
    first = (await ask.organiser(LIST, first=2)).data["thingsToDo"]
    middle = await ask.organiser(LIST, first=2, after=first["pageInfo"]["endCursor"])
    last = (await ask.organiser(LIST, last=2)).data["thingsToDo"]
    back = await ask.organiser(LIST, last=2, before=last["pageInfo"]["startCursor"])
    info = middle.data["thingsToDo"]["pageInfo"]

    assert [_names(first), _names(last)] == [["Frogs 4", "Frogs 3"], ["Frogs 1", "Frogs 0"]]
    assert _names(middle.data["thingsToDo"]) == ["Frogs 2", "Frogs 1"]
    assert _names(back.data["thingsToDo"]) == ["Frogs 3", "Frogs 2"]
    assert (info["hasPreviousPage"], info["hasNextPage"]) == (True, True)
    assert (first["pageInfo"]["hasPreviousPage"], last["pageInfo"]["hasNextPage"]) == (False, False)
    assert first["totalCount"] == 5


@ON_SQLITE
async def test_own_things_are_searched_and_sorted_over_http(ask: Asking, town: Town) -> None:
    await town.draft(content(name="Zoo", price=FloatRange(9, 9)))
    await town.draft(content(name="Frog zoo", price=FloatRange(3, 3)))
    await town.draft(content(name="Museum"))

    found = (await ask.organiser(LIST, search=" ZOO", sort=PRICE)).data["thingsToDo"]

    assert (found["totalCount"], _names(found)) == (2, ["Frog zoo", "Zoo"])


@ON_SQLITE
@pytest.mark.parametrize(
    "given_",
    [
        {"first": 0},
        {"first": 21},
        {"last": -1},
        {"first": 1, "last": 1},
        {"after": "nonsense"},
        {"before": "WzEsMiwzXQ=="},
        {"search": "x" * 501},
        {"sort": {"sortBy": "GEO_DISTANCE", "direction": "ASC"}},
    ],
    ids=lambda one: str(one)[:40],
)
async def test_what_is_out_of_range_is_refused(ask: Asking, given_: dict[str, Any]) -> None:
    refused = await ask.organiser(LIST, **given_)

    assert (refused.status, refused.code) == (200, "BAD_USER_INPUT")


@ON_SQLITE
async def test_a_cursor_of_another_connection_is_refused(ask: Asking, town: Town) -> None:
    await town.draft()
    cursor = (await ask.organiser(LIST)).data["thingsToDo"]["edges"][0]["cursor"]
    query = (
        "query L($after: String) { thingsToDoByStatus(status: DRAFT, after: $after) {totalCount}}"
    )

    refused = [
        await ask.organiser(query, after=cursor),
        await ask.organiser(LIST, who="otto", after=cursor),
        await ask.organiser(LIST, search="frogs", after=cursor),
    ]

    assert [answer.code for answer in refused] == ["BAD_USER_INPUT"] * 3


def _names(part: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in part["edges"]]


async def test_many_words_are_searched_for_in_no_more_time_than_one() -> None:
    long = content(name="Frogs", description="ä ö " * 2_500)
    things = [msgspec.structs.replace(thing(n, 1, ""), content=long) for n in range(30)]

    async def taken(search: str) -> float:
        begun = time.process_time()
        assert len((await page(things, None, search)).edges) == 30
        return time.process_time() - begun

    one = min([await taken("ä") for _ in range(3)])
    assert await taken("ä o " * 125) < 10 * one  # it was 250 times as much
