"""The HTTP application: endpoints of REST straight from their table, everything else to the pages.

Plain ASGI, because this is on the way of every answer. Whatever goes wrong becomes a problem
document here, or a page where a browser asks for one.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Router as PageRouter

from gatherlog.apps.people import Action
from gatherlog.core.errors import Conflict, GatherlogError, NotFound
from gatherlog.interfaces.auth import identify, permit
from gatherlog.interfaces.bodies import ClientGone, discard, limited
from gatherlog.interfaces.logs import RequestLog, public_path
from gatherlog.interfaces.openapi import describe_endpoints
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    MethodNotAllowed,
    Stale,
    describe,
    headers_of,
)
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.interfaces.rest.queries import read_query
from gatherlog.interfaces.rest.router import Router, Site
from gatherlog.interfaces.web import Pages

__all__ = ["build_app"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY_HEADERS: Final[Headers] = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
"""On every answer that does not set them itself; pages allow themselves a stylesheet."""
DESCRIPTION_PATH: Final = "/openapi.json"
_CLIENT_GONE: Final = 499
"""Only in the log: the client left before it had sent its request."""


class _Unforeseen(GatherlogError):
    """Something that no code of ours names; its own words stay in the log."""

    code = "error"


def build_app(platform: Platform, *, log: RequestLog | None = None) -> Application:
    """Everything that is served over HTTP. `log` takes a line per request; None: to stderr."""
    return _Http(platform, log or RequestLog(platform.clock))


class _Http:
    def __init__(self, platform: Platform, log: RequestLog) -> None:
        description = describe_endpoints(ENDPOINTS)
        self._platform = platform
        self._log = log
        self._router = Router(ENDPOINTS)
        self._description = msgspec.json.encode(description)
        self._pages = Pages(platform, openapi=description)
        self._page_router = PageRouter(self._pages.routes(), redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        began = perf_counter()
        exchange = _Exchange(scope, send)
        try:
            await self._serve(exchange, receive)
        except (ClientGone, ClientDisconnect):
            exchange.status = _CLIENT_GONE
        except GatherlogError as error:
            if describe(error).status == 500:
                self._log.failed(error)
            if isinstance(error, BodyTooLarge):
                await discard(exchange.headers, receive)
            await self._refuse(exchange, error)
        except HTTPException as error:  # from the pages' router
            await self._refuse(exchange, _translated(error, exchange.method))
        except Exception as error:  # noqa: BLE001  # the last resort: logged, and answered as 500
            self._log.failed(error)
            await self._refuse(exchange, _Unforeseen())
        finally:
            self._log_line(exchange, perf_counter() - began)

    async def _serve(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        found = self._router.find(scope["path"], scope.get("raw_path") or b"")
        if found is not None:
            await exchange.reply(await self._endpoint(exchange, receive, *found))
        elif scope["path"] == DESCRIPTION_PATH:
            exchange.shown = DESCRIPTION_PATH
            await exchange.reply(self._described(exchange.method))
        else:
            await self._page(exchange, receive)

    async def _endpoint(
        self, exchange: "_Exchange", receive: Receive, site: Site, values: list[str]
    ) -> Reply:
        """One request to an endpoint: method, credential, policy, form, and only then the work."""
        scope, headers = exchange.scope, exchange.headers
        route = site.routes.get(exchange.method)
        if route is None:
            raise MethodNotAllowed(exchange.method[:20], site.allowed)
        endpoint = route.endpoint
        exchange.shown = route.template
        actor = None
        if not endpoint.public:
            actor = await identify(self._platform, headers)
            exchange.actor = actor.name
        gathering_id, other = route.ids(values)
        if not route.private:
            exchange.shown = scope["path"]
        permit(actor, endpoint.action, gathering_id)
        query = read_query(scope["query_string"], endpoint.query)
        body = None if route.reading is None else await route.reading.read(headers, receive)
        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        call = Call(self._platform, actor, gathering_id, other, query, body, headers, path)
        try:
            return await endpoint.handle(call)
        except Conflict as conflict:
            if b"if-match" not in headers:
                raise
            raise Stale("It has changed since it was fetched; fetch it again.") from conflict

    def _described(self, method: str) -> Reply:
        if method not in ("GET", "HEAD"):
            raise MethodNotAllowed(method[:20], "GET, HEAD")
        permit(None, Action.READ_DESCRIPTION, None)
        return Reply(200, self._description, [(b"content-type", b"application/json")])

    async def _page(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        scope["app"] = self  # so that the router raises instead of answering in plain text
        scope.setdefault("state", {})
        receive = limited(exchange.headers, receive)
        await self._page_router(scope, receive, exchange.send)

    def _log_line(self, exchange: "_Exchange", seconds: float) -> None:
        scope = exchange.scope
        path = exchange.shown or public_path(scope["path"])
        actor = exchange.actor or scope.get("state", {}).get("actor")  # where pages say it
        self._log.answered(exchange.method[:20], path, exchange.status or 500, seconds, actor)

    async def _refuse(self, exchange: "_Exchange", error: GatherlogError) -> None:
        """Answer with the error's problem, unless an answer is under way already."""
        if exchange.status:
            return
        problem, headers = describe(error), headers_of(error)
        page = self._error_page(exchange, problem.status, headers)
        if page is not None:
            await page(exchange.scope, _nothing_more, exchange.send)
            return
        kind = (b"content-type", MEDIA_TYPE.encode())
        await exchange.reply(Reply(problem.status, msgspec.json.encode(problem), [kind, *headers]))

    def _error_page(self, exchange: "_Exchange", status: int, headers: Headers) -> Response | None:
        if not exchange.scope["path"].startswith("/"):
            return None  # as in `OPTIONS *`: no browser asks so
        text = {name.decode(): value.decode() for name, value in headers}
        return self._pages.error(Request(exchange.scope), status, headers=text)


class _Exchange:
    """One request and what became of it; sends the answer with the security headers."""

    __slots__ = ("actor", "headers", "method", "scope", "shown", "status", "transport")

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.transport = send
        self.status = 0
        self.shown: str | None = None
        """The path as the log may show it, once that is known to name nobody."""
        self.actor: str | None = None

    async def reply(self, reply: Reply) -> None:
        """Send a finished answer; to HEAD without its body."""
        self.status = reply.status
        headers = [*reply.headers, *SECURITY_HEADERS]
        if reply.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(reply.body)))
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await self.transport(start)
        body = b"" if self.method == "HEAD" else reply.body
        await self.transport({"type": "http.response.body", "body": body})

    async def send(self, message: Message) -> None:
        """What pages send through: notes the status, adds what headers they leave out."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: Headers = list(message.get("headers", []))
            given = {name for name, _ in headers}
            headers.extend(header for header in SECURITY_HEADERS if header[0] not in given)
            message["headers"] = headers
        await self.transport(message)


def _translated(error: HTTPException, method: str) -> GatherlogError:
    """What the pages' router raises, in our words."""
    if error.status_code == 405:
        return MethodNotAllowed(method[:20], (error.headers or {}).get("Allow", "GET"))
    if error.status_code == 404:
        return NotFound("There is nothing at this path.")
    return _Unforeseen()


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
