"""Queries that are made to take long, or that are not what they should be."""

import asyncio
import contextlib
import gc
import time
from typing import Any

import pytest
from graphql import get_introspection_query

from gatherlog.interfaces.graphql.apis import built_apis
from gatherlog.interfaces.graphql.costs import MOST_COST
from gatherlog.interfaces.graphql.documents import MOST_KEPT, Documents
from gatherlog.interfaces.graphql.errors import Refusal
from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import Town

SCHEMA = built_apis()["/graphql/user"].schema
THING = 'thingToDoById(id: "x")'
CHAIN = " ".join(
    f"fragment F{n} on ThingToDo {{ name ...F{n + 1} ...F{n + 1} }}" for n in range(20)
)

REFUSED = {
    "deep": ("{" + "a {" * 200 + "b" + "}" * 200 + "}", "QUERY_TOO_LARGE"),
    "deep but parsed": ("{" + "a {" * 20 + "b" + "}" * 20 + "}", "QUERY_TOO_LARGE"),
    "aliased": (
        "{" + " ".join(f"a{n}: {THING} {{ b{n}: name }}" for n in range(16)) + "}",
        "QUERY_TOO_LARGE",
    ),
    "repeated": ("{" + THING + "{" + "name " * 11 + "} }", "QUERY_TOO_LARGE"),
    "many fields": ("{" + THING + "{" + "name " * 301 + "} }", "QUERY_TOO_LARGE"),
    "many at the top": (
        "{" + " ".join(f"a{n}: __typename" for n in range(21)) + "}",
        "QUERY_TOO_LARGE",
    ),
    "many tokens": (
        "{" + THING + "{" + ",".join("name" for _ in range(1000)) + "} }",
        "QUERY_TOO_LARGE",
    ),
    "long": ("# " + "x" * 20_000 + "\n{ __typename }", "QUERY_TOO_LARGE"),
    "fragments upon fragments": (
        "{" + THING + "{ ...F0 } } " + CHAIN + " fragment F20 on ThingToDo { id }",
        "QUERY_TOO_LARGE",
    ),
    "circular fragments": (
        "{"
        + THING
        + "{ ...A } } fragment A on ThingToDo { ...B } fragment B on ThingToDo { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a fragment in itself": (
        "{" + THING + "{ ...A } } fragment A on ThingToDo { name ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "an unknown fragment": ("{" + THING + "{ ...Nothing } }", "GRAPHQL_VALIDATION_FAILED"),
    "an unknown field": ("{ drafts { name } }", "GRAPHQL_VALIDATION_FAILED"),
    "no number": ("{ findThingsToDo(first: NaN) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
    "a wrong type": ('{ findThingsToDo(first: "1") { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
    "a large number": (
        "{ findThingsToDo(first: 99999999999) { totalCount } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection in circles": (
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "no query": ("", "GRAPHQL_PARSE_FAILED"),
    "half a query": ("{ thingToDoById(", "GRAPHQL_PARSE_FAILED"),
    "not GraphQL": ("SELECT * FROM things", "GRAPHQL_PARSE_FAILED"),
    "only a fragment": ("fragment A on ThingToDo { id }", "GRAPHQL_VALIDATION_FAILED"),
    "a null byte": ("{ __typename\0 }", "GRAPHQL_PARSE_FAILED"),
}


@ON_SQLITE
@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_without_being_executed(
    ask: Asking, reads: list[tuple[str, int]], name: str
) -> None:
    query, code = REFUSED[name]
    await ask.user("{ __typename }")
    credential = [*reads][-1:]
    reads.clear()

    refused = await ask.user(query)

    codes = {error["extensions"]["code"] for error in refused.errors}
    assert (refused.status, codes, reads) == (400, {code}, credential)
    assert all(len(error["message"]) <= 500 for error in refused.errors)


@pytest.mark.parametrize("name", REFUSED)
def test_refusing_takes_no_time_to_speak_of(name: str) -> None:
    query, _ = REFUSED[name]
    begun = time.process_time()

    with pytest.raises(Refusal):
        Documents(introspection=False).prepare(SCHEMA, query)

    assert time.process_time() - begun < 0.5  # some took minutes before there were limits


LARGEST = """{ findThingsToDo(first: %s) { totalCount edges { cursor node {
  id type name description where { address location { lat lon } }
  when { dateTime { from to } occurrences { dayOfWeek hours { from to } } }
  contact { email phone www } target { age { from to } type } image { name imageUri }
  bookingMandatory adultMandatory category price { from to } distance
  organiser { id name } myFavorite
} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


def cost(query: str, **variables: Any) -> int:
    prepared = Documents(introspection=True).prepare(SCHEMA, query)
    return prepared.operation(None).cost(variables)


def test_what_any_client_asks_for_is_within_the_limits() -> None:
    introspection = get_introspection_query(
        descriptions=True, specified_by_url=True, input_value_deprecation=True
    )

    assert cost(introspection) < MOST_COST
    assert cost(LARGEST % 500) < MOST_COST
    assert cost("{ a: " + (LARGEST % 500)[1:-1] + " b: " + (LARGEST % 500)[1:]) > MOST_COST


def test_a_cost_is_counted_with_the_variables() -> None:
    query = """query Q($n: Int = 7, $m: Int) {
      a: findThingsToDo(first: $n) { edges { node { id } } }
      b: findThingsToDo(last: $m) { ...Edges }
    } fragment Edges on ThingToDoConnection { edges { node { id name } } }"""

    assert [
        cost(query),
        cost(query, n=1, m=1),
        cost(query, n=2, m=1),
        cost(query, n=-5, m="x"),
        cost(query, n=100_000, m=1),
    ] == [
        2 + 7 * 3 + 20 * 4,
        2 + 1 * 3 + 1 * 4,
        2 + 2 * 3 + 1 * 4,
        2 + 0 * 3 + 20 * 4,
        2 + 500 * 3 + 1 * 4,
    ]


BOTH_ENDS = """query Q($n: Int = 1, $m: Int) {
  findThingsToDo(first: $n, last: $m) { edges { cursor } }
}"""


def test_the_size_that_is_null_does_not_hide_the_other_one() -> None:
    half = "query Q($n: Int = 1) { findThingsToDo(first: $n, last: 500) { edges { cursor } } }"

    assert [
        cost(BOTH_ENDS, n=None, m=500),
        cost(BOTH_ENDS, n=500, m=None),
        cost(BOTH_ENDS, m=500),
        cost(half, n=None),
        cost("{ findThingsToDo(first: null, last: 500) { edges { cursor } } }"),
    ] == [1 + 500 * 2] * 5


def test_a_size_that_is_null_in_spite_of_its_default_counts_as_the_usual_one() -> None:
    assert [cost(BOTH_ENDS), cost(BOTH_ENDS, n=None), cost(BOTH_ENDS, n=None, m=None)] == [
        1 + 1 * 2,
        1 + 20 * 2,
        1 + 20 * 2,
    ]


@ON_SQLITE
async def test_what_costs_too_much_with_its_variables_is_refused(ask: Asking) -> None:
    query = """query Q($n: Int) { a: findThingsToDo(first: $n) { ...E } b: findThingsToDo(first: $n)
      { ...E } } fragment E on ThingToDoConnection """
    query += (LARGEST % 1).partition("(first: 1) ")[2][:-1]

    cheap, dear = await ask.user(query, n=20), await ask.user(query, n=500)

    assert [error["extensions"]["code"] for error in cheap.errors] == ["UNAVAILABLE"] * 2
    assert (dear.status, dear.code) == (400, "QUERY_TOO_LARGE")


@ON_SQLITE
async def test_without_introspection_no_name_of_the_schema_is_given_away(
    production: Asking,
) -> None:
    queries = ["{ __schema { types { name } } }", '{ __type(name: "ThingToDo") { name } }']
    typo = await production.guest("{ thingToDoByI { nam } }")
    value = (
        "query Q($s: SortBy!) { findThingsToDo(sort: {sortBy: $s, direction: ASC}) {totalCount}}"
    )
    wrong = await production.guest(value, s="RELEVANC")

    refused = [await production.guest(query) for query in queries]
    named = await production.guest("{ __typename }")

    assert [answer.status for answer in refused] == [400, 400]
    codes = {error["extensions"]["code"] for answer in refused for error in answer.errors}
    assert codes == {"GRAPHQL_VALIDATION_FAILED"}
    assert "thingToDoById" not in str(typo.body)
    assert "Did you mean" not in str([typo.body, wrong.body])
    assert named.data == {"__typename": "Query"}


@ON_SQLITE
async def test_a_demo_tells_its_schemas(demo: Asking) -> None:
    told = await demo.guest('{ __type(name: "Places") { fields { name } } }')

    names = [field["name"] for field in told.data["__type"]["fields"]]
    assert names == ["date", "from", "to", "capacity", "left", "waiting"]


def test_documents_that_were_used_last_are_kept_and_no_more_of_them() -> None:
    documents = Documents(introspection=False)
    first = documents.prepare(SCHEMA, "{ __typename }")
    for number in range(MOST_KEPT - 1):
        documents.prepare(SCHEMA, f"query Q{number} {{ __typename }}")

    assert documents.prepare(SCHEMA, "{ __typename }") is first
    documents.prepare(SCHEMA, "query Another { __typename }")
    assert (len(documents), documents.prepare(SCHEMA, "{ __typename }") is first) == (
        MOST_KEPT,
        True,
    )


def test_documents_that_are_kept_are_bounded_by_their_length() -> None:
    documents = Documents(introspection=False)
    for number in range(100):
        documents.prepare(SCHEMA, f"# {number:019980}\n{{ __typename }}")

    assert len(documents) == 25


def test_what_is_refused_is_not_kept_and_each_api_has_its_own() -> None:
    documents = Documents(introspection=False)
    guest = built_apis()["/graphql/guest"].schema
    with pytest.raises(Refusal):
        documents.prepare(SCHEMA, "{ nothing }")
    documents.prepare(SCHEMA, "{ myChildren { id } }")

    with pytest.raises(Refusal):
        documents.prepare(guest, "{ myChildren { id } }")
    assert len(documents) == 1


async def test_a_query_leaves_nothing_for_the_garbage_collector(ask: Asking, town: Town) -> None:
    thing = await town.published()
    query = "query T($id: ID!) { thingToDoById(id: $id) { name organiser { name } } }"

    async def executed() -> int:
        gc.collect()
        gc.disable()
        try:
            await ask.guest(query, id=thing.id)
            return sum("graphql" in type(found).__module__ for found in _garbage())
        finally:
            gc.enable()

    await executed()
    assert await executed() == 0


def _garbage() -> list[Any]:
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = [*gc.garbage]
    gc.garbage.clear()
    return found


@ON_SQLITE
async def test_a_query_that_takes_too_long_is_given_up_and_a_mutation_is_not(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = asyncio.Event()

    async def slow(*given: Any, **named: Any) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(taken.wait(), 0.3)

    monkeypatch.setattr("gatherlog.interfaces.graphql.serving.SECONDS", 0.05)
    monkeypatch.setattr("gatherlog.apps.things.ThingService.profile", slow)
    monkeypatch.setattr("gatherlog.apps.things.ThingService.enquire", slow)
    letter = 'contactUs(input: { subject: "a", body: "b", from: "ada@example.org" })'

    given_up = await ask.organiser("{ profile { name } }")
    done = await ask.organiser(f"mutation {{ {letter} }}")

    assert (given_up.status, given_up.code) == (503, "UNAVAILABLE")
    assert done.data == {"contactUs": True}
