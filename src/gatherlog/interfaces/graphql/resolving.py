"""How functions become resolvers, and what those of queries and mutations have in common.

Every field of a root type names the action that the policy is asked about before it is answered.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gatherlog.apps.people.policy import Action
from gatherlog.core.eventstore.errors import CursorInvalid, Flaw, GatherlogError, Invalid, NotFound
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.rest.parameters import check_id

__all__ = ["Args", "Resolve", "id_of", "mutation", "null_where_hidden", "query"]

Args = Mapping[str, Any]
Resolve = Callable[[Context, Args], Awaitable[Any]]
"""Answers a field of Query, Mutation or Subscription."""
Resolver = Callable[..., Awaitable[Any]]


def id_of(args: Args, name: str = "id") -> str:
    """The id in the one spelling that services know. Raises NotFound for what cannot be an id."""
    return check_id(args[name])


def query(action: Action, resolve: Resolve) -> Resolver:
    """A resolver of GraphQL."""

    async def resolve_permitted(source: Any, info: Any, **args: Any) -> Any:
        context: Context = info.context
        context.permit(action)
        try:
            return await resolve(context, args)
        except NotFound:
            context.hides = True
            raise
        except CursorInvalid as error:
            raise _of_cursors(error, args) from None

    return resolve_permitted


def _of_cursors(error: CursorInvalid, args: Args) -> GatherlogError:
    """The error with a pointer to the cursor that was given, if it was only one."""
    given = [name for name in ("after", "before") if args.get(name) is not None]
    return Invalid(Flaw(f"/{given[0]}", str(error))) if len(given) == 1 else error


def null_where_hidden(action: Action, resolve: Resolve) -> Resolver:
    """A resolver that answers null for what does not exist, or not for who asks."""

    async def resolve_or_null(source: Any, info: Any, **args: Any) -> Any:
        context: Context = info.context
        context.permit(action)
        try:
            return await resolve(context, args)
        except NotFound:
            context.hides = True
            return None

    return resolve_or_null


def mutation(action: Action, resolve: Resolve, *, flaws_in: str = "/input") -> Resolver:
    """A resolver that is given the argument `input`; flaws are named by their place in it."""

    async def resolve_input(source: Any, info: Any, **args: Any) -> Any:
        context: Context = info.context
        context.permit(action)
        if args.get("input") is None:
            raise Invalid(Flaw("/input", "is needed"))
        try:
            return await resolve(context, args["input"])
        except NotFound:
            context.hides = True
            raise
        except Invalid as invalid:
            moved = [Flaw(flaws_in + flaw.pointer, flaw.detail) for flaw in invalid.flaws]
            raise Invalid(*moved) from None

    return resolve_input
