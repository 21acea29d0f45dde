"""The queries and mutations of everybody, about what is published. The user API has them, too."""

from collections.abc import Mapping
from typing import Final

from gatherlog.apps.people.policy import Action
from gatherlog.apps.things import OccurrencePlaces
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.graphql.connections import Connection, Edge, size_of
from gatherlog.interfaces.graphql.contacting import contact_us
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.fields import (
    IMAGE,
    PLACES,
    THING,
    Fields,
    ShownThing,
    organiser_of,
)
from gatherlog.interfaces.graphql.finding_arguments import thing_query, with_arguments
from gatherlog.interfaces.graphql.resolving import Args, id_of, mutation, null_where_hidden, query

__all__ = ["PUBLIC_QUERIES", "PUBLIC_TYPES", "RESOLVERS"]

MOST_PLACES: Final = 100
USUAL_PLACES: Final = 10


async def thing_to_do_by_id(context: Context, args: Args) -> ShownThing:
    return ShownThing((await context.things.published_thing(id_of(args))).body)


async def find_things_to_do(context: Context, args: Args) -> Connection[ShownThing]:
    """What is not published any more, and not yet out of the index, is left out of the edges."""
    wanted = thing_query(args)
    try:
        found = await context.platform.finder.find(wanted)
    except Invalid as invalid:
        raise with_arguments(invalid) from None
    things = await context.things.published_things([hit.id for hit in found.hits])
    edges = [
        Edge(ShownThing(thing, distance=hit.distance), hit.cursor)
        for hit, thing in zip(found.hits, things, strict=True)
        if thing is not None
    ]
    ends = (found.hits[0].cursor, found.hits[-1].cursor) if found.hits else None
    return Connection(edges, found.has_previous, found.has_next, lambda: found.total, ends)


async def places(context: Context, args: Args) -> list[OccurrencePlaces]:
    most = size_of(args, most=MOST_PLACES, default=USUAL_PLACES)
    return await context.things.coming_places(id_of(args), most=most)


PUBLIC_TYPES: Final[Mapping[str, Fields]] = {
    "ThingToDo": {**THING, "organiser": organiser_of},
    "ImageObject": {name: IMAGE[name] for name in ("name", "imageUri")},
    "Places": PLACES,
}
PUBLIC_QUERIES: Final[Fields] = {
    "thingToDoById": null_where_hidden(Action.READ_THING, thing_to_do_by_id),
    "findThingsToDo": query(Action.FIND_THINGS, find_things_to_do),
    "places": null_where_hidden(Action.READ_THING, places),
}
RESOLVERS: Final[Mapping[str, Fields]] = {
    **PUBLIC_TYPES,
    "Query": PUBLIC_QUERIES,
    "Mutation": {"contactUs": mutation(Action.WRITE_TO_SITE, contact_us)},
}
