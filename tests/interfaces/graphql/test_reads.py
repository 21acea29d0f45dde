"""How often the store is read for a query: as often for twenty things as for one."""

import pytest

from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import DAY, Town, content
from tests.stores import eventually

Reads = list[tuple[str, int]]


@pytest.fixture
async def twenty(town: Town, finder: SampleFinder) -> None:
    """Twenty things of two organisers."""
    for number in range(20):
        organiser = ("olga", "otto")[number % 2]
        finder.things.append(await town.published(content(name=f"Frogs {number:02}"), organiser))


async def test_a_thing_with_its_organiser_takes_two_reads(
    ask: Asking, town: Town, reads: Reads
) -> None:
    thing = await town.published()
    reads.clear()

    query = "query T($id: ID!) { thingToDoById(id: $id) { name organiser { name } } }"
    await ask.guest(query, id=thing.id)

    assert reads == [("get", 1), ("get", 1)]


async def test_of_many_dates_only_those_that_are_asked_for_are_read(
    ask: Asking, town: Town, reads: Reads
) -> None:
    thing = await town.published(content(capacity=3))
    reads.clear()

    found = await ask.guest("query P($id: ID!) { places(id: $id, first: 2) { left } }", id=thing.id)

    assert (len(found.data["places"]), reads) == (2, [("get", 1), ("get", 2)])


@pytest.mark.usefixtures("twenty")
async def test_a_search_of_twenty_with_organiser_and_favourite_takes_three_reads(
    search: Asking, reads: Reads
) -> None:
    query = """{ findThingsToDo(first: 20) {
      totalCount edges { node { name organiser { name } myFavorite } }
    } }"""
    reads.clear()

    found = (await search.user(query)).data["findThingsToDo"]

    credential, answer = reads[:1], reads[1:]
    assert len(found["edges"]) == 20
    assert credential == [("get", 1)]  # the session, with the roles of its account
    assert answer[0] == ("get", 20)  # the things
    assert sorted(answer[1:]) == [("get", 2), ("get", 20)]  # two organisers; the favourites


@pytest.mark.usefixtures("twenty")
async def test_aliases_share_their_reads(
    search: Asking, reads: Reads, finder: SampleFinder
) -> None:
    one, two = finder.things[0].id, finder.things[1].id
    query = """query T($one: ID!, $two: ID!) {
      a: thingToDoById(id: $one) { organiser { name } }
      b: thingToDoById(id: $two) { organiser { name } }
      c: thingToDoById(id: $one) { organiser { name } }
    }"""
    reads.clear()

    await search.guest(query, one=one, two=two)

    assert sum(number for _, number in reads) == 3 + 2  # three things, and each organiser once


@ON_SQLITE  # where a page is one read
@pytest.mark.parametrize("number", [1, 5])
async def test_favourites_and_what_waits_take_as_many_reads_for_five_as_for_one(
    ask: Asking, town: Town, reads: Reads, number: int
) -> None:
    favourites = "{ myFavorites { edges { node { thingToDo { organiser { name } } } } } }"
    pending = "{ pending { edges { node { organiser { name } live { name } } } } }"
    for _ in range(number):
        await town.keep(await town.published())
        await town.pending()

    async def are_listed() -> object:
        favourite = (await ask.user(favourites)).data["myFavorites"]["edges"]
        waiting = (await ask.audit(pending)).data["pending"]["edges"]
        return len(favourite), len(waiting)

    await eventually(are_listed, (number, number))
    assert (await _counted(ask, reads, "user", favourites)) == 1 + 3
    assert (await _counted(ask, reads, "audit", pending)) == 2 + 2  # a key, and its account


@ON_SQLITE
@pytest.mark.parametrize("parents", [("pia",), ("pia", "paul")], ids=len)
async def test_the_children_of_all_bookings_of_a_day_are_read_together(
    ask: Asking, town: Town, reads: Reads, parents: tuple[str, ...]
) -> None:
    thing = await town.published()
    query = f'query B($id: ID!) {{ bookings(id: $id, date: "{DAY}") {{ children {{ name }} }} }}'
    for parent in parents:
        child = await town.child(parent)
        await town.book(thing, parent, people=0, children=(child.id,))

    async def are_listed() -> object:
        listed = (await ask.organiser(query, id=thing.id)).data["bookings"]
        return [len(one["children"]) for one in listed]

    await eventually(are_listed, [1] * len(parents))
    reads.clear()
    await ask.organiser(query, id=thing.id)
    rosters = [method for method, _ in reads if method == "read_stream"]
    assert len(rosters) == 2  # a page, and one that shows that there is no more


@ON_SQLITE
async def test_a_count_is_read_only_where_it_is_asked_for(
    ask: Asking, town: Town, reads: Reads
) -> None:
    await town.draft()
    with_count = await _counted(ask, reads, "organiser", "{ thingsToDo { totalCount } }")
    without = await _counted(ask, reads, "organiser", "{ thingsToDo { edges { cursor } } }")

    assert with_count - without == 1


async def _counted(ask: Asking, reads: Reads, api: str, query: str) -> int:
    who = {"user": "pia", "audit": "rita", "organiser": "olga"}[api]
    reads.clear()
    assert (await ask.api(api, query, who=who)).data
    return len(reads)
