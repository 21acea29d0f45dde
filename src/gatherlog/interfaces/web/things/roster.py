"""One date of an own thing: who comes, on the page, on paper and as a sheet; and what to do."""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import date as Date
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import BookingDetails, Roster, WrongState, not_over, write_roster
from gatherlog.core.commands.handler import Once
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import Flaw, GatherlogError, Invalid, KeyReused, NotFound
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import Malformed, TooMany, status_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.fields import Fields, date_time
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.rendering import HEADERS
from gatherlog.interfaces.web.things.dates import date_path
from gatherlog.interfaces.web.things.once import once
from gatherlog.interfaces.web.things.own_frame import OwnFrame, OwnThing
from gatherlog.interfaces.web.things.parents import parents_of
from gatherlog.interfaces.web.things.phrases import span
from gatherlog.interfaces.web.things.roster_rows import choices, expected, others
from gatherlog.interfaces.web.words import day, local, number, people

__all__ = ["RosterPages"]

_TEXTS: Final = (
    "once",
    "reason",
    "to_day",
    "to_time",
    "subject",
    "letter",
    "booking",
    "booking_reason",
)
_NAMES: Final = {
    "reason": N_("The reason"),
    "to_day": N_("The new day"),
    "subject": N_("The subject"),
    "letter": N_("The letter"),
    "booking": N_("The booking"),
    "booking_reason": N_("The reason"),
}
_WORDS: Final = {
    "is over": N_("and its time are over already"),
    "is when another occurrence begins": N_("and its time are those of another date"),
    "should be like 2027-05-01, or 2027-05-01T14:00": N_("should be a day such as 2027-05-01"),
}
_GONE: Final = ("/date", "/from")
"""Flaws that point to these are about a date that was there when the page was loaded."""
_TYPE: Final = "text/csv; charset=utf-8"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOO_MANY: Final = N_(
    "You have written to these families very often since yesterday, so this letter was not sent. "
    "What you typed is still below: please send it tomorrow."
)
_NOT_POSSIBLE: Final = N_("This is not possible any more: look at the date as it is now.")


class DateOfThing(msgspec.Struct, frozen=True):
    """A date of an own thing. `roster` is None for one that is over or cancelled."""

    own: OwnThing
    date: str
    start: str | None
    today: Date
    roster: Roster | None
    bookings: list[BookingDetails]
    parents: Mapping[str, str]
    """Names of those who have booked or wait, by their accounts; none once there is no roster."""

    @property
    def name(self) -> str:
        """The date in words."""
        occurrences = [one.occurrence for one in self.bookings if one.occurrence is not None]
        if self.roster is not None:
            occurrences = [self.roster.occurrence]
        if occurrences:
            return span(occurrences[0], self.today)
        return day(local(self.date))

    @property
    def path(self) -> str:
        """The path of the page about it."""
        return self.part()

    def part(self, *names: str) -> str:
        """The path of the page, or of one below it."""
        at = "" if self.start is None else f"?at={self.start}"
        return "/".join([self.own.path, "dates", self.date, *names]) + at


Act = Callable[[DateOfThing, Fields], Awaitable[Response]]


