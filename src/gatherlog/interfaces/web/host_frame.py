"""What all pages of hosts share: sign-in and policy checks, form tokens, and how pages are made."""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog import __version__
from gatherlog.apps.guests import DEFAULT, Gathering, Guest, QuotaReached
from gatherlog.apps.people import Action, Role, Verdict, decide
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import NotFound, Unauthenticated
from gatherlog.interfaces.access_notes import note_access
from gatherlog.interfaces.auth import is_permitted, permit
from gatherlog.interfaces.bodies import until_disconnected
from gatherlog.interfaces.long_polls import while_connected
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import read_form, read_upload
from gatherlog.interfaces.web.messages import FORM_OUTDATED, Message, beyond_quota
from gatherlog.interfaces.web.rendering import HEADERS, SCRIPTED, Renderer
from gatherlog.interfaces.web.sign_in_pages import sign_in_first
from gatherlog.interfaces.web.visitors import FormOutdated, Visitor, Visitors

__all__ = ["GatheringAccess", "HostFrame", "PageHandler"]

T = TypeVar("T")

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DONE: Final = {
    "made": "The gathering has been created. Now add your guests.",
    "saved": "Saved.",
    "added": "The guest is on the list.",
    "removed": "The guest is off the list.",
    "imported": "The sheet is imported.",
}
"""By the query parameter `done`, what a page says was done. No other text of the URL is shown."""

PageHandler = Callable[[Request], Awaitable[Response]]


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


class HostFrame:
    """Loads what a request is about, once the policy allows it, and renders the answer."""

    def __init__(
        self, platform: Platform, renderer: Renderer, visitors: Visitors, long_work: LongWork
    ) -> None:
        self.platform = platform
        self.guests = platform.guests
        self._renderer = renderer
        self._visitors = visitors
        self._long_work = long_work

    def for_signed_in(self, page: PageHandler) -> PageHandler:
        """The page for visitors who are signed in; others are redirected to the sign-in page."""

        async def serve(request: Request) -> Response:
            try:
                return await page(request)
            except Unauthenticated:
                return sign_in_first(request)
            except FormOutdated:
                return self._renderer.message(FORM_OUTDATED, 403)
            except QuotaReached as error:
                return self._renderer.message(beyond_quota(error), status_of(error))

        return serve

    async def visitor(self, request: Request, action: Action) -> Visitor:
        """The visitor, allowed to do something that concerns no particular gathering.

        Raises Unauthenticated, Denied and NotFound.
        """
        visitor = await self._visitors.require(request)
        await permit(self.platform, visitor.actor, action, None)
        return visitor

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

    async def form(self, request: Request, visitor: Visitor) -> FormData:
        """The form that was sent; FormOutdated unless it was made for this visitor."""
        form = await read_form(request)
        self._visitors.check_form(request, form, visitor)
        return form

    async def upload(self, request: Request, visitor: Visitor, name: str) -> tuple[FormData, bytes]:
        """As `form`, with the content of the uploaded file of that name."""
        form, data = await read_upload(request, name)
        self._visitors.check_form(request, form, visitor)
        return form, data

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

    def page(
        self,
        template: str,
        visitor: Visitor,
        *,
        status: int = 200,
        **values: Any,  # each template needs others
    ) -> Response:
        """A page for a host, which may run our one script. Operators are told the release."""
        shared = _shared(visitor)
        return self._renderer.page(template, status=status, headers=SCRIPTED, **shared, **values)

    async def long_page(self, template: str, visitor: Visitor, **values: Any) -> Response:
        """As `page`, for a page of any length: others go first while it is made."""
        return await self._renderer.long_page(
            template, headers=SCRIPTED, **_shared(visitor), **values
        )

    def message(self, message: Message, status: int) -> Response:
        """A page with nothing but a message."""
        return self._renderer.message(message, status)

    def redirect(self, path: str, done: str = "") -> Response:
        """Lead on to another page by GET; that page says what was `done`, a key of `_DONE`."""
        return RedirectResponse(f"{path}?done={done}" if done else path, 303, HEADERS)

    def done(self, query: Mapping[str, str]) -> str:
        """What the page is to say was done just before; usually nothing."""
        return _DONE.get(query.get("done", ""), "")


def _shared(visitor: Visitor) -> dict[str, Any]:
    """What all pages of hosts show."""
    may_know = decide(visitor.actor, Action.READ_METRICS)
    return {
        "token": visitor.form,
        "is_co_host": visitor.actor.role is Role.GUEST,
        "may_write": decide(visitor.actor, Action.USE_CONVERSATIONS) is Verdict.ALLOW,
        "version": __version__ if may_know is Verdict.ALLOW else "",
    }
