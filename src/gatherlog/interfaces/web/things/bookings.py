"""Booking one date for several children at once, all or none; and a parent's bookings."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import (
    AlreadyBooked,
    Booking,
    BookingWish,
    Full,
    Occurrence,
    OccurrencePlaces,
    Thing,
    WrongState,
    is_bookable,
)
from gatherlog.core.eventstore.errors import CursorInvalid, GatherlogError, Invalid, NotFound
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.paging import neighbours, window
from gatherlog.interfaces.web.things.booking_form import BookingForm, choices, wish
from gatherlog.interfaces.web.things.booking_view import booking_row, booking_view
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.things.phrases import ages, left, span, waits
from gatherlog.interfaces.web.things.thing import ThingPage
from gatherlog.interfaces.web.things.thing_view import booking_path
from gatherlog.interfaces.web.words import zone

__all__ = ["BookingPages"]

LISTED: Final = 50
MOST_OFFERED: Final = 5
"""Other dates that are offered where one was cancelled."""
_NO_DATE: Final = "The date you wanted to book is over or has changed. Here are the current dates."
_STRANGER: Final = "One of the children is no longer on your list. Please choose again."
_BEGUN: Final = "It is over, so it can no longer be cancelled."


class BookingPages:
    """The pages that book, and those of a parent's bookings."""

    def __init__(self, frame: ThingsFrame, thing_page: ThingPage) -> None:
        self._frame = frame
        self._things = frame.things
        self._thing_page = thing_page

    async def book(self, request: Request) -> Response:
        """The form for one date; POST books, or joins the waiting list."""
        parent = await self._frame.parent(request, Action.BOOK_THING)
        thing = (await self._things.published_thing(self._frame.id(request))).body
        places = await self._date(request, thing)
        if places is None:
            status = 404 if request.method != "POST" else 422
            return await self._thing_page.shown(
                request, parent.visitor, notice=_NO_DATE, status=status
            )
        if request.method != "POST":
            return await self._form(parent, thing, places)
        form = BookingForm.read(await self._frame.form(request, parent.visitor))
        return await self._book(parent, thing, places, form)

    async def bookings(self, request: Request) -> Response:
        """The bookings: those to come, then those that are over or cancelled."""
        parent = await self._frame.parent(request, Action.BOOK_THING)
        try:
            found = await self._things.bookings(
                parent.account_id, window(request.query_params, LISTED)
            )
        except CursorInvalid:
            return self._frame.redirect("/bookings")
        details = await self._things.booking_details([item.body for item in found.items])
        now, today = self._frame.platform.clock(), self._frame.today
        rows = [booking_row(one, now=now, today=today) for one in details]
        return self._frame.page(
            "things/bookings.html",
            parent.visitor,
            coming=sorted((row for row in rows if row.is_coming), key=lambda row: row.start),
            past=[row for row in rows if not row.is_coming],
            note=self._frame.done(request.query_params),
            pages=neighbours(found, "/bookings"),
        )

    async def booking(self, request: Request) -> Response:
        """One booking; POST cancels it."""
        parent = await self._frame.parent(request, Action.BOOK_THING)
        booking_id, notice, status = self._frame.id(request), "", 200
        if request.method == "POST":
            sent = await self._frame.form(request, parent.visitor)
            try:
                if text(sent, "do") == "cancel":
                    return await self._cancel(booking_id, parent)
            except WrongState as error:
                notice, status = _BEGUN, status_of(error)
        details = await self._things.booking(booking_id, parent.account_id)
        view = booking_view(details, now=self._frame.platform.clock(), today=self._frame.today)
        return self._frame.page(
            "things/booking.html",
            parent.visitor,
            status=status,
            view=view,
            others=await self._others(details.thing, parent) if view.offers_others else [],
            note=self._frame.done(request.query_params),
            notice=notice,
        )

    async def _book(
        self, parent: Parent, thing: Thing, places: OccurrencePlaces, form: BookingForm
    ) -> Response:
        try:
            wanted = wish(form, _occurrence(places))
            return await self._booked(parent, thing, places, form, wanted)
        except Invalid as error:
            again = form.with_flaws(error.flaws)
            return await self._form(parent, thing, places, again, status=status_of(error))

    async def _booked(
        self,
        parent: Parent,
        thing: Thing,
        places: OccurrencePlaces,
        form: BookingForm,
        wanted: BookingWish,
    ) -> Response:
        try:
            made = await self._things.book(thing.id, wanted, parent.account_id, actor=parent.by)
        except NotFound:
            await self._things.published_thing(thing.id)  # it is the thing that is gone
            return await self._form(parent, thing, places, form, notice=_STRANGER, status=422)
        except AlreadyBooked as error:
            return await self._booked_before(parent, thing, places, form, wanted, error)
        except Full as error:
            notice = f"{str(error).capitalize()}."
            return await self._form(
                parent, thing, places, form, notice=notice, status=status_of(error)
            )
        done = "waiting" if made.body.status == "WAITING" else "booked"
        return self._frame.redirect(f"/bookings/{made.body.id}", done)

    async def _booked_before(
        self,
        parent: Parent,
        thing: Thing,
        places: OccurrencePlaces,
        form: BookingForm,
        wanted: BookingWish,
        error: GatherlogError,
    ) -> Response:
        """The booking that there is: the same form, sent twice, leads to it."""
        booked = await self._things.bookings_at(thing.id, [places.key], parent.account_id)
        before = booked.get(places.key)
        if before is not None and _is_same(before, wanted):
            done = "waiting" if before.status == "WAITING" else "booked"
            return self._frame.redirect(f"/bookings/{before.id}", done)
        return await self._form(parent, thing, places, form, before=before, status=status_of(error))

    async def _date(self, request: Request, thing: Thing) -> OccurrencePlaces | None:
        """The date that the address names, with its places; None where there is none to book."""
        day, start = request.query_params.get("date", ""), request.query_params.get("from") or None
        try:
            places = await self._things.places_left(thing.id, day, start)
        except Invalid:
            return None
        one, now = _occurrence(places), self._frame.platform.clock()
        return places if is_bookable(thing, one, now) else None

    async def _form(
        self,
        parent: Parent,
        thing: Thing,
        places: OccurrencePlaces,
        form: BookingForm | None = None,
        *,
        before: Booking | None = None,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        one = _occurrence(places)
        children = await self._things.children(parent.account_id)
        offered = choices(children, thing.content, one)
        form = form or BookingForm.blank(offered)
        return self._frame.page(
            "things/book.html",
            parent.visitor,
            status=status,
            thing=thing,
            when=f"{span(one, self._frame.today)}, {zone(one.time_zone)}",
            ages=ages(thing.content.ages),
            left=left(places),
            waits=waits(places),
            choices=offered,
            chosen=form.chosen,
            fields=form.fields,
            here=booking_path(thing.id, one),
            before=before,
            notice=notice,
        )

    async def _cancel(self, booking_id: str, parent: Parent) -> Response:
        """Cancelling twice leads to the same page."""
        details = await self._things.booking(booking_id, parent.account_id)
        if details.booking.status != "CANCELLED":
            await self._things.cancel_booking(booking_id, parent.account_id, actor=parent.by)
        return self._frame.redirect(f"/bookings/{booking_id}", "cancelled")

    async def _others(self, thing: Thing, parent: Parent) -> list[tuple[str, str]]:
        """Other dates with places that the parent has not booked, and where they are booked."""
        now, today = self._frame.platform.clock(), self._frame.today
        free = [one for one in await self._things.coming_places(thing.id) if not waits(one)]
        first = free[: 2 * MOST_OFFERED]
        booked = await self._things.bookings_at(
            thing.id, [one.key for one in first], parent.account_id
        )
        dates = [_occurrence(one) for one in first if one.key not in booked]
        shown = [one for one in dates if is_bookable(thing, one, now)][:MOST_OFFERED]
        return [(span(one, today), booking_path(thing.id, one)) for one in shown]


def _occurrence(places: OccurrencePlaces) -> Occurrence:
    """The occurrence of a coming date, which always has one."""
    if places.occurrence is None:
        raise NotFound("There is no such date.")
    return places.occurrence


def _is_same(before: Booking, wanted: BookingWish) -> bool:
    """Whether a booking is for whom the wish is."""
    return (set(before.children), before.people) == (set(wanted.children), wanted.people)
