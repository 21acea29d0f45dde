"""The routes of the pages of conversations."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatherlog.interfaces.live_streams import LiveStreams
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.stream_watch import StreamWatch
from gatherlog.interfaces.web.conversations.about_pages import AboutPages
from gatherlog.interfaces.web.conversations.blocked_pages import PATH as BLOCKED
from gatherlog.interfaces.web.conversations.blocked_pages import BlockedPages
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame
from gatherlog.interfaces.web.conversations.list_pages import ListPages
from gatherlog.interfaces.web.conversations.live import LivePages
from gatherlog.interfaces.web.conversations.message_pages import MessagePages
from gatherlog.interfaces.web.conversations.search_pages import SearchPages
from gatherlog.interfaces.web.conversations.settings_pages import SettingsPages
from gatherlog.interfaces.web.conversations.start_pages import StartPages
from gatherlog.interfaces.web.conversations.talk_pages import TalkPages
from gatherlog.interfaces.web.host_frame import HostFrame
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.visitors import Visitors

__all__ = ["ConversationPages"]

Handler = Callable[[Request], Awaitable[Response]]


class ConversationPages:
    def __init__(
        self,
        frame: HostFrame,
        renderer: Renderer,
        visitors: Visitors,
        rate_limiter: RateLimiter,
        live: LiveStreams,
        watch: StreamWatch,
    ) -> None:
        self._frame = ConversationFrame(frame)
        pieces = LivePages(frame.platform, renderer, visitors, live, watch)
        self._list = ListPages(self._frame, pieces)
        self._talk = TalkPages(self._frame, pieces)
        self._message = MessagePages(self._frame)
        self._about = AboutPages(self._frame)
        self._start = StartPages(self._frame, rate_limiter)
        self._settings = SettingsPages(self._frame, rate_limiter)
        self._search = SearchPages(self._frame)
        self._blocked = BlockedPages(self._frame)

    def routes(self) -> list[Route]:
        """Paths with a word come before those with an id, which would take the word for one."""
        one, both = f"{HOME}/{{conversation}}", ["GET", "POST"]
        pages: list[tuple[str, Handler, list[str]]] = [
            (HOME, self._list.home, ["GET"]),
            (f"{HOME}/live", self._list.live, ["GET"]),
            (f"{HOME}/search", self._search.search, ["GET"]),
            (f"{HOME}/new", self._start.start, both),
            (f"{HOME}/settings", self._settings.settings, both),
            (BLOCKED, self._blocked.blocked, both),
            (one, self._talk.talk, both),
            (f"{one}/live", self._talk.live, ["GET"]),
            (f"{one}/read", self._talk.mark_read, ["POST"]),
            (f"{one}/about", self._about.about, both),
            (f"{one}/{{message}}", self._message.message, both),
        ]
        return [
            Route(path, self._frame.for_signed_in(page), methods=of) for path, page, of in pages
        ]
