"""All pages of one server: their routes, and the error pages for browsers."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatherlog.apps.guests import Gathering
from gatherlog.apps.people.policy import Action, Verdict, decide
from gatherlog.core.eventstore.errors import GatherlogError, NotFound
from gatherlog.interfaces.live_streams import LiveStreams
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.stream_watch import StreamWatch
from gatherlog.interfaces.web.conversations import ConversationPages
from gatherlog.interfaces.web.frame import Frame, PageHandler
from gatherlog.interfaces.web.guest_pages import GuestPages
from gatherlog.interfaces.web.host_frame import HostFrame
from gatherlog.interfaces.web.host_pages import HostPages
from gatherlog.interfaces.web.invitation_page import UNLISTED, InvitationPage
from gatherlog.interfaces.web.leave_page import LeavePage
from gatherlog.interfaces.web.link_pages import LinkPages
from gatherlog.interfaces.web.messages import LINK_UNKNOWN, SIGN_IN_TOO_OFTEN, message
from gatherlog.interfaces.web.overview import Overview, overview
from gatherlog.interfaces.web.reference import arrange
from gatherlog.interfaces.web.rendering import HEADERS, renderer
from gatherlog.interfaces.web.sheet_pages import SheetPages
from gatherlog.interfaces.web.sign_in_pages import SignInPages
from gatherlog.interfaces.web.site_messages import site_message
from gatherlog.interfaces.web.things import OwnPages, ThingsPages
from gatherlog.interfaces.web.unsubscribe_page import UnsubscribePage
from gatherlog.interfaces.web.visitors import Visitor, Visitors

__all__ = ["Pages"]

_WITHIN_THE_SITE: Final = (403, 404)
"""The statuses of errors whose pages show the sections of the site."""
_SHOWN: Final = 100
"""Gatherings on the demo's first page."""
_ROBOTS: Final = "User-agent: *\nDisallow: /r/\nDisallow: /unsubscribe/\nDisallow: /leave/\n"


