"""A parent's bookings: the list, and one of them, which may be cancelled."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Thing, WrongState, is_bookable
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.paging import neighbours, window
from gatherlog.interfaces.web.things.booking_view import booking_row, booking_view
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.things.phrases import span, waits
from gatherlog.interfaces.web.things.thing_view import booking_path

__all__ = ["BookingPages"]

LISTED: Final = 50
MOST_OFFERED: Final = 5
"""Other dates that are offered where one was cancelled."""
_BEGUN: Final = N_("It is over, so it can no longer be cancelled.")


class BookingPages:
    """The pages of a parent's bookings. Nobody else's exist there."""

    def __init__(self, frame: ThingsFrame) -> None:
        self._frame = frame
        self._things = frame.things

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
                notice, status = _(_BEGUN), status_of(error)
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
        dates = [one.occurrence for one in first if one.key not in booked]
        shown = [one for one in dates if one is not None and is_bookable(thing, one, now)]
        return [(span(one, today), booking_path(thing.id, one)) for one in shown[:MOST_OFFERED]]