class RosterPages:
    """The pages about one date."""

    def __init__(self, frame: OwnFrame, rate_limiter: RateLimiter) -> None:
        self._rate_limiter = rate_limiter
        self._frame = frame
        self._things = frame.things
        self._acts: Mapping[str, tuple[Action, Act, Mapping[str, str]]] = {
            "cancel": (Action.CHANGE_OWN_THING, self._cancel, {}),
            "move": (Action.CHANGE_OWN_THING, self._move, {"/to": "/to_day"}),
            "write": (Action.WRITE_TO_FAMILIES, self._write, {"/text": "/letter"}),
            "cancel_booking": (
                Action.CHANGE_OWN_THING,
                self._cancel_booking,
                {"/reason": "/booking_reason"},
            ),
        }

    async def date(self, request: Request) -> Response:
        """Who comes and who waits; POST does with the date what its field `do` says."""
        if request.method == "POST":
            return await self._act(request)
        found = await self._load(request, Action.READ_ROSTER)
        return self._page(request, found, Fields({}))

    async def print(self, request: Request) -> Response:
        """The roster for printing."""
        found, roster = await self._roster(request)
        return self._frame.shown(
            request,
            "things/roster_print.html",
            found.own.visitor,
            thing=found.own.thing,
            date=found.name,
            path=found.path,
            booked=expected(roster, found.parents),
            places=people(sum(row.booking.places for row in roster.rows)),
        )

    async def sheet(self, request: Request) -> Response:
        """The roster as a sheet."""
        found, roster = await self._roster(request)
        name = f'attachment; filename="roster-{roster.occurrence.date}.csv"'
        headers = {**HEADERS, "Content-Disposition": name}
        return Response(write_roster(roster, found.parents), 200, headers, media_type=_TYPE)

    async def _load(self, request: Request, action: Action) -> DateOfThing:
        """The date of the path. Raises NotFound where there is and was none, and as `own`."""
        own = await self._frame.own(request, action)
        date, start = request.path_params["date"], request.query_params.get("at") or None
        if own.thing.status != "PUBLISHED":
            raise NotFound("There is no such date.")
        try:
            bookings = await self._things.bookings_on(own.id, date, own.account_id, start)
        except Invalid:
            raise NotFound("There is no such date.") from None
        try:
            roster = await self._things.roster(own.id, date, own.account_id, start)
        except Invalid:  # it is over, or off
            roster = None
        if roster is None and not bookings:
            raise NotFound("There is no such date.")
        shown = [] if roster is None else [row.booking for row in roster.rows]
        shown += [one.booking for one in bookings if roster is not None]
        parents = await parents_of(self._frame.platform, shown)
        return DateOfThing(own, date, start, self._frame.today, roster, bookings, parents)

    async def _roster(self, request: Request) -> tuple[DateOfThing, Roster]:
        """A date that is to come, or under way: what is told of children ends with it."""
        found = await self._load(request, Action.READ_ROSTER)
        if found.roster is None:
            raise NotFound("There is no roster any more.")
        return found, found.roster

    async def _act(self, request: Request) -> Response:
        found = await self._load(request, Action.READ_ROSTER)
        sent = await self._frame.form(request, found.own.visitor)
        if (known := self._acts.get(text(sent, "do"))) is None:
            raise Malformed("The form does not say what to do.")
        action, act, pointers = known
        await self._frame.own(request, action)
        fields = Fields.read(sent, _TEXTS)
        if found.roster is None:
            return self._page(request, found, fields, WrongState("the date is over or off"))
        try:
            return await act(found, fields)
        except Invalid as error:
            if any(one.pointer in _GONE for one in error.flaws):
                gone = WrongState("the date was cancelled or moved, or has just ended")
                return self._page(request, await self._load(request, action), fields, gone)
            flawed = fields.with_flaws(_spoken(error, pointers), _NAMES)
            return self._page(request, found, flawed, error)
        except (WrongState, TooMany) as error:
            return self._page(request, await self._load(request, action), fields, error)

    async def _cancel(self, found: DateOfThing, fields: Fields) -> Response:
        own = found.own
        await self._things.cancel_occurrence(
            own.id,
            found.date,
            fields["reason"],
            own.account_id,
            start=found.start,
            actor=own.by,
        )
        return self._frame.redirect(own.path, "date_cancelled")

    async def _move(self, found: DateOfThing, fields: Fields) -> Response:
        own, flaws = found.own, list[Flaw]()
        to = date_time("to_day", fields["to_day"], fields["to_time"], flaws)
        if flaws or not isinstance(to, str):
            raise Invalid(*flaws or [Flaw("/to_day", N_("is missing"))])
        moved = await self._things.move_occurrence(
            own.id, found.date, to, own.account_id, start=found.start, actor=own.by
        )
        thing, was = moved.body, None if found.roster is None else found.roster.occurrence
        now = self._frame.platform.clock()
        dates = not_over(thing.content, thing.altered, now=now)
        here = [one for one in dates if was is not None and one.key == was.key]
        paths = [date_path(own.id, one) for one in here]
        is_same = was is not None and was.start in (one.start for one in here)
        return self._frame.redirect([*paths, own.path][0], "not_moved" if is_same else "moved")

    async def _write(self, found: DateOfThing, fields: Fields) -> Response:
        """Send a letter; once, where the form is sent again as it was."""
        self._rate_limiter.families(found.own.account_id, found.own.id)
        own, letter = found.own, (found.own.id, fields["subject"], fields["letter"])
        key = once(own.account_id, fields["once"], letter)
        with suppress(Repeated):
            try:
                await self._send(found, fields, key)
            except KeyReused:
                await self._send(found, fields, None)
        return self._frame.redirect(found.path, "written")

    async def _send(self, found: DateOfThing, fields: Fields, key: Once | None) -> None:
        own = found.own
        await self._things.write_to_families(
            own.id,
            found.date,
            fields["subject"],
            fields["letter"],
            own.account_id,
            start=found.start,
            actor=own.by,
            once=key,
        )

    async def _cancel_booking(self, found: DateOfThing, fields: Fields) -> Response:
        own, booking = found.own, fields["booking"]
        if not _UUID.fullmatch(booking):
            raise Invalid(Flaw("/booking", N_("is not chosen yet")))
        await self._things.cancel_booking_as_organiser(
            booking, fields["booking_reason"], own.account_id, actor=own.by
        )
        return self._frame.redirect(found.path, "booking_cancelled")

    def _page(
        self,
        request: Request,
        found: DateOfThing,
        fields: Fields,
        error: GatherlogError | None = None,
    ) -> Response:
        thing, roster = found.own.thing, found.roster
        zone = thing.content.time_zone
        booked = [] if roster is None else expected(roster, found.parents)
        waiting = others(found.bookings, "WAITING", zone, found.parents)
        return self._frame.shown(
            request,
            "things/date.html",
            found.own.visitor,
            status=200 if error is None else status_of(error),
            thing=thing,
            date=found.name,
            print=found.part("print"),
            sheet=found.part("roster.csv"),
            is_coming=roster is not None,
            booked=booked,
            waiting=waiting,
            cancelled=others(found.bookings, "CANCELLED", zone),
            were_booked=others(found.bookings, "BOOKED", zone) if roster is None else [],
            figures=_figures(found),
            choices=choices(booked, waiting),
            once=self._frame.platform.ids(),
            fields=fields,
            notice=_notice(error),
        )


def _notice(error: GatherlogError | None) -> str:
    if isinstance(error, TooMany):
        return _(_TOO_MANY)
    return _(_NOT_POSSIBLE) if isinstance(error, WrongState) else ""


def _spoken(error: Invalid, pointers: Mapping[str, str]) -> list[Flaw]:
    """The flaws at the fields of the form, in words for people."""
    return [
        Flaw(pointers.get(one.pointer, one.pointer), _WORDS.get(one.detail, one.detail))
        for one in error.flaws
    ]


def _figures(found: DateOfThing) -> list[tuple[str, str]]:
    """The figures of a date: people with places, places, people who wait."""
    booked = [one.booking for one in found.bookings if one.booking.status == "BOOKED"]
    if found.roster is not None:
        booked = [row.booking for row in found.roster.rows]
    waiting = [one.booking for one in found.bookings if one.booking.status == "WAITING"]
    capacity = found.own.thing.content.capacity
    return [
        (_("People booked"), number(sum(one.places for one in booked))),
        (_("Places"), _("no limit") if capacity is None else number(capacity)),
        (_("Bookings"), number(len(booked))),
        (_("People waiting"), number(sum(one.places for one in waiting))),
    ]
