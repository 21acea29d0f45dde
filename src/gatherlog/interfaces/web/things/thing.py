"""The page of one thing: what it is, its dates, favourites, and reports about it."""

import asyncio
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action, Verdict, decide
from gatherlog.apps.things import Booking, cancelled_dates
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.texts import N_
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.messages import TAKEN_DOWN
from gatherlog.interfaces.web.sign_in_pages import sign_in_path
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.things.structured_data import structured_data
from gatherlog.interfaces.web.things.thing_view import LoadedThing, thing_view
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["ThingPage"]

MOST_DATES: Final = 50
"""Dates on the page."""
_REPORT: Final = {"reason": N_("The report")}


class ThingPage:
    """A published thing, for everybody. What is not published does not exist here."""

    def __init__(self, frame: ThingsFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def thing(self, request: Request) -> Response:
        """The page; POST keeps the thing, drops it from the favourites, or reports it."""
        if request.method == "POST":
            return await self._act(request)
        visitor = await self._frame.anybody(request, Action.READ_THING)
        try:
            return await self.shown(request, visitor, note=self._frame.done(request.query_params))
        except NotFound:
            if not await self._things.was_taken_down(self._frame.id(request)):
                raise
            return self._frame.site_message(request, visitor, TAKEN_DOWN, 404)

    async def shown(
        self,
        request: Request,
        visitor: Visitor | None,
        *,
        fields: Fields | None = None,
        note: str = "",
        notice: str = "",
        status: int = 200,
    ) -> Response:
        """The page as the visitor may see it; `fields` is the form of a report. Raises NotFound."""
        thing_id, parent = self._frame.id(request), self._frame.as_parent(visitor)
        loaded = await self._loaded(thing_id, parent)
        frame, url = self._frame, f"{self._frame.platform.settings.base_url}/things/{thing_id}"
        now, today, currency = frame.platform.clock(), frame.today, frame.currency
        return frame.page(
            "things/thing.html",
            visitor,
            status=status,
            sign_in=sign_in_path(request),
            view=thing_view(loaded, now=now, today=today, currency=currency),
            data=structured_data(loaded, url=url, currency=currency),
            url=url,
            parent=parent,
            may_write=_may_write(visitor, loaded),
            kept=await self._is_kept(thing_id, parent),
            fields=fields or Fields({}),
            note=note,
            notice=notice,
        )

    async def _loaded(self, thing_id: str, parent: Parent | None) -> LoadedThing:
        thing = (await self._things.published_thing(thing_id)).body
        places, [organiser] = await asyncio.gather(
            self._things.coming_places(thing_id, most=MOST_DATES),
            self._things.profiles([thing.organiser_id]),
        )
        booked = dict[str, Booking]()
        if parent is not None:
            keys = [one.key for one in places]
            booked = await self._things.bookings_at(thing_id, keys, parent.account_id)
        now = self._frame.platform.clock()
        cancelled = cancelled_dates(thing.content, thing.altered, now=now)
        return LoadedThing(thing, organiser, places, cancelled, booked)

    async def _act(self, request: Request) -> Response:
        parent = await self._frame.parent(request, Action.KEEP_FAVOURITES)
        sent = await self._frame.form(request, parent.visitor)
        thing_id, chosen = self._frame.id(request), text(sent, "do")
        if chosen == "report":
            return await self._report(request, sent)
        if chosen == "keep":
            await self._things.add_favourite(thing_id, parent.account_id, actor=parent.by)
            return self._frame.redirect(f"/things/{thing_id}", "kept")
        if chosen == "drop":
            await self._drop(thing_id, parent)
            return self._frame.redirect(f"/things/{thing_id}", "dropped")
        return self._frame.redirect(f"/things/{thing_id}")

    async def _drop(self, thing_id: str, parent: Parent) -> None:
        """Keep it no more; also where it is no favourite, as when a form is sent twice."""
        [kept] = await self._things.are_favourites([thing_id], parent.account_id)
        if kept:
            await self._things.remove_favourite(thing_id, parent.account_id, actor=parent.by)

    async def _report(self, request: Request, sent: FormData) -> Response:
        parent = await self._frame.parent(request, Action.REPORT_THING)
        fields, thing_id = Fields.read(sent, _REPORT), self._frame.id(request)
        try:
            await self._things.report_thing(
                thing_id, fields["reason"], parent.account_id, actor=parent.by
            )
        except Invalid as error:
            flawed = fields.with_flaws(error.flaws, _REPORT)
            return await self.shown(request, parent.visitor, fields=flawed, status=status_of(error))
        return self._frame.redirect(f"/things/{thing_id}", "reported")

    async def _is_kept(self, thing_id: str, parent: Parent | None) -> bool:
        if parent is None:
            return False
        [kept] = await self._things.are_favourites([thing_id], parent.account_id)
        return kept


def _may_write(visitor: Visitor | None, loaded: LoadedThing) -> bool:
    """Whether the visitor has conversations, and is not the organiser."""
    if visitor is None or visitor.actor.account_id == loaded.thing.organiser_id:
        return False
    return decide(visitor.actor, Action.USE_CONVERSATIONS) is Verdict.ALLOW
