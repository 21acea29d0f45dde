"""The queries and mutations of organisers, about their own things in every state."""

from collections.abc import Mapping
from typing import Any, Final

from gatherlog.apps.people.policy import Action
from gatherlog.apps.things import BookingDetails, Occurrence, OccurrencePlaces, Thing
from gatherlog.core.commands.service import Stored
from gatherlog.interfaces.graphql.connections import Connection, connection, read_window
from gatherlog.interfaces.graphql.contacting import contact_us
from gatherlog.interfaces.graphql.content_input import content_from
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.fields import (
    CHILD,
    IMAGE,
    REASON,
    THING,
    Fields,
    ShownThing,
    dates_of,
)
from gatherlog.interfaces.graphql.own_things import own_things_found
from gatherlog.interfaces.graphql.resolving import Args, id_of, mutation, null_where_hidden, query
from gatherlog.interfaces.site_time import new_thing_zone

__all__ = ["RESOLVERS"]

MOST: Final = 20
"""The largest page."""
Shown = ShownThing | None


def shown(stored: Stored[Thing]) -> ShownThing:
    return ShownThing(stored.body, stored.version)


# Queries.


async def thing_to_do_by_id(context: Context, args: Args) -> ShownThing:
    return shown(await context.things.own_thing(id_of(args), context.account_id))


async def things_to_do(context: Context, args: Args) -> Connection[ShownThing]:
    window, own = read_window(args, most=MOST), context.account_id
    search, sort = (args.get("search") or "").strip(), args.get("sort")
    if search or sort is not None:
        now = context.platform.clock()
        return await own_things_found(
            context.things, own, window, search=search, sort=sort, now=now
        )
    found = await context.things.own_things(own, window)
    return connection(found, ShownThing, lambda: context.things.count_own_things(own))


async def things_to_do_by_status(context: Context, args: Args) -> Connection[ShownThing]:
    window, own = read_window(args, most=MOST, default=MOST), context.account_id
    status = args["status"]
    found = await context.things.own_things(own, window, status=status)
    return connection(found, ShownThing, lambda: context.things.count_own_things(own, status))


async def profile(context: Context, args: Args) -> Any:
    return await context.things.profile(context.account_id)


async def bookings(context: Context, args: Args) -> list[BookingDetails]:
    return await context.things.bookings_on(
        id_of(args), args["date"], context.account_id, args.get("from")
    )


async def figures(context: Context, args: Args) -> Any:
    return await context.things.figures(id_of(args), context.account_id)


# Mutations.


async def create(context: Context, given: Args) -> ShownThing:
    zone = given.get("timeZone") or await new_thing_zone(context.platform, context.account_id)
    content = content_from(given, time_zone=zone)
    made = await context.things.create_thing(
        content, context.account_id, actor=context.by, once=context.once
    )
    return shown(made)


async def update(context: Context, given: Args) -> ShownThing:
    thing_id, own = id_of(given), context.account_id
    before = (await context.things.own_thing(thing_id, own)).body.content
    content = content_from(given["thingToDo"], time_zone=before.time_zone, capacity=before.capacity)
    changed = await context.things.change_thing(
        thing_id,
        content,
        own,
        actor=context.by,
        expects=given.get("version"),
        once=context.once,
    )
    return shown(changed)


async def publish(context: Context, given: Args) -> ShownThing:
    submitted = await context.things.submit_thing(
        id_of(given),
        context.account_id,
        actor=context.by,
        expects=given.get("version"),
        once=context.once,
    )
    return shown(submitted)


async def new_version(context: Context, given: Args) -> ShownThing:
    made = await context.things.make_new_version(
        id_of(given), context.account_id, actor=context.by, once=context.once
    )
    return shown(made)


async def remove(context: Context, given: Args) -> ShownThing:
    removed = await context.things.remove_thing(
        id_of(given), context.account_id, actor=context.by, once=context.once
    )
    return shown(removed)


async def save_profile(context: Context, given: Args) -> Any:
    return await context.things.save_profile(
        context.account_id, given["name"], actor=context.by, once=context.once
    )


async def withdraw(context: Context, given: Args) -> ShownThing:
    withdrawn = await context.things.withdraw_thing(
        id_of(given), given["reason"], context.account_id, actor=context.by, once=context.once
    )
    return shown(withdrawn)


async def cancel_occurrence(context: Context, given: Args) -> ShownThing:
    cancelled = await context.things.cancel_occurrence(
        id_of(given),
        given["date"],
        given["reason"],
        context.account_id,
        start=given.get("from"),
        actor=context.by,
        once=context.once,
    )
    return shown(cancelled)


