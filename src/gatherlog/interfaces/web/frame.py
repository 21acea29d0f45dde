"""What the pages of all sections share: sign-in, policy, form tokens, and how a page is made."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog import __version__
from gatherlog.apps.people import Action, Role, Verdict, decide
from gatherlog.core.eventstore.errors import Unauthenticated
from gatherlog.core.texts import _
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.forms import read_form, read_upload
from gatherlog.interfaces.web.messages import FORM_OUTDATED, Message
from gatherlog.interfaces.web.rendering import HEADERS, SCRIPTED, Renderer
from gatherlog.interfaces.web.sections import sections
from gatherlog.interfaces.web.sign_in_pages import sign_in_first
from gatherlog.interfaces.web.site_messages import site_message
from gatherlog.interfaces.web.visitors import FormOutdated, Visitor, Visitors

__all__ = ["Frame", "PageHandler"]

PageHandler = Callable[[Request], Awaitable[Response]]


class Frame:
    """Finds out who asks, asks the policy, and renders the answer.

    `done` has, by the query parameter of that name, what a page says was done. No other text of the
    URL is shown.
    """

    def __init__(
        self,
        platform: Platform,
        renderer: Renderer,
        visitors: Visitors,
        *,
        done: Mapping[str, str] = {},
    ) -> None:
        self.platform = platform
        self._renderer = renderer
        self._visitors = visitors
        self._done = done

    def for_signed_in(self, page: PageHandler) -> PageHandler:
        """The page for visitors who are signed in; others are redirected to the sign-in page.

        Pages for everybody are served so, too: only what needs to know who asks leads there.
        """

        async def serve(request: Request) -> Response:
            try:
                return await page(request)
            except Unauthenticated:
                return sign_in_first(request)
            except FormOutdated:
                return self._renderer.message(FORM_OUTDATED, 403)

        return serve

    async def visitor(self, request: Request, action: Action) -> Visitor:
        """The visitor, allowed to do something that concerns no particular gathering.

        Raises Unauthenticated, Denied and NotFound.
        """
        visitor = await self._visitors.require(request)
        await permit(self.platform, visitor.actor, action, None)
        return visitor

    async def anybody(self, request: Request, action: Action) -> Visitor | None:
        """The visitor if one is signed in, allowed to do what needs no sign-in."""
        visitor = await self._visitors.find(request)
        await permit(self.platform, None if visitor is None else visitor.actor, action, None)
        return visitor

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

    def page(
        self,
        template: str,
        visitor: Visitor | None,
        *,
        status: int = 200,
        **values: Any,  # each template needs others
    ) -> Response:
        """A page of a section, which may run our one script. Operators are told the release."""
        shared = _shared(visitor)
        return self._renderer.page(template, status=status, headers=SCRIPTED, **shared, **values)

    async def long_page(self, template: str, visitor: Visitor | None, **values: Any) -> Response:
        """As `page`, for a page of any length: others go first while it is made."""
        return await self._renderer.long_page(
            template, headers=SCRIPTED, **_shared(visitor), **values
        )

    def message(self, message: Message, status: int) -> Response:
        """A page with nothing but a message."""
        return self._renderer.message(message, status)

    def site_message(
        self, request: Request, visitor: Visitor | None, message: Message, status: int
    ) -> Response:
        """A page with a message, the sections of the site, and a way on."""
        path = request.scope["path"]
        return site_message(self._renderer, message, status, visitor, path)

    def redirect(self, path: str, done: str = "") -> Response:
        """Lead on to another page by GET; that page says what was `done`, a key of the texts."""
        more = f"{'&' if '?' in path else '?'}done={done}" if done else ""
        return RedirectResponse(f"{path}{more}", 303, HEADERS)

    def done(self, query: Mapping[str, str]) -> str:
        """What the page is to say was done just before; usually nothing."""
        return _(self._done.get(query.get("done", ""), ""))


def _shared(visitor: Visitor | None) -> dict[str, Any]:
    """What all pages of sections show."""
    actor = None if visitor is None else visitor.actor
    may_know = decide(actor, Action.READ_METRICS)
    return {
        "token": "" if visitor is None else visitor.form,
        "sections": sections(actor),
        "is_co_host": actor is not None and actor.role is Role.GUEST,
        "version": __version__ if may_know is Verdict.ALLOW else "",
    }
