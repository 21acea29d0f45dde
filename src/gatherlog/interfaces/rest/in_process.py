"""Calls endpoints inside the process, without a server: for commands that are given a store.

So the command line and HTTP give the same answers, in the same form, by the same code.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from gatherlog.apps.people.policy import Actor, Role
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.rest.endpoint import Call, Reply, StreamedReply
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.interfaces.rest.queries import read_query
from gatherlog.interfaces.rest.router import Router
from gatherlog.interfaces.stream_watch import StreamWatch

__all__ = ["Endpoints"]


class _CommandLine(Actor, frozen=True):
    """Whoever may open the store is its operator."""

    @property
    def name(self) -> str:
        return self.kind


_CLI = _CommandLine(kind="cli", id="", role=Role.OPERATOR)


class Endpoints:
    """The endpoints on one platform, called as its operator."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._router = Router(ENDPOINTS)

    async def call(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """The answer to one request. Raises what the endpoint raises, and NotFound for a path that
        no endpoint with such an answer has."""
        found = self._router.find(urlsplit(path).path, path.encode())
        if found is None or method not in found[0].routes:
            raise NotFound("There is nothing at this path.")
        route = found[0].routes[method]
        endpoint = route.endpoint
        gathering_id, ids = route.ids(found[1])
        platform = self._platform
        reply = await endpoint.handle(
            Call(
                platform=platform,
                rate_limiter=RateLimiter(platform.settings, platform.clock),
                feed=FeedHub(platform.store, event_line),
                long_work=LongWork(),
                watch=StreamWatch(platform.store),
                actor=_CLI,
                gathering_id=gathering_id,
                ids=ids,
                query=read_query(urlencode(query).encode(), endpoint.query),
                body=None if route.body_reader is None else route.body_reader.decode(body or b""),
                scope={},
                headers={},
                path=path,
            )
        )
        if isinstance(reply, StreamedReply):
            raise NotFound("What goes on without an end has no answer here.")
        return reply