class Pages:
    """The pages over one platform. `openapi` is the finished OpenAPI document of its API."""

    def __init__(
        self,
        platform: Platform,
        *,
        openapi: Mapping[str, Any],
        rate_limiter: RateLimiter,
        live: LiveStreams,
        watch: StreamWatch,
        long_work: LongWork,
    ) -> None:
        self._platform = platform
        self._renderer = renderer()
        visitors = self._visitors = Visitors(platform)
        self._frame = HostFrame(platform, self._renderer, visitors, long_work)
        self._invitation = InvitationPage(platform, self._renderer, rate_limiter, visitors)
        self._unsubscribe = UnsubscribePage(platform, self._renderer)
        self._leave = LeavePage(platform, self._renderer)
        self._sign_in = SignInPages(platform, self._renderer, rate_limiter, visitors)
        self._host = HostPages(self._frame, live)
        self._guest = GuestPages(self._frame)
        self._sheets = SheetPages(self._frame)
        self._links = LinkPages(self._frame)
        self._things = ThingsPages(platform, self._renderer, visitors)
        self._own = OwnPages(platform, self._renderer, visitors, rate_limiter)
        self._conversations = ConversationPages(
            self._frame, self._renderer, visitors, rate_limiter, live, watch
        )
        # Takes some 25 ms and is always the same, so it is rendered once, on the first request.
        self._docs_made = cache(
            lambda: self._renderer.html("reference.html", reference=arrange(openapi))
        )
        self._api = frozenset(path.split("/")[1] for path in openapi["paths"])

    def routes(self) -> list[Route]:
        """The routes of all pages; HEAD works wherever GET does."""
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/docs", self._docs, methods=["GET"]),
            Route("/r/{token}", self._invitation.serve, methods=["GET", "POST"]),
            Route("/r/{token}/calendar.ics", self._invitation.calendar, methods=["GET"]),
            Route("/unsubscribe/{token}", self._unsubscribe.serve, methods=["GET", "POST"]),
            Route("/leave/{token}", self._leave.serve, methods=["GET", "POST"]),
            *self._for_visitors(),
            *self._for_hosts(),
            *_routes(self._things.frame, self._things.pages()),
            *_routes(self._own.frame, self._own.pages()),
            *self._conversations.routes(),
            Route("/static/{name}", self._static, methods=["GET"]),
            Route("/robots.txt", self._robots, methods=["GET"]),
        ]

    def _for_visitors(self) -> list[Route]:
        return [
            Route("/signin", self._sign_in.sign_in, methods=["GET", "POST"]),
            Route("/signout", self._sign_in.sign_out, methods=["POST"]),
            Route("/mailbox", self._sign_in.mailbox, methods=["GET"]),
        ]

    def _for_hosts(self) -> list[Route]:
        one = "/host/{gathering_id}"
        both = ["GET", "POST"]
        pages: list[tuple[str, PageHandler, list[str]]] = [
            ("/host", self._host.home, both),
            (one, self._host.gathering, ["GET"]),
            (f"{one}/live", self._host.live, ["GET"]),
            (f"{one}/households", self._host.households, ["GET"]),
            (f"{one}/settings", self._host.settings, both),
            (f"{one}/import", self._sheets.import_, both),
            (f"{one}/guests.csv", self._sheets.export, ["GET"]),
            (f"{one}/print", self._sheets.print, ["GET"]),
            (f"{one}/links", self._links.links, both),
            (f"{one}/links.csv", self._links.sheet, ["POST"]),
            (f"{one}/guests/new", self._guest.add, both),
            (f"{one}/guests/{{guest_id}}", self._guest.guest, both),
            (f"{one}/guests/{{guest_id}}/link", self._guest.link, ["POST"]),
            (f"{one}/guests/{{guest_id}}/co-host", self._guest.co_host, ["POST"]),
            (f"{one}/guests/{{guest_id}}/preview", self._guest.preview, ["GET"]),
        ]
        return _routes(self._frame, pages)

    async def error(
        self, request: Request, status: int, headers: Mapping[str, str] = {}
    ) -> Response | None:
        """The page for an error; None if the client wants no HTML, and on paths of the API."""
        first = request.scope["path"].split("/")[1]
        wants_html = "text/html" in request.headers.get("accept", "")
        if first in self._api or not (wants_html or first == "r"):
            return None
        if first == "signin" and status == 429:
            return self._renderer.message(SIGN_IN_TOO_OFTEN, status, headers)
        if first != "r" and status in _WITHIN_THE_SITE:
            visitor = await self._visitor(request)
            path = request.scope["path"]
            return site_message(self._renderer, message(status), status, visitor, path, headers)
        if first != "r":
            return self._renderer.message(message(status), status, headers)
        shown = LINK_UNKNOWN if status == 404 else message(status)
        return self._renderer.message(shown, status, {**UNLISTED, **headers})

    async def _visitor(self, request: Request) -> Visitor | None:
        """Whoever is signed in; None also where that cannot be found out now."""
        try:
            return await self._visitors.find(request)
        except GatherlogError:
            return None

    async def _home(self, request: Request) -> Response:
        demo = self._platform.settings.demo
        is_shown = decide(None, Action.READ_OVERVIEW, demo=demo) is Verdict.ALLOW
        return self._renderer.page(
            "home.html",
            engine=self._platform.settings.address.label,
            has_mailbox=self._platform.mailbox is not None,
            gatherings=await self._overviews() if is_shown else None,
        )

    async def _overviews(self) -> list[Overview]:
        listing = await self._platform.guests.gatherings(limit=_SHOWN)
        shown = [await self._overview(stored.body) for stored in listing.items]
        return [one for one in shown if one is not None]

    async def _overview(self, gathering: Gathering) -> Overview | None:
        try:
            return overview(gathering, await self._platform.guests.stats(gathering.id))
        except NotFound:  # it was removed after it was listed
            return None

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(self._docs_made(), headers=HEADERS)

    async def _static(self, request: Request) -> Response:
        asset = self._renderer.asset(request.path_params["name"])
        if asset is None:
            raise NotFound("There is no such file.")
        return asset

    async def _robots(self, request: Request) -> Response:
        return PlainTextResponse(_ROBOTS, headers=HEADERS)


def _routes(frame: Frame, pages: Sequence[tuple[str, PageHandler, list[str]]]) -> list[Route]:
    """The routes of pages that lead to the sign-in page where they need to know who asks."""
    return [Route(path, frame.for_signed_in(page), methods=of) for path, page, of in pages]
