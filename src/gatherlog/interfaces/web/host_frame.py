"""What all pages of hosts share: the gathering and the guest that a request is about."""

import re
from typing import Final

import msgspec
from starlette.requests import Request

from gatherlog.apps.guests import DEFAULT, Gathering, Guest
from gatherlog.apps.people import Action, Role
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.access_notes import note_access
from gatherlog.interfaces.auth import is_permitted, permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.frame import Frame
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.visitors import Visitor, Visitors

__all__ = ["GatheringAccess", "HostFrame"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DONE: Final = {
    "made": "The gathering is made. Now invite somebody.",
    "saved": "Saved.",
    "added": "The guest is on the list.",
    "removed": "The guest is off the list.",
    "imported": "The sheet is imported.",
}
"""By the query parameter `done`, what a page says was done. No other text of the URL is shown."""


class GatheringAccess(msgspec.Struct, frozen=True):
    """A gathering, and the visitor whom the policy lets act on it."""

    visitor: Visitor
    gathering: Stored[Gathering]

    @property
    def id(self) -> str:
        return self.gathering.body.id

    @property
    def by(self) -> str:
        return self.visitor.actor.name

    @property
    def path(self) -> str:
        """The path of the gathering's main page."""
        return f"/host/{self.id}"


class HostFrame(Frame):
    """Loads the gathering that a request is about, once the policy allows it."""

    def __init__(self, platform: Platform, renderer: Renderer, visitors: Visitors) -> None:
        super().__init__(platform, renderer, visitors, done=_DONE)
        self.guests = platform.guests

    async def only_gathering(self, request: Request) -> str | None:
        """The path of the gathering that a co-host manages; None for everybody else.

        Co-hosts have no other gathering, and so no list of gatherings.
        """
        actor = (await self._visitors.require(request)).actor
        return f"/host/{actor.gathering_id}" if actor.role is Role.GUEST else None

    async def access(self, request: Request, action: Action) -> GatheringAccess:
        """The gathering of the path, for a visitor who may do this with it.

        Raises as `visitor`. The trail notes the access where it has to.
        """
        visitor = await self._visitors.require(request)
        gathering_id = request.path_params["gathering_id"]
        if gathering_id != DEFAULT and not _UUID.fullmatch(gathering_id):
            raise NotFound("There is no such gathering.")
        await permit(self.platform, visitor.actor, action, gathering_id)
        access = GatheringAccess(visitor, await self.guests.gathering(gathering_id))
        note_access(self.platform, visitor.actor, action, gathering_id)
        return access

    async def names_co_hosts(self, access: GatheringAccess) -> bool:
        """Whether the visitor may name co-hosts, and so make their links and remove them."""
        actor = access.visitor.actor
        return await is_permitted(self.platform, actor, Action.MAKE_CO_HOST, access.id)

    async def guest(self, request: Request, access: GatheringAccess) -> Stored[Guest]:
        """The guest of the path; NotFound if this gathering has none of that id."""
        guest_id = request.path_params["guest_id"]
        if not _UUID.fullmatch(guest_id):
            raise NotFound("There is no such guest.")
        found = await self.guests.guest(access.id, guest_id)
        note_access(self.platform, access.visitor.actor, Action.READ_GUEST, access.id, guest_id)
        return found
