"""Questions about bookings: of parents about their own, of organisers about their things."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from gatherlog.apps.things.answers import (
    BookingDetails,
    Figures,
    OccurrencePlaces,
    Roster,
    RosterRow,
)
from gatherlog.apps.things.commands import Commands
from gatherlog.apps.things.loading import all_bookings
from gatherlog.apps.things.occurrences import keys_on, occurrence
from gatherlog.apps.things.service_visitors import places_of
from gatherlog.apps.things.views import (
    BOOKED_BY,
    BOOKINGS,
    CHILDREN,
    INTERESTS,
    OCCURRENCES,
    THINGS,
    WAITING,
    Booking,
    Child,
    Thing,
    booked_by_document,
    occurrence_document,
)
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.commands.service import no_such, read
from gatherlog.core.commands.slices import Slice, Window, sliced
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.projections.paging import bodies, documents
from gatherlog.core.projections.views import View

__all__ = ["BookingQuestions"]

B = TypeVar("B", bound=msgspec.Struct)


class BookingQuestions(Commands):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    # Questions of parents.

    async def booking(self, booking_id: str, account_id: str) -> BookingDetails:
        """One's own booking. Raises NotFound for another's, as for none."""
        booking = await self._booking(booking_id)
        if booking.account_id != account_id:
            raise no_such("booking", booking_id)
        return (await self._details([booking], with_children=True))[0]

    async def bookings(self, account_id: str, window: Window) -> Slice[Booking]:
        """A slice of one's own bookings, the newest first, also those that were cancelled."""
        return await sliced(
            self._store, BOOKINGS, "by_account", account_id, window, newest_first=True
        )

    async def bookings_at(
        self, thing_id: str, keys: Sequence[str], account_id: str
    ) -> dict[str, Booking]:
        """One's own bookings at occurrences of a thing that are not cancelled, by the key."""
        refs = [BOOKED_BY.ref(booked_by_document(thing_id, key, account_id)) for key in keys]
        documents = await self._store.get(refs) if refs else []
        booked = [one for one in map(BOOKED_BY.recall, documents) if one is not None]
        found = await self._all(BOOKINGS, [one.booking_id for one in booked])
        return {one.key: one for one in found.values() if one.status != "CANCELLED"}

    async def booking_details(self, bookings: Sequence[Booking]) -> list[BookingDetails]:
        """Bookings of one's own with their things, dates and children, in two round trips."""
        return await self._details(bookings, with_children=True)

    async def booking_of_concern(
        self, booking_id: str, account_id: str
    ) -> tuple[Booking, Thing] | None:
        """A booking about which an account may write, with its thing, or None.

        It is the account's own, or one of a thing of its own.
        """
        booking = await read(self._store, BOOKINGS, booking_id)
        thing = None if booking is None else await read(self._store, THINGS, booking.thing_id)
        if booking is None or thing is None:
            return None
        concerns = account_id in (booking.account_id, thing.organiser_id)
        return (booking, thing) if concerns else None

    # Questions of organisers.

    async def bookings_on(
        self, thing_id: str, date: str, organiser_id: str, start: str | None = None
    ) -> list[BookingDetails]:
        """The bookings of one's own thing on a date, past or to come, without the children."""
        thing = (await self._own_thing(thing_id, organiser_id)).body
        found: list[Booking] = []
        for key in keys_on(thing.content, thing.altered, date, start):
            query = BOOKINGS.query("by_occurrence", thing_id, prefix=(key,), limit=1000)
            found += [booking async for booking in bodies(self._store, BOOKINGS, query)]
        return await self._details(found, with_children=False)

    async def roster(
        self, thing_id: str, date: str, organiser_id: str, start: str | None = None
    ) -> Roster:
        """Who has places at an occurrence of one's own thing, with what is told of the children.

        It is complete. Only until the occurrence is over: Invalid then, as where there is none.
        """
        thing, key = await self._own_occurrence(thing_id, date, start, organiser_id)
        everybody = await all_bookings(self._store, occurrence_document(thing_id, key))
        booked = [booking for booking in everybody if booking.status == "BOOKED"]
        children = await self._children_of(booked)
        one = occurrence(thing.content, thing.altered, key)
        if one is None:
            raise Invalid(Flaw("/date", "has no occurrence"))
        rows = [RosterRow(booking=b, children=_those(b, children)) for b in booked]
        return Roster(thing=thing, occurrence=one, rows=rows)

    async def figures(self, thing_id: str, organiser_id: str) -> Figures:
        """How many keep one's own thing, and how many have booked each occurrence.

        The numbers are exact; an occurrence may be missing for as long as queries lag.
        """
        thing = (await self._own_thing(thing_id, organiser_id)).body
        query = OCCURRENCES.query("by_thing", thing_id, limit=1000)
        ids = [document.id async for document in documents(self._store, query)]
        refs = [INTERESTS.ref(thing_id), *[OCCURRENCES.ref(id) for id in ids]]
        interest, *found = await self._store.get(refs)
        keys = [id.partition("/")[2] for id in ids]
        places: list[OccurrencePlaces] = [
            places_of(thing, key, occurrence(thing.content, thing.altered, key), document)
            for key, document in zip(keys, found, strict=True)
        ]
        favourites = 0 if interest is None else interest.counters.get("favourites", 0)
        return Figures(favourites=favourites, occurrences=places)

    # How they are answered.

    async def _details(
        self, bookings: Sequence[Booking], *, with_children: bool
    ) -> list[BookingDetails]:
        """Bookings with all that belongs to them, in two round trips at most."""
        thing_ids = list({booking.thing_id: None for booking in bookings})
        waits = [one for one in bookings if one.status == "WAITING"]
        waiting_ids = list({occurrence_document(b.thing_id, b.key): None for b in waits})
        things, lists = await asyncio.gather(
            self._all(THINGS, thing_ids), self._all(WAITING, waiting_ids)
        )
        children = await self._children_of(bookings) if with_children else {}
        return [
            BookingDetails(
                booking=booking,
                thing=(thing := things[booking.thing_id]),
                occurrence=occurrence(thing.content, thing.altered, booking.key),
                children=_those(booking, children),
                place=_place(booking, lists.get(occurrence_document(thing.id, booking.key))),
            )
            for booking in bookings
        ]

    async def _children_of(self, bookings: Iterable[Booking]) -> dict[str, Child]:
        return await self._all(
            CHILDREN, list({id: None for booking in bookings for id in booking.children})
        )

    async def _all(self, view: View[B], ids: Sequence[str]) -> dict[str, B]:
        """The documents that exist, by their ids, in one round trip."""
        found = await self._store.get([view.ref(id) for id in ids]) if ids else []
        read_all = {id: view.recall(one) for id, one in zip(ids, found, strict=True)}
        return {id: body for id, body in read_all.items() if body is not None}


def _those(booking: Booking, children: dict[str, Child]) -> list[Child]:
    return [children[id] for id in booking.children if id in children]


def _place(booking: Booking, waiting: WaitingList | None) -> int | None:
    """The place in the waiting list, from 1; None for a booking that is not in it."""
    ids = [] if waiting is None else [unit.id for unit in waiting.units]
    return ids.index(booking.id) + 1 if booking.id in ids else None
