"""What all pages of hosts have in common: who asks, whether they may, and how a page is made."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog.apps.guests import DEFAULT, Gathering, Guest, Stored
from gatherlog.apps.people import Action, Role
from gatherlog.core.eventstore.errors import NotFound, Unauthenticated
from gatherlog.interfaces.access_notes import note_access
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.forms import read_form, read_upload
from gatherlog.interfaces.web.messages import FORM_OUTDATED, Message
from gatherlog.interfaces.web.rendering import HEADERS, SCRIPTED, Renderer
from gatherlog.interfaces.web.sign_in_pages import sign_in_first
from gatherlog.interfaces.web.visitors import FormOutdated, Visitor, Visitors

__all__ = ["GatheringAccess", "HostFrame", "PageHandler"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTES: Final = {
    "made": "The gathering is made. Now invite somebody.",
    "saved": "Saved.",
    "added": "The guest is on the list.",
    "removed": "The guest is off the list.",
    "imported": "The sheet is imported.",
}
"""What an address may ask a page to say: nothing else of it is ever shown."""

PageHandler = Callable[[Request], Awaitable[Response]]


class GatheringAccess(msgspec.Struct, frozen=True):
    """A gathering, and who is about to do something with it."""

    visitor: Visitor
    gathering: Stored[Gathering]

    @property
    def id(self) -> str:
        return self.gathering.body.id

    @property
    def by(self) -> str:
        return self.visitor.actor.name

    @property
    def place(self) -> str:
        """The path of the gathering's page."""
        return f"/host/{self.id}"


class HostFrame:
    """Opens what a request is about, after asking the policy, and answers with pages."""

    def __init__(self, platform: Platform, renderer: Renderer, visitors: Visitors) -> None:
        self.platform = platform
        self.guests = platform.guests
        self._renderer = renderer
        self._visitors = visitors

    def for_signed_in(self, page: PageHandler) -> PageHandler:
        """The page for those who are signed in; others are led to sign in first."""

        async def serve(request: Request) -> Response:
            try:
                return await page(request)
            except Unauthenticated:
                return sign_in_first(request)
            except FormOutdated:
                return self._renderer.message(FORM_OUTDATED, 403)

        return serve

    async def visitor(self, request: Request, action: Action) -> Visitor:
        """Who asks, where it is about no gathering. Raises Unauthenticated, Denied, NotFound."""
        visitor = await self._visitors.require(request)
        await permit(self.platform, visitor.actor, action, None)
        return visitor

    async def only_gathering(self, request: Request) -> str | None:
        """The page of the one gathering that a co-host helps with; None for everybody else."""
        actor = (await self._visitors.require(request)).actor
        return f"/host/{actor.gathering_id}" if actor.role is Role.GUEST else None

    async def access(self, request: Request, action: Action) -> GatheringAccess:
        """The gathering of the path, for one who may do this with it; else as `visitor`."""
        visitor = await self._visitors.require(request)
        gathering_id = request.path_params["gathering_id"]
        if gathering_id != DEFAULT and not _UUID.fullmatch(gathering_id):
            raise NotFound("There is no such gathering.")
        await permit(self.platform, visitor.actor, action, gathering_id)
        access = GatheringAccess(visitor, await self.guests.gathering(gathering_id))
        note_access(self.platform, visitor.actor, action, gathering_id)
        return access

    async def guest(self, request: Request, access: GatheringAccess) -> Stored[Guest]:
        """The guest of the path, of this gathering."""
        guest_id = request.path_params["guest_id"]
        if not _UUID.fullmatch(guest_id):
            raise NotFound("There is no such guest.")
        found = await self.guests.guest(access.id, guest_id)
        note_access(self.platform, access.visitor.actor, Action.READ_GUEST, access.id, guest_id)
        return found

    async def form(self, request: Request, visitor: Visitor) -> FormData:
        """What was sent, if the form was made for this visitor; else FormOutdated."""
        form = await read_form(request)
        self._visitors.check_form(request, form, visitor)
        return form

    async def upload(self, request: Request, visitor: Visitor, name: str) -> tuple[FormData, bytes]:
        """As `form`, with what is in the file of that name."""
        form, data = await read_upload(request, name)
        self._visitors.check_form(request, form, visitor)
        return form, data

    def page(
        self,
        template: str,
        visitor: Visitor,
        *,
        status: int = 200,
        **values: Any,  # what a template needs is its own affair
    ) -> Response:
        """A page for a host, with the one script that such pages may run."""
        return self._renderer.page(
            template,
            status=status,
            headers=SCRIPTED,
            token=visitor.form,
            is_co_host=visitor.actor.role is Role.GUEST,
            **values,
        )

    def message(self, message: Message, status: int) -> Response:
        """A page that says one thing."""
        return self._renderer.message(message, status)

    def redirect(self, place: str, note: str = "") -> Response:
        """On to another page by GET, which is to say so."""
        return RedirectResponse(f"{place}?done={note}" if note else place, 303, HEADERS)

    def note(self, query: Mapping[str, str]) -> str:
        """What a page has to say about what was done just before."""
        return _NOTES.get(query.get("done", ""), "")