async def move_occurrence(context: Context, given: Args) -> ShownThing:
    moved = await context.things.move_occurrence(
        id_of(given),
        given["date"],
        given["to"],
        context.account_id,
        start=given.get("from"),
        actor=context.by,
        once=context.once,
    )
    return shown(moved)


async def cancel_booking(context: Context, given: Args) -> ShownThing:
    cancelled = await context.things.cancel_booking_as_organiser(
        id_of(given), given["reason"], context.account_id, actor=context.by, once=context.once
    )
    return shown(await context.things.own_thing(cancelled.body.thing_id, context.account_id))


async def write_to_families(context: Context, given: Args) -> ShownThing:
    context.rate_limiter.families(context.account_id, id_of(given))
    await context.things.write_to_families(
        id_of(given),
        given["date"],
        given["subject"],
        given["body"],
        context.account_id,
        start=given.get("from"),
        actor=context.by,
        once=context.once,
    )
    return shown(await context.things.own_thing(id_of(given), context.account_id))


# Fields.


async def _children(details: BookingDetails, info: Any) -> Any:
    booking, one = details.booking, details.occurrence
    if booking.status != "BOOKED" or one is None:
        return None
    rosters = info.context.rosters
    return (await rosters.load((booking.thing_id, one.date, one.start[11:]))).get(booking.id)


def _occurrence(source: BookingDetails | OccurrencePlaces) -> Occurrence | None:
    return source.occurrence


RESOLVERS: Final[Mapping[str, Fields]] = {
    "ThingToDo": {
        **THING,
        "status": lambda shown, info: shown.thing.status,
        "reasons": lambda shown, info: shown.thing.reasons or None,
        "replaces": lambda shown, info: shown.thing.replaces,
        "newVersion": lambda shown, info: shown.thing.new_version,
        "withdrawnBecause": lambda shown, info: shown.thing.withdrawn_because,
        "version": lambda shown, info: shown.version,
    },
    "Reason": REASON,
    "ImageObject": IMAGE,
    "Child": CHILD,
    "Booking": {
        "id": lambda details, info: details.booking.id,
        "status": lambda details, info: details.booking.status,
        **dates_of(_occurrence),
        "people": lambda details, info: details.booking.places,
        "children": _children,
        "thingToDo": lambda details, info: ShownThing(details.thing),
    },
    "Figures": {
        "favourites": lambda figures, info: figures.favourites,
        "occurrences": lambda figures, info: figures.occurrences,
    },
    "OccurrenceFigures": {
        **dates_of(_occurrence),
        "capacity": lambda places, info: places.capacity,
        "booked": lambda places, info: places.booked,
        "bookings": lambda places, info: places.bookings,
        "waiting": lambda places, info: places.waiting,
    },
    "Query": {
        "thingToDoById": null_where_hidden(Action.READ_OWN_THING, thing_to_do_by_id),
        "thingsToDo": query(Action.LIST_OWN_THINGS, things_to_do),
        "thingsToDoByStatus": query(Action.LIST_OWN_THINGS, things_to_do_by_status),
        "profile": query(Action.KEEP_PROFILE, profile),
        "bookings": null_where_hidden(Action.READ_ROSTER, bookings),
        "figures": null_where_hidden(Action.READ_OWN_THING, figures),
    },
    "Mutation": {
        "createThingToDo": mutation(Action.CREATE_THING, create),
        "updateThingToDo": mutation(Action.CHANGE_OWN_THING, update, flaws_in="/input/thingToDo"),
        "publish": mutation(Action.CHANGE_OWN_THING, publish),
        "newVersion": mutation(Action.CHANGE_OWN_THING, new_version),
        "removeThingToDo": mutation(Action.CHANGE_OWN_THING, remove),
        "saveProfile": mutation(Action.KEEP_PROFILE, save_profile),
        "withdrawThingToDo": mutation(Action.CHANGE_OWN_THING, withdraw),
        "cancelOccurrence": mutation(Action.CHANGE_OWN_THING, cancel_occurrence),
        "moveOccurrence": mutation(Action.CHANGE_OWN_THING, move_occurrence),
        "cancelBooking": mutation(Action.CHANGE_OWN_THING, cancel_booking),
        "writeToFamilies": mutation(Action.WRITE_TO_FAMILIES, write_to_families),
        "contactUs": mutation(Action.WRITE_TO_SITE, contact_us),
    },
}
