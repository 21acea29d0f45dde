"""The page that books one date for several children at once, all or none."""

from typing import Final

import msgspec
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
    is_bookable,
)
from gatherlog.core.eventstore.errors import GatherlogError, Invalid, NotFound
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.things.booking_form import BookingForm, choices, wish
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.things.phrases import ages, left, span, waits
from gatherlog.interfaces.web.things.thing import ThingPage
from gatherlog.interfaces.web.things.thing_view import booking_path
from gatherlog.interfaces.web.words import zone

__all__ = ["BookPage"]

_NO_DATE: Final = N_(
    "The date you wanted to book is over or has changed. Here are the current dates."
)
_STRANGER: Final = N_("One of the children is no longer on your list. Please choose again.")


class _Date(msgspec.Struct, frozen=True):
    """What is booked, and by whom."""

    parent: Parent
    thing: Thing
    places: OccurrencePlaces
    occurrence: Occurrence


class BookPage:
    """The form for one date. Where the date is none, the page of the thing is shown instead."""

    def __init__(self, frame: ThingsFrame, thing_page: ThingPage) -> None:
        self._frame = frame
        self._things = frame.things
        self._thing_page = thing_page

    async def book(self, request: Request) -> Response:
        """The form; POST books, or joins the waiting list."""
        parent = await self._frame.parent(request, Action.BOOK_THING)
        date = await self._date(request, parent)
        if date is None:
            return await self._no_date(request, parent)
        if request.method != "POST":
            return await self._form(date, before=await self._before(date))
        form = BookingForm.read(await self._frame.form(request, parent.visitor))
        try:
            return await self._book(date, form)
        except Invalid as error:
            if {flaw.pointer for flaw in error.flaws} & {"/date", "/from"}:  # changed this moment
                return await self._no_date(request, parent)
            return await self._form(date, form.with_flaws(error.flaws), status=status_of(error))

    async def _no_date(self, request: Request, parent: Parent) -> Response:
        status = 404 if request.method != "POST" else 422
        return await self._thing_page.shown(
            request, parent.visitor, notice=_(_NO_DATE), status=status
        )

    async def _date(self, request: Request, parent: Parent) -> _Date | None:
        """The date that the address names; None where there is none to book. Raises NotFound."""
        thing = (await self._things.published_thing(self._frame.id(request))).body
        day, start = request.query_params.get("date", ""), request.query_params.get("from") or None
        try:
            places = await self._things.places_left(thing.id, day, start)
        except Invalid:
            return None
        one, now = places.occurrence, self._frame.platform.clock()
        if one is None or not is_bookable(thing, one, now):
            return None
        return _Date(parent, thing, places, one)

    async def _book(self, date: _Date, form: BookingForm) -> Response:
        """Raises Invalid."""
        wanted, parent = wish(form, date.occurrence), date.parent
        try:
            made = await self._things.book(
                date.thing.id, wanted, parent.account_id, actor=parent.by
            )
        except NotFound:
            await self._things.published_thing(date.thing.id)  # it is the thing that is gone
            return await self._form(date, form, notice=_(_STRANGER), status=422)
        except AlreadyBooked as error:
            return await self._booked_before(date, form, wanted, error)
        except Full as error:
            notice = f"{str(error).capitalize()}."
            return await self._form(date, form, notice=notice, status=status_of(error))
        return self._made(made.body)

    async def _booked_before(
        self, date: _Date, form: BookingForm, wanted: BookingWish, error: GatherlogError
    ) -> Response:
        """The booking that there is: the same form, sent twice, leads to it."""
        before = await self._before(date)
        if before is not None and _is_same(before, wanted):
            return self._made(before)
        return await self._form(date, form, before=before, status=status_of(error))

    async def _before(self, date: _Date) -> Booking | None:
        """The parent's booking of this date, if there is one."""
        key = date.places.key
        booked = await self._things.bookings_at(date.thing.id, [key], date.parent.account_id)
        return booked.get(key)

    def _made(self, booking: Booking) -> Response:
        done = "waiting" if booking.status == "WAITING" else "booked"
        return self._frame.redirect(f"/bookings/{booking.id}", done)

    async def _form(
        self,
        date: _Date,
        form: BookingForm | None = None,
        *,
        before: Booking | None = None,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        content, one = date.thing.content, date.occurrence
        children = await self._things.children(date.parent.account_id)
        offered = choices(children, content, one)
        form = form or BookingForm.blank(offered)
        return self._frame.page(
            "things/book.html",
            date.parent.visitor,
            status=status,
            thing=date.thing,
            when=f"{span(one, self._frame.today)}, {zone(one.time_zone)}",
            ages=ages(content.ages),
            left=left(date.places),
            waits=waits(date.places),
            choices=offered,
            chosen=form.chosen,
            fields=form.fields,
            here=booking_path(date.thing.id, one),
            before=before,
            notice=notice,
        )


def _is_same(before: Booking, wanted: BookingWish) -> bool:
    """Whether a booking is for whom the wish is."""
    return (set(before.children), before.people) == (set(wanted.children), wanted.people)
