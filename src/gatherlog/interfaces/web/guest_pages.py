"""Pages of hosts about one guest: add, change, answer for, link, make co-host, remove."""

from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import GatheringFull, Guest
from gatherlog.apps.people import Action
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Conflict, Invalid
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web import guest_form
from gatherlog.interfaces.web.fields import tags
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.guest_form import GuestForm
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.invitation import invitation
from gatherlog.interfaces.web.invitation_page import places_left, today
from gatherlog.interfaces.web.rows import row

__all__ = ["GuestPages"]

_GROUPS_OFFERED: Final = 200
"""Households offered for completion."""
_CHANGED_MEANWHILE: Final = N_(
    "There is something new about this guest since you opened the page, marked below. Nothing of "
    "yours is saved yet: save it again if you still mean it."
)
_FULL: Final = N_("There are not enough places left, so nothing was saved. Fewer people may fit.")


class GuestPages:
    """The pages about one guest."""

    def __init__(self, frame: HostFrame) -> None:
        self._frame = frame
        self._guests = frame.guests

    async def add(self, request: Request) -> Response:
        """The form for a new guest; POST adds the guest, and leads to the page or a new form."""
        access = await self._frame.access(request, Action.ADD_GUEST)
        if request.method != "POST":
            form = guest_form.blank()
            return await self._form(access, form, note=self._frame.done(request.query_params))
        sent = await self._frame.form(request, access.visitor)
        form = GuestForm.read(sent)
        try:
            added = await self._guests.add_guest(
                access.id, guest_form.new_guest(form), actor=access.by
            )
        except Invalid as error:
            return await self._form(access, form.with_flaws(error), status=status_of(error))
        if "another" in sent:
            return self._frame.redirect(f"{access.path}/guests/new", "added")
        return self._frame.redirect(f"{access.path}/guests/{added.body.id}", "added")

    async def guest(self, request: Request) -> Response:
        """Everything about a guest; POST changes or removes the guest."""
        if request.method == "POST":
            return await self._change(request)
        access = await self._frame.access(request, Action.READ_GUEST)
        stored = await self._frame.guest(request, access)
        form = guest_form.filled(stored.body, stored.version)
        return await self._form(access, form, stored, note=self._frame.done(request.query_params))

    async def link(self, request: Request) -> Response:
        """Make a new link, which is shown only once; the earlier link ends."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        stored = await self._frame.guest(request, access)
        await self._frame.form(request, access.visitor)
        token = await self._guests.issue_link(
            access.id,
            stored.body.id,
            actor=access.by,
            names_co_hosts=await self._frame.names_co_hosts(access),
        )
        return self._frame.page(
            "link.html",
            access.visitor,
            gathering=access.gathering.body,
            guest=stored.body,
            link=f"{self._frame.platform.settings.base_url}/r/{token}",
        )

    async def co_host(self, request: Request) -> Response:
        """Make a guest a co-host, or a guest only."""
        access = await self._frame.access(request, Action.MAKE_CO_HOST)
        stored = await self._frame.guest(request, access)
        sent = await self._frame.form(request, access.visitor)
        guest_id = stored.body.id
        if (chosen := text(sent, "co_host")) in ("yes", "no"):
            await self._guests.make_co_host(access.id, guest_id, chosen == "yes", actor=access.by)
        return self._frame.redirect(f"{access.path}/guests/{guest_id}", "saved")

    async def preview(self, request: Request) -> Response:
        """The guest's own page, read-only; it needs no link."""
        access = await self._frame.access(request, Action.READ_GUEST)
        guest = (await self._frame.guest(request, access)).body
        gathering = access.gathering.body
        page = invitation(
            gathering,
            await self._guests.household(access.id, guest.id),
            today=today(self._frame.platform, gathering),
            places_left=await places_left(self._frame.platform, gathering),
            preview=f"{access.path}/guests/{guest.id}",
        )
        return self._frame.page("invitation.html", access.visitor, page=page)

    async def _change(self, request: Request) -> Response:
        access = await self._frame.access(request, Action.CHANGE_GUEST)
        stored = await self._frame.guest(request, access)
        sent = await self._frame.form(request, access.visitor)
        if "remove" in sent:
            return await self._remove(request, access, stored)
        return await self._save(request, access, stored, sent)

    async def _save(
        self, request: Request, access: GatheringAccess, stored: Stored[Guest], sent: FormData
    ) -> Response:
        form = GuestForm.read(sent)
        try:
            changed = await self._guests.change_guest(
                access.id,
                stored.body.id,
                guest_form.patch(form),
                actor=access.by,
                unsettled=guest_form.unsettled(form),
                expects=version(form.fields["version"]),
            )
        except Invalid as error:
            flawed = form.with_flaws(error)
            return await self._form(access, flawed, stored, status=status_of(error))
        except (Conflict, GatheringFull) as error:
            now = await self._frame.guest(request, access)
            notice, again = _(_FULL), form.at(now.version)
            if isinstance(error, Conflict):
                saved = guest_form.filled(now.body, now.version)
                notice, again = _(_CHANGED_MEANWHILE), form.rebased(saved)
            return await self._form(access, again, now, notice=notice, status=status_of(error))
        return self._frame.redirect(f"{access.path}/guests/{changed.body.id}", "saved")

    async def _remove(
        self, request: Request, access: GatheringAccess, stored: Stored[Guest]
    ) -> Response:
        await self._frame.access(request, Action.REMOVE_GUEST)
        names_co_hosts = await self._frame.names_co_hosts(access)
        await self._guests.remove_guest(
            access.id, stored.body.id, actor=access.by, names_co_hosts=names_co_hosts
        )
        return self._frame.redirect(access.path, "removed")

    async def _form(
        self,
        access: GatheringAccess,
        form: GuestForm,
        stored: Stored[Guest] | None = None,
        *,
        note: str = "",
        notice: str = "",
        status: int = 200,
    ) -> Response:
        """The page with the form, for the guest `stored` or for a new one."""
        groups = await self._guests.groups(access.id, limit=_GROUPS_OFFERED)
        return self._frame.page(
            "guest.html",
            access.visitor,
            status=status,
            gathering=access.gathering.body,
            guest=None if stored is None else stored.body,
            row=None if stored is None else row(stored.body),
            fields=form.fields,
            chosen=form.tags,
            groups=[size.group_id for size in groups.items],
            tags=tags(),
            note=note,
            notice=notice,
        )
