"""Pages of hosts about one guest: invite, change, answer for one who phoned, link, remove."""

from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import GatheringFull, Guest
from gatherlog.apps.people import Action
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Conflict, Invalid
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web import guest_form
from gatherlog.interfaces.web.desk import Desk, Opened
from gatherlog.interfaces.web.fields import TAGS
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.guest_form import GuestForm
from gatherlog.interfaces.web.invitation import invitation
from gatherlog.interfaces.web.invitation_page import places_left, today
from gatherlog.interfaces.web.rows import row

__all__ = ["GuestPages"]

_GROUPS_OFFERED: Final = 200
"""Households that a browser offers to complete."""
_MOVED: Final = (
    "There is something new about this guest since you opened the page, marked below. Nothing of "
    "yours is saved yet: save it again if you still mean it."
)
_FULL: Final = "There are not enough places left, so nothing was saved. Fewer people may fit."


class GuestPages:
    """One guest at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._guests = desk.guests

    async def add(self, request: Request) -> Response:
        """The form for somebody new; POST invites, and leads on to the next one or the list."""
        opened = await self._desk.open(request, Action.ADD_GUEST)
        if request.method != "POST":
            form = guest_form.blank()
            return await self._form(opened, form, note=self._desk.note(request.query_params))
        sent = await self._desk.form(request, opened.visitor)
        form = GuestForm.read(sent)
        try:
            added = await self._guests.add_guest(
                opened.id, guest_form.new_guest(form), actor=opened.by
            )
        except Invalid as error:
            return await self._form(opened, form.wrong(error), status=status_of(error))
        if "another" in sent:
            return self._desk.go(f"{opened.place}/guests/new", "added")
        return self._desk.go(f"{opened.place}/guests/{added.body.id}", "added")

    async def guest(self, request: Request) -> Response:
        """All about a guest; POST changes, or removes."""
        if request.method == "POST":
            return await self._change(request)
        opened = await self._desk.open(request, Action.READ_GUEST)
        stored = await self._desk.guest(request, opened)
        form = guest_form.shown(stored.body, stored.version)
        return await self._form(opened, form, stored, note=self._desk.note(request.query_params))

    async def link(self, request: Request) -> Response:
        """A new link, shown this once; the one before ends."""
        opened = await self._desk.open(request, Action.ISSUE_LINK)
        stored = await self._desk.guest(request, opened)
        await self._desk.form(request, opened.visitor)
        token = await self._guests.issue_link(opened.id, stored.body.id, actor=opened.by)
        return self._desk.page(
            "link.html",
            opened.visitor,
            gathering=opened.gathering.body,
            guest=stored.body,
            link=f"{self._desk.platform.settings.base_url}/r/{token}",
        )

    async def co_host(self, request: Request) -> Response:
        """A guest becomes a co-host, or is none any more."""
        opened = await self._desk.open(request, Action.MAKE_CO_HOST)
        stored = await self._desk.guest(request, opened)
        sent = await self._desk.form(request, opened.visitor)
        guest_id = stored.body.id
        if (said := text(sent, "co_host")) in ("yes", "no"):
            await self._guests.make_co_host(opened.id, guest_id, said == "yes", actor=opened.by)
        return self._desk.go(f"{opened.place}/guests/{guest_id}", "saved")

    async def preview(self, request: Request) -> Response:
        """The guest's own page as it is now, to be looked at only; it needs no link."""
        opened = await self._desk.open(request, Action.READ_GUEST)
        guest = (await self._desk.guest(request, opened)).body
        gathering = opened.gathering.body
        page = invitation(
            gathering,
            await self._guests.household(opened.id, guest.id),
            today=today(self._desk.platform, gathering),
            places_left=await places_left(self._desk.platform, gathering),
            preview=f"{opened.place}/guests/{guest.id}",
        )
        return self._desk.page("invitation.html", opened.visitor, page=page)

    async def _change(self, request: Request) -> Response:
        opened = await self._desk.open(request, Action.CHANGE_GUEST)
        stored = await self._desk.guest(request, opened)
        sent = await self._desk.form(request, opened.visitor)
        if "remove" in sent:
            return await self._remove(request, opened, stored)
        return await self._save(request, opened, stored, sent)

    async def _save(
        self, request: Request, opened: Opened, stored: Stored[Guest], sent: FormData
    ) -> Response:
        form = GuestForm.read(sent)
        try:
            changed = await self._guests.change_guest(
                opened.id,
                stored.body.id,
                guest_form.patch(form),
                actor=opened.by,
                unsettled=guest_form.unsettled(form),
                expects=version(form.fields["version"]),
            )
        except Invalid as error:
            return await self._form(opened, form.wrong(error), stored, status=status_of(error))
        except (Conflict, GatheringFull) as error:
            now = await self._desk.guest(request, opened)
            notice, again = _FULL, form.at(now.version)
            if isinstance(error, Conflict):
                notice, again = _MOVED, form.moved(guest_form.shown(now.body, now.version))
            return await self._form(opened, again, now, notice=notice, status=status_of(error))
        return self._desk.go(f"{opened.place}/guests/{changed.body.id}", "saved")

    async def _remove(self, request: Request, opened: Opened, stored: Stored[Guest]) -> Response:
        await self._desk.open(request, Action.REMOVE_GUEST)
        await self._guests.remove_guest(opened.id, stored.body.id, actor=opened.by)
        return self._desk.go(opened.place, "removed")

    async def _form(
        self,
        opened: Opened,
        form: GuestForm,
        stored: Stored[Guest] | None = None,
        *,
        note: str = "",
        notice: str = "",
        status: int = 200,
    ) -> Response:
        """The form about a guest, or about somebody new."""
        groups = await self._guests.groups(opened.id, limit=_GROUPS_OFFERED)
        return self._desk.page(
            "guest.html",
            opened.visitor,
            status=status,
            gathering=opened.gathering.body,
            guest=None if stored is None else stored.body,
            row=None if stored is None else row(stored.body),
            fields=form.fields,
            chosen=form.tags,
            groups=[size.group_id for size in groups.items],
            tags=TAGS,
            note=note,
            notice=notice,
        )
