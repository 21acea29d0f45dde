"""What all pages of hosts share: the gathering and the guest that a request is about."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import DEFAULT, Gathering, Guest, QuotaReached
from gatherlog.apps.people import Action, Role
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.texts import N_
from gatherlog.interfaces.access_notes import note_access
from gatherlog.interfaces.auth import is_permitted, permit
from gatherlog.interfaces.bodies import until_disconnected
from gatherlog.interfaces.long_polls import while_connected
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.frame import Frame, PageHandler
from gatherlog.interfaces.web.messages import beyond_quota
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.visitors import Visitor, Visitors

__all__ = ["GatheringAccess", "HostFrame"]

T = TypeVar("T")

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DONE: Final = {
    "made": N_("The gathering has been created. Now add your guests."),
    "saved": N_("Saved."),
    "added": N_("The guest is on the list."),
    "removed": N_("The guest is off the list."),
    "imported": N_("The sheet is imported."),
    "imported_in_part": N_(
        "The sheet is imported, but for the lines about which you did not choose. "
        "Import it again to choose."
    ),
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

    def __init__(
        self, platform: Platform, renderer: Renderer, visitors: Visitors, long_work: LongWork
    ) -> None:
        super().__init__(platform, renderer, visitors, done=_DONE)
        self.guests = platform.guests
        self._long_work = long_work

    def for_signed_in(self, page: PageHandler) -> PageHandler:
        """As for all sections; who has reached a quota is told which."""

        async def serve(request: Request) -> Response:
            try:
                return await page(request)
            except QuotaReached as error:
                return self.message(beyond_quota(error), status_of(error))

        return super().for_signed_in(serve)

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

    async def while_connected(self, request: Request, work: Awaitable[T]) -> T:
        """The result of work that changes nothing, which ends when the client disconnects."""
        return await while_connected(work, lambda: until_disconnected(request.receive))

    async def long_read(
        self, request: Request, access: GatheringAccess, work: Callable[[], Awaitable[T]]
    ) -> T:
        """As `while_connected`, for a whole list; only a few are read at a time. Raises TooMany."""
        return await self._long_work.read(
            access.by, work, lambda: until_disconnected(request.receive)
        )

    def long_write(self, access: GatheringAccess) -> AbstractAsyncContextManager[None]:
        """A place for work that changes a whole list; it goes on if the client disconnects.

        Raises TooMany.
        """
        return self._long_work.place(access.by)
