"""Commands about bookings: of parents, and of organisers about their things."""

from collections.abc import Sequence
from contextlib import suppress

from gatherlog.apps.things import booking as decisions
from gatherlog.apps.things.checks import LINE_LENGTH, Checks, checked_text
from gatherlog.apps.things.commands import Commands, load_thing
from gatherlog.apps.things.events import FamiliesWritten, Side
from gatherlog.apps.things.inputs import BookingWish
from gatherlog.apps.things.known import KnownThing, KnownThings, named
from gatherlog.apps.things.loading import (
    load_children,
    load_own_booking,
    most_promoted,
    occurrence_stream,
)
from gatherlog.apps.things.occurrences import Occurrence, occurrence
from gatherlog.apps.things.refusals import AlreadyBooked
from gatherlog.apps.things.views import (
    BOOKED_BY,
    BOOKINGS,
    CHILDREN,
    OCCURRENCES,
    THINGS,
    WAITING,
    Booking,
    Thing,
    booked_by_document,
    occurrence_document,
)
from gatherlog.core.commands.handler import Attempt, Decided, Handled, Once
from gatherlog.core.commands.places import Placed, Room, WaitingList
from gatherlog.core.commands.service import (
    Stored,
    changed_meanwhile,
    no_such,
    outcome,
    run,
)
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.store import Store

__all__ = ["BookingCommands"]


