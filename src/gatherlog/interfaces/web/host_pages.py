"""Pages of hosts about gatherings: the list, a new one, figures and guests, settings."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import Gathering, LettersReached, NotifyUndecided
from gatherlog.apps.guests.decisions import is_closed
from gatherlog.apps.people import Action, Actor, Role
from gatherlog.core.commands.service import Listing, Stored
from gatherlog.core.eventstore.errors import Conflict, Invalid, NotFound
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.live_streams import LiveStreams, changes
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web import gathering_form
from gatherlog.interfaces.web.fields import ZONES, Fields
from gatherlog.interfaces.web.forms import version
from gatherlog.interfaces.web.guest_query import GuestQuery
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.invitation_page import today
from gatherlog.interfaces.web.overview import cautions, deadline, facts
from gatherlog.interfaces.web.rows import STATE_NAMES, row
from gatherlog.interfaces.web.streaming import Streamed
from gatherlog.interfaces.web.totals import encode, totals

__all__ = ["HostPages"]

GATHERINGS_SHOWN: Final = 50
GUESTS_SHOWN: Final = 50
"""Guests on one page, so that it takes the same time for fifty guests and fifty thousand."""
HOUSEHOLDS_SHOWN: Final = 200
_CHANGED_MEANWHILE: Final = N_(
    "Somebody has changed these settings since you opened the page, as marked below. What you "
    "typed is not saved: send it again if you still mean it."
)
_ENOUGH_LETTERS: Final = N_(
    "Today’s limit of emails has been reached, so nothing was saved. Save it without "
    "emails, save it again tomorrow, or ask whoever runs this site to allow more."
)


class HostPages:
    """The pages about gatherings, except those about single guests, sheets and links."""

    def __init__(self, frame: HostFrame, live: LiveStreams) -> None:
        self._frame = frame
        self._guests = frame.guests
        self._live = live

    async def home(self, request: Request) -> Response:
        """The visitor's gatherings, and the form for a new one; POST creates it."""
        if (place := await self._frame.only_gathering(request)) is not None:
            return self._frame.redirect(place)
        if request.method == "POST":
            return await self._create(request)
        visitor = await self._frame.visitor(request, Action.LIST_GATHERINGS)
        found = await self._listing(visitor.actor, request.query_params.get("cursor"))
        return self._frame.page(
            "host.html",
            visitor,
            gatherings=[(one.body, list(facts(one.body))) for one in found.items],
            cursor=urlencode({"cursor": found.cursor}) if found.cursor else "",
            may_create=visitor.actor.role is not Role.HOST,
            fields=Fields({}),
            zones=ZONES,
        )

    async def gathering(self, request: Request) -> Response:
        """The figures of a gathering, and its guests as far as they match the query."""
        access = await self._frame.access(request, Action.LIST_GUESTS)
        gathering, platform = access.gathering.body, self._frame.platform
        query = GuestQuery.read(request.query_params)
        stats = await self._guests.stats(access.id)
        searching = self._guests.guests(
            access.id, **query.asked, limit=GUESTS_SHOWN, cursor=query.cursor or None
        )
        found = await self._frame.while_connected(request, searching)
        return self._frame.page(
            "gathering.html",
            access.visitor,
            gathering=gathering,
            is_own=gathering.host_account == (access.visitor.actor.account_id or ""),
            facts=list(facts(gathering)),
            deadline=deadline(gathering, today(platform, gathering)),
            closed=is_closed(gathering, platform.clock()),
            here=query.url(query.cursor),
            cautions=list(cautions(gathering, stats)),
            totals=totals(stats),
            invited=stats.total_guests,
            rows=[row(stored.body) for stored in found.items],
            states={state: _(name) for state, name in STATE_NAMES.items()},
            query=query,
            more=query.url(found.cursor) if found.cursor else "",
            note=self._frame.done(request.query_params),
            letters=await self._guests.letters(access.id),
        )

    async def households(self, request: Request) -> Response:
        """The households by name, with their numbers of guests."""
        access = await self._frame.access(request, Action.READ_GROUPS)
        found = await self._guests.groups(
            access.id, limit=HOUSEHOLDS_SHOWN, cursor=request.query_params.get("cursor")
        )
        return self._frame.page(
            "households.html",
            access.visitor,
            gathering=access.gathering.body,
            households=[
                (size.group_id, size.member_count, urlencode({"household": size.group_id}))
                for size in found.items
            ],
            more=urlencode({"cursor": found.cursor}) if found.cursor else "",
        )

    async def settings(self, request: Request) -> Response:
        """The settings; POST changes them or removes the gathering."""
        if request.method == "POST":
            return await self._change(request)
        access = await self._frame.access(request, Action.CHANGE_GATHERING)
        stored = access.gathering
        return self._settings(access, gathering_form.filled(stored.body, stored.version))

    async def live(self, request: Request) -> Response:
        """The figures whenever they change; the visitor is checked again before each event."""
        access = await self._frame.access(request, Action.READ_STATS)

        async def read() -> bytes:
            await self._frame.access(request, Action.READ_STATS)
            return encode(totals(await self._guests.stats(access.id)))

        parts = changes(self._frame.platform.store, read)
        return Streamed(self._live, access.by, parts)

    async def _listing(self, actor: Actor, cursor: str | None) -> Listing[Stored[Gathering]]:
        """Operators see all gatherings, a key of a gathering that one, accounts those they host."""
        if actor.role is Role.OPERATOR:
            return await self._guests.gatherings(limit=GATHERINGS_SHOWN, cursor=cursor)
        if actor.role is not Role.HOST:
            account = actor.account_id or ""
            return await self._guests.gatherings_of(account, limit=GATHERINGS_SHOWN, cursor=cursor)
        try:
            return Listing([await self._guests.gathering(actor.gathering_id or "")], None)
        except NotFound:  # removed since the key was made
            return Listing([], None)

    async def _create(self, request: Request) -> Response:
        visitor = await self._frame.visitor(request, Action.CREATE_GATHERING)
        fields = Fields.read(await self._frame.form(request, visitor), gathering_form.CREATION)
        try:
            made = await self._guests.create_gathering(
                gathering_form.details(fields),
                actor=visitor.actor.name,
                host=visitor.actor.account_id,
            )
        except Invalid as error:
            return self._frame.page(
                "new_gathering.html",
                visitor,
                status=status_of(error),
                fields=fields.with_flaws(error.flaws, gathering_form.NAMES),
                zones=ZONES,
            )
        return self._frame.redirect(f"/host/{made.body.id}", "made")

    async def _change(self, request: Request) -> Response:
        access = await self._frame.access(request, Action.CHANGE_GATHERING)
        form = await self._frame.form(request, access.visitor)
        if "remove" in form:
            return await self._remove(request, access)
        fields = Fields.read(form, gathering_form.SETTINGS)
        try:
            await self._guests.change_settings(
                access.id,
                gathering_form.patch(fields),
                actor=access.by,
                expects=version(fields["version"]),
            )
        except Invalid as error:
            flawed = fields.with_flaws(error.flaws, gathering_form.NAMES)
            return self._settings(access, flawed, status=status_of(error))
        except NotifyUndecided as error:
            return self._settings(access, fields, letters=error.letters, status=status_of(error))
        except LettersReached as error:
            return self._settings(
                access, fields, notice=_(_ENOUGH_LETTERS), status=status_of(error)
            )
        except Conflict as error:
            now = gathering_form.filled(access.gathering.body, access.gathering.version)
            again = fields.rebased(now, lambda name, value: value)
            return self._settings(
                access, again, notice=_(_CHANGED_MEANWHILE), status=status_of(error)
            )
        return self._frame.redirect(access.path, "saved")

    async def _remove(self, request: Request, access: GatheringAccess) -> Response:
        await self._frame.access(request, Action.REMOVE_GATHERING)
        await self._guests.remove_gathering(access.id, actor=access.by)
        return self._frame.redirect("/host")

    def _settings(
        self,
        access: GatheringAccess,
        fields: Fields,
        *,
        notice: str = "",
        letters: int = 0,
        status: int = 200,
    ) -> Response:
        """The form; if there are `letters` that a change would send, with the question about it."""
        return self._frame.page(
            "settings.html",
            access.visitor,
            status=status,
            gathering=access.gathering.body,
            fields=fields,
            notice=notice,
            letters=letters,
            zones=ZONES,
        )
