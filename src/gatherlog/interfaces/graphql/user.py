"""The queries, mutations and the subscription of parents, about what is published and their own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET

from gatherlog.apps.people.policy import Action
from gatherlog.apps.things import (
    Booking,
    BookingDetails,
    BookingWish,
    Child,
    ChildDetails,
    Favourite,
    Occurrence,
    OccurrencePlaces,
    Thing,
)
from gatherlog.core.commands.slices import Slice, Window, selected
from gatherlog.interfaces.graphql.connections import Connection, connection, read_window, size_of
from gatherlog.interfaces.graphql.contacting import contact_us
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.fields import CHILD, Fields, ShownThing, dates_of
from gatherlog.interfaces.graphql.guest import PUBLIC_QUERIES, PUBLIC_TYPES
from gatherlog.interfaces.graphql.resolving import Args, id_of, mutation, null_where_hidden, query

__all__ = ["RESOLVERS"]

MOST_FAVOURITES: Final = 20
MOST_BOOKINGS: Final = 500
USUAL_BOOKINGS: Final = 100
_PAGE: Final = 500


# Queries.


async def my_favorites(context: Context, args: Args) -> Connection[Thing]:
    """Favourites that are not published now are passed over; pages are full all the same."""
    window = read_window(args, most=MOST_FAVOURITES, default=MOST_FAVOURITES)
    found = await _favourites(context, window)
    return connection(found, lambda thing, version: thing, lambda: _count_favourites(context))


async def my_favorite_by_id(context: Context, args: Args) -> Thing:
    thing_id = id_of(args)
    await context.things.favourite(thing_id, context.account_id)
    return (await context.things.published_thing(thing_id)).body


async def my_children(context: Context, args: Args) -> list[Child]:
    return await context.things.children(context.account_id)


async def my_child_by_id(context: Context, args: Args) -> Child:
    return (await context.things.child(id_of(args), context.account_id)).body


async def my_bookings(context: Context, args: Args) -> list[tuple[BookingDetails, str | None]]:
    limit = size_of(args, most=MOST_BOOKINGS, default=USUAL_BOOKINGS)
    window = Window(limit=limit, after=args.get("after"))
    found = await context.things.bookings(context.account_id, window)
    details = await context.things.booking_details([item.body for item in found.items])
    return [(one, item.cursor) for one, item in zip(details, found.items, strict=True)]


async def my_booking_by_id(context: Context, args: Args) -> tuple[BookingDetails, str | None]:
    return await context.things.booking(id_of(args), context.account_id), None


# Mutations.


async def add_favorite(context: Context, given: Args) -> Thing:
    thing_id = id_of(given)
    await context.things.add_favourite(
        thing_id, context.account_id, actor=context.by, once=context.once
    )
    return (await context.things.published_thing(thing_id)).body


async def remove_favorite(context: Context, given: Args) -> Thing | None:
    """The favourite as it was; null if the thing is not published any more."""
    thing_id = id_of(given)
    await context.things.remove_favourite(
        thing_id, context.account_id, actor=context.by, once=context.once
    )
    [thing] = await context.things.published_things([thing_id])
    return thing


async def add_child(context: Context, given: Args) -> Child:
    return await context.things.add_child(
        _details(given), context.account_id, actor=context.by, once=context.once
    )


async def update_child(context: Context, given: Args) -> Child:
    """What a client does not know of, and so does not send, stays as it is."""
    return await context.things.change_child(
        id_of(given),
        _details(given["child"]),
        context.account_id,
        actor=context.by,
        once=context.once,
    )


async def remove_child(context: Context, given: Args) -> Child:
    child_id, own = id_of(given), context.account_id
    child = (await context.things.child(child_id, own)).body
    await context.things.remove_child(child_id, own, actor=context.by, once=context.once)
    return child


async def book(context: Context, given: Args) -> tuple[BookingDetails, str | None]:
    wish = BookingWish(
        date=given["date"],
        start=given.get("from"),
        children=tuple(_child_id(id) for id in given.get("children") or ()),
        people=given.get("people") or 0,
    )
    made = await context.things.book(
        id_of(given), wish, context.account_id, actor=context.by, once=context.once
    )
    return await _booked(context, made.body)


async def cancel_booking(context: Context, given: Args) -> tuple[BookingDetails, str | None]:
    cancelled = await context.things.cancel_booking(
        id_of(given), context.account_id, actor=context.by, once=context.once
    )
    return await _booked(context, cancelled.body)


async def report_thing(context: Context, given: Args) -> bool:
    await context.things.report_thing(
        id_of(given), given["reason"], context.account_id, actor=context.by, once=context.once
    )
    return True


# The subscription.


async def places_left(context: Context, args: Args) -> OccurrencePlaces:
    return await context.things.places_left(id_of(args), args["date"], args.get("from"))


# How it is done.


async def _favourites(context: Context, window: Window) -> Slice[Thing]:
    """The published ones."""

    async def read(part: Window) -> Slice[Favourite]:
        return await context.things.favourites(context.account_id, part)

    async def published(found: Sequence[Favourite]) -> list[Thing | None]:
        return await context.things.published_things([one.thing_id for one in found])

    return await selected(read, published, window)


async def _count_favourites(context: Context) -> int:
    found = await _favourites(context, Window(limit=_PAGE))
    count = len(found.items)
    while found.has_next:
        found = await _favourites(context, Window(limit=_PAGE, after=found.items[-1].cursor))
        count += len(found.items)
    return count


async def _booked(context: Context, booking: Booking) -> tuple[BookingDetails, None]:
    [details] = await context.things.booking_details([booking])
    return details, None


def _details(given: Args) -> ChildDetails:
    return ChildDetails(
        name=given["name"],
        birth_date=given["birthDate"],
        allergies=given.get("allergies", UNSET),
        emergency_contact=given.get("emergencyContact", UNSET),
        pick_up=given.get("pickUp", UNSET),
    )


def _child_id(id: str) -> str:
    return id_of({"id": id})


def _occurrence(source: tuple[BookingDetails, str | None]) -> Occurrence | None:
    return source[0].occurrence


def _reason(source: tuple[BookingDetails, str | None], info: Any) -> str | None:
    booking = source[0].booking
    return None if booking.cancelled_by == "parent" else booking.cancelled_because


def _my_favorite(shown: ShownThing, info: Any) -> Any:
    return info.context.favourites.load(shown.thing.id)


RESOLVERS: Final[Mapping[str, Fields]] = {
    **PUBLIC_TYPES,
    "ThingToDo": {**PUBLIC_TYPES["ThingToDo"], "myFavorite": _my_favorite},
    "MyFavorite": {
        "id": lambda thing, info: thing.id,
        "thingToDo": lambda thing, info: ShownThing(thing),
    },
    "Child": CHILD,
    "Booking": {
        "id": lambda source, info: source[0].booking.id,
        "status": lambda source, info: source[0].booking.status,
        **dates_of(_occurrence),
        "people": lambda source, info: source[0].booking.places,
        "children": lambda source, info: source[0].children,
        "thingToDo": lambda source, info: ShownThing(source[0].thing),
        "place": lambda source, info: source[0].place,
        "reason": _reason,
        "cursor": lambda source, info: source[1],
    },
    "Query": {
        **PUBLIC_QUERIES,
        "myFavorites": query(Action.KEEP_FAVOURITES, my_favorites),
        "myFavoriteById": null_where_hidden(Action.KEEP_FAVOURITES, my_favorite_by_id),
        "myChildren": query(Action.KEEP_CHILDREN, my_children),
        "myChildById": null_where_hidden(Action.KEEP_CHILDREN, my_child_by_id),
        "myBookings": query(Action.BOOK_THING, my_bookings),
        "myBookingById": null_where_hidden(Action.BOOK_THING, my_booking_by_id),
    },
    "Mutation": {
        "addToMyFavorites": mutation(Action.KEEP_FAVOURITES, add_favorite),
        "removeFromMyFavorites": mutation(Action.KEEP_FAVOURITES, remove_favorite),
        "addChild": mutation(Action.KEEP_CHILDREN, add_child),
        "updateChild": mutation(Action.KEEP_CHILDREN, update_child, flaws_in="/input/child"),
        "removeChild": mutation(Action.KEEP_CHILDREN, remove_child),
        "book": mutation(Action.BOOK_THING, book),
        "cancelBooking": mutation(Action.BOOK_THING, cancel_booking),
        "reportThing": mutation(Action.REPORT_THING, report_thing),
        "contactUs": mutation(Action.WRITE_TO_SITE, contact_us),
    },
    "Subscription": {"placesLeft": query(Action.READ_THING, places_left)},
}
