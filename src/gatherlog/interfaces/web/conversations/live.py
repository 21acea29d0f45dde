"""Live pages of conversations: what changes on a page, as server-sent events.

Each event has the pieces of the page that are new, made by the templates that made the page.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import NewsPage
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.live_inbox import follow_inbox, place_to_begin
from gatherlog.interfaces.live_streams import LiveStreams
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.stream_watch import StreamWatch
from gatherlog.interfaces.web.conversations.frame import Member
from gatherlog.interfaces.web.rendering import Renderer
from gatherlog.interfaces.web.streaming import Streamed
from gatherlog.interfaces.web.visitors import Visitors

__all__ = ["LivePages"]

Told = Callable[[NewsPage], Awaitable[dict[str, Any]]]
"""What a page shows of some news, as JSON; empty where that is nothing."""


class LivePages:
    def __init__(
        self,
        platform: Platform,
        renderer: Renderer,
        visitors: Visitors,
        live: LiveStreams,
        watch: StreamWatch,
    ) -> None:
        self._platform = platform
        self._renderer = renderer
        self._visitors = visitors
        self._live = live
        self._watch = watch

    def html(self, template: str, **values: Any) -> str:
        """A piece of a page."""
        return self._renderer.html(f"conversations/{template}", **values)

    async def follow(self, request: Request, member: Member, told: Told) -> Response:
        """What is `told` of all that happens in the member's inbox, with the unread count.

        It begins after the place that the request names. Raises CursorInvalid for a text that is
        none, and TooMany.
        """
        messages = self._platform.messages
        place = await place_to_begin(
            messages, member.account, dict(request.scope["headers"]), _cursor(request)
        )

        async def is_allowed() -> bool:
            try:
                visitor = await self._visitors.require(request)
                await permit(self._platform, visitor.actor, Action.USE_CONVERSATIONS, None)
            except GatherlogError:
                return False
            return True

        async def frames(page: NewsPage) -> list[bytes]:
            count = await messages.unread(member.account)
            data = msgspec.json.encode({"count": count, **await told(page)})
            return [b"id: %b\ndata: %b\n\n" % (str(page.place).encode(), data)]

        parts = follow_inbox(
            messages,
            self._watch,
            member.visitor.actor,
            place,
            is_allowed=is_allowed,
            frames=frames,
        )
        return Streamed(self._live, member.by, parts)


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor")
