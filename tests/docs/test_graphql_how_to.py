"""The queries of the how-to about GraphQL are valid, and its errors are those that are answered."""

import json
import re

import pytest
from graphql import GraphQLError

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.graphql.apis import built_apis
from gatherlog.interfaces.graphql.documents import Documents
from gatherlog.interfaces.graphql.errors import formatted
from tests.docs.examples import blocks

QUERIES = blocks("graphql.md", "graphql")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split()[3])
def test_a_query_is_valid_for_its_api_and_within_the_limits(query: str) -> None:
    named = re.match(r"# (\w+)\n", query)
    assert named
    documents = Documents(introspection=False)

    prepared = documents.prepare(built_apis()[f"/graphql/{named[1]}"].schema, query)

    documents.check_cost(prepared.operation(None), {})


def test_the_error_that_is_shown_is_the_one_that_is_answered() -> None:
    [shown] = blocks("graphql.md", "json")
    flaw = Invalid(Flaw("/input/date", "has no occurrence"))
    error = GraphQLError(str(flaw), path=["book"], original_error=flaw)

    assert json.loads(shown)["errors"] == formatted([error], "", lambda failed: None)
