"""The schemas: what clients rely on stays, and nothing is shown that is not written down twice."""

from pathlib import Path

import pytest
from graphql import build_schema, find_breaking_changes

from gatherlog.interfaces.graphql import guest
from gatherlog.interfaces.graphql.apis import APIS, built_apis
from gatherlog.interfaces.graphql.schema import bound_schema, sdl

GOLDEN = Path(__file__).parents[2] / "golden" / "graphql"
RELIED_ON = Path(__file__).parent / "relied_on"
FINDING = ("things", "finding")
PARTS = {
    "organiser": ("things", "organiser"),
    "user": (*FINDING, "user"),
    "guest": (*FINDING, "guest"),
    "audit": ("things", "audit"),
}


@pytest.mark.parametrize("name", APIS)
def test_every_name_type_and_nullability_that_older_clients_rely_on_is_there(name: str) -> None:
    relied_on = "\n".join((RELIED_ON / f"{part}.graphql").read_text() for part in PARTS[name])

    assert find_breaking_changes(build_schema(relied_on), built_apis()[path(name)].schema) == []


@pytest.mark.parametrize("name", APIS)
def test_nothing_that_was_published_is_broken(name: str) -> None:
    """A golden file is the schema as it was published. What is added need not be added there."""
    published = build_schema((GOLDEN / f"{name}.graphql").read_text())

    assert find_breaking_changes(published, built_apis()[path(name)].schema) == []


def test_a_breaking_change_would_be_found() -> None:
    text = sdl(APIS["guest"].parts)
    broken = text.replace("address: String!", "address: String")

    changes = find_breaking_changes(build_schema(text), build_schema(broken))

    assert [change.description for change in changes] == [
        "Field Where.address changed type from String! to String."
    ]


def test_a_field_without_a_resolver_is_refused_and_so_is_a_resolver_without_a_field() -> None:
    resolvers = {**guest.RESOLVERS, "Places": {"date": guest.RESOLVERS["Places"]["date"]}}
    resolvers["Query"] = {**guest.RESOLVERS["Query"], "drafts": lambda source, info: []}

    with pytest.raises(ValueError, match="Places") as refused:
        bound_schema(APIS["guest"].parts, resolvers)

    assert str(refused.value).split("; ") == [
        *(f"Places.{name} has no resolver" for name in ("from", "to", "capacity", "left")),
        "Places.waiting has no resolver",
        "Query.drafts is not in the schema",
    ]


def test_guests_and_parents_have_the_same_queries_about_what_is_published() -> None:
    schemas = [built_apis()[path(name)].schema for name in ("guest", "user")]
    guests, parents = (set(schema.type_map["Query"].fields) for schema in schemas)  # type: ignore[attr-defined]

    assert guests - parents == set()


def path(name: str) -> str:
    return f"/graphql/{name}"
