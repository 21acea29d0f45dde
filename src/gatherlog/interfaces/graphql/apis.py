"""The four APIs: who may use each of them, its schema, and what answers its fields."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import msgspec
from graphql import GraphQLSchema

from gatherlog.apps.people.policy import Action
from gatherlog.interfaces.graphql import audit, guest, organiser, user
from gatherlog.interfaces.graphql.fields import Fields
from gatherlog.interfaces.graphql.schema import bound_schema

__all__ = ["APIS", "API_NAMES", "Api", "built_apis"]


class _Row(msgspec.Struct, frozen=True):
    action: Action
    parts: Sequence[str]
    """The files of the schema."""
    resolvers: Mapping[str, Fields]


class Api(msgspec.Struct, frozen=True):
    """One API, ready to be asked."""

    name: str
    action: Action
    schema: GraphQLSchema


APIS: Final[Mapping[str, _Row]] = {
    "organiser": _Row(
        Action.LIST_OWN_THINGS, ("organiser", "things", "sorting", "writing"), organiser.RESOLVERS
    ),
    "user": _Row(
        Action.BOOK_THING, ("user", "things", "finding", "sorting", "writing"), user.RESOLVERS
    ),
    "guest": _Row(
        Action.FIND_THINGS, ("guest", "things", "finding", "sorting", "writing"), guest.RESOLVERS
    ),
    "audit": _Row(Action.LIST_REVIEWS, ("audit", "things"), audit.RESOLVERS),
}
API_NAMES: Final = tuple(APIS)


@cache
def built_apis() -> Mapping[str, Api]:
    """All APIs by their paths, made once in a process: building them takes some 100 ms."""
    return {
        f"/graphql/{name}": Api(name, row.action, bound_schema(row.parts, row.resolvers))
        for name, row in APIS.items()
    }