class BookingCommands(Commands):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        super().__init__(store, clock=clock, ids=ids)
        self._known = KnownThings()

    # Commands of parents.

    async def book(
        self,
        thing_id: str,
        wish: BookingWish,
        account_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Booking]:
        """Book a coming occurrence of a published thing, for all of the wish or for nobody.

        Where there is no room, all wait together; the commit that makes room lets the first who fit
        move up. Raises NotFound for the thing or a child, Invalid (no such occurrence, over, a
        child's age on that day), AlreadyBooked, and Full for more places than there are altogether.
        """
        decisions.check_wish(wish)
        while True:
            known, one = await self._wanted(thing_id, wish)
            try:
                return await self._book(known, one, wish, account_id, actor, once)
            except _Rescheduled:
                self._known.forget(thing_id)

    async def cancel_booking(
        self, booking_id: str, account_id: str, *, actor: str, once: Once | None = None
    ) -> Stored[Booking]:
        """Give up one's own booking, or place in the waiting list, until it is over.

        Raises NotFound and WrongState.
        """
        booking = await self._booking(booking_id)
        if booking.account_id != account_id:
            raise no_such("booking", booking_id)
        return await self._cancel(booking, "parent", None, actor, once)

    # Commands of organisers.

    async def cancel_booking_as_organiser(
        self,
        booking_id: str,
        reason: str,
        organiser_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Booking]:
        """Cancel a booking of one's own thing. Raises NotFound, Invalid and WrongState."""
        booking = await self._booking(booking_id)
        thing = (await self._stored_thing(booking.thing_id)).body
        if thing.organiser_id != organiser_id:
            raise no_such("booking", booking_id)
        stored = checked_text("reason", reason)
        return await self._cancel(booking, "organiser", stored, actor, once)

    async def write_to_families(
        self,
        thing_id: str,
        date: str,
        subject: str,
        text: str,
        organiser_id: str,
        *,
        start: str | None = None,
        actor: str,
        once: Once | None = None,
    ) -> None:
        """Write a letter to all who have booked a coming occurrence or wait for it.

        Raises Invalid, and NotFound for another's thing.
        """
        check = Checks()
        written = FamiliesWritten(
            subject=check.line("subject", subject.strip(), LINE_LENGTH),
            text=check.required("text", text, 5_000),
        )
        check.done()
        thing, key = await self._own_occurrence(thing_id, date, start, organiser_id)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await load_thing(unit, thing.id, organiser_id=organiser_id)
            return [Decided(written)]

        stream = occurrence_stream(occurrence_document(thing_id, key))
        await run(self._occurrences, stream, attempt, actor=actor, once=once)

    # How it is done.

    async def _run_bookings(
        self, thing_id: str, key: str, attempt: Attempt, actor: str, once: Once | None
    ) -> Handled:
        """Carry out a command on one occurrence, and let those who wait and fit move up."""
        id = occurrence_document(thing_id, key)

        async def move_up(unit: UnitOfWork) -> Sequence[Decided]:
            return await self._move_up(unit, thing_id, key)

        stream = occurrence_stream(id)
        return await self._places.run(id, stream, attempt, move_up, actor=actor, once=once)

    async def _move_up(self, unit: UnitOfWork, thing_id: str, key: str) -> Sequence[Decided]:
        """The attempt at letting those who wait for one occurrence move up in one commit."""
        id = occurrence_document(thing_id, key)
        await unit.load((THINGS, thing_id), (OCCURRENCES, id), (WAITING, id))
        thing = await load_thing(unit, thing_id)

        async def in_turn(room: Room, waiting: WaitingList) -> Placed:
            most = most_promoted(self._store.limits, unit)
            return await _still_waiting(unit, decisions.move_up(room, waiting, most=most))

        capacity = _capacity(thing, key, unit.now)
        return await self._places.give(unit, id, capacity, lambda room: Placed([], 0), in_turn)

    async def _give(
        self,
        unit: UnitOfWork,
        thing: Thing,
        key: str,
        booking_id: str,
        account_id: str,
        wish: BookingWish,
    ) -> Sequence[Decided]:
        def at_once(room: Room) -> Placed | None:
            return decisions.book_at_once(room, booking_id, account_id, wish)

        async def in_turn(room: Room, waiting: WaitingList) -> Placed:
            most = most_promoted(self._store.limits, unit)
            placed = decisions.book_in_turn(room, waiting, booking_id, account_id, wish, most=most)
            return await _still_waiting(unit, placed)

        id = occurrence_document(thing.id, key)
        return await self._places.give(unit, id, thing.content.capacity, at_once, in_turn)

    async def _cancel(
        self, known: Booking, by: Side, reason: str | None, actor: str, once: Once | None
    ) -> Stored[Booking]:
        thing_id, key = known.thing_id, known.key
        id = occurrence_document(thing_id, key)

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            await unit.load((BOOKINGS, known.id), (THINGS, thing_id), (OCCURRENCES, id))
            booking = await load_own_booking(unit, known.id, known.account_id)
            thing = await load_thing(unit, thing_id)
            one = occurrence(thing.content, thing.altered, key)
            decisions.check_can_cancel(booking, one, unit.now)

            def at_once(room: Room) -> Placed | None:
                return decisions.cancel_at_once(booking, by, reason)

            async def in_turn(room: Room, waiting: WaitingList) -> Placed:
                most = most_promoted(self._store.limits, unit)
                placed = decisions.cancel_in_turn(room, waiting, booking, by, reason, most=most)
                return await _still_waiting(unit, placed)

            capacity = _capacity(thing, key, unit.now)
            return await self._places.give(unit, id, capacity, at_once, in_turn)

        handled = await self._run_bookings(thing_id, key, attempt, actor, once)
        return outcome(handled, BOOKINGS, known.id)

    async def _wanted(self, thing_id: str, wish: BookingWish) -> tuple[KnownThing, Occurrence]:
        """The occurrence that a wish names, by what this process knows of the thing.

        That saves a round trip, and may be outdated: the command finds out.
        """
        now, known = self._clock(), self._known.get(thing_id)
        if known is not None:
            with suppress(Invalid):
                return known, known.named(wish, now)
        stored = await self._stored_thing(thing_id)
        if stored.body.status != "PUBLISHED":
            raise no_such("thing", thing_id)
        known = self._known.keep(stored)
        return known, known.named(wish, now)

    async def _book(
        self,
        known: KnownThing,
        one: Occurrence,
        wish: BookingWish,
        account_id: str,
        actor: str,
        once: Once | None,
    ) -> Stored[Booking]:
        """Book an occurrence. Raises _Rescheduled if the wish names another one by now."""
        thing_id, key, booking_id = known.thing.id, one.key, self._ids()
        booked_by, is_first = booked_by_document(thing_id, key, account_id), True

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            nonlocal is_first
            unit.assume_new(BOOKINGS, booking_id)
            if is_first:  # hardly anybody books twice, and then the commit fails
                unit.assume_new(BOOKED_BY, booked_by)
            is_first = False
            await unit.load(
                (BOOKED_BY, booked_by),
                *[(CHILDREN, child) for child in wish.children],
                (THINGS, thing_id),
                (OCCURRENCES, occurrence_document(thing_id, key)),
            )
            thing = await self._load_published(unit, thing_id)
            is_known = unit.version(THINGS, thing_id) == known.version
            if not is_known and named(thing, wish, unit.now) != one:
                raise _Rescheduled
            children = await load_children(unit, wish.children, account_id)
            decisions.check_can_book(thing, one, wish.places, unit.now)
            decisions.check_ages(children, thing.content.ages, one.date)
            if await unit.get(BOOKED_BY, booked_by) is not None:
                raise AlreadyBooked("you have booked this already, or wait for it")
            return await self._give(unit, thing, key, booking_id, account_id, wish)

        handled = await self._run_bookings(thing_id, key, attempt, actor, once)
        return outcome(handled, BOOKINGS, booking_id)


class _Rescheduled(Exception):
    """The thing is not what this process knew of it, and the wish names another occurrence."""


async def _still_waiting(unit: UnitOfWork, placed: Placed) -> Placed:
    """The same, after those who move up were loaded: the commit demands that they still wait."""
    waiting = await unit.get_all(BOOKINGS, placed.promoted)
    for id, booking in zip(placed.promoted, waiting, strict=True):
        if booking is None or booking.status != "WAITING":
            raise changed_meanwhile(BOOKINGS, id)
    return placed


def _capacity(thing: Thing, key: str, now: int) -> int | None:
    """The places of an occurrence; 0 where nobody moves up, because it is off or has begun."""
    one = occurrence(thing.content, thing.altered, key)
    is_on = thing.status == "PUBLISHED" and one is not None
    if not is_on or one is None or not decisions.is_bookable(thing, one, now):
        return 0
    return thing.content.capacity
