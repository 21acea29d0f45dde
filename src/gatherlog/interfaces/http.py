"""The HTTP application: REST endpoints by their table, and everything else by the pages' router.

It is plain ASGI, because every request passes through it. Every error becomes an answer here: a
problem document, or an HTML page where a browser asks for one.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from functools import cache
from time import perf_counter
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Router as PageRouter

from gatherlog.apps.people import Action, Actor
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import (
    Conflict,
    GatherlogError,
    Invalid,
    NotFound,
    Unauthenticated,
)
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.interfaces.access_notes import note_endpoint_access
from gatherlog.interfaces.auth import identify, permit
from gatherlog.interfaces.bodies import (
    BODY_SECONDS,
    ClientGone,
    discard,
    limited,
    until_disconnected,
)
from gatherlog.interfaces.even_answers import Ticks
from gatherlog.interfaces.graphql.apis import Api
from gatherlog.interfaces.graphql.serving import GraphQL
from gatherlog.interfaces.graphql.serving import Request as GraphQLRequest
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.live_streams import LiveStreams
from gatherlog.interfaces.logs import RequestLog, public_path
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.openapi import describe_endpoints
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    MethodNotAllowed,
    Stale,
    describe,
    headers_of,
    is_logged,
)
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.rest.camel import with_camel_case_pointer
from gatherlog.interfaces.rest.codes import listed_refusal
from gatherlog.interfaces.rest.conditions import check_if_match
from gatherlog.interfaces.rest.endpoint import Call, Reply, StreamedReply
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.interfaces.rest.idempotency import idempotency_key, replay
from gatherlog.interfaces.rest.queries import read_query
from gatherlog.interfaces.rest.router import PathNode, Route, Router
from gatherlog.interfaces.stream_watch import StreamWatch
from gatherlog.interfaces.web import Pages

__all__ = ["Application", "build_app"]

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
"""Added to every answer that does not set them itself. Pages do, to allow their stylesheet."""
HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")
"""Added where guests reach the site over HTTPS: browsers do not use plain HTTP for a year. Other
hosts of the same domain are not concerned."""
DESCRIPTION_PATH: Final = "/openapi.json"
PART: Final = 64 * 1024
"""Bytes of a body that are sent at once."""
_CLIENT_GONE: Final = 499
"""In the request log only: the client disconnected before it was answered."""


class _UnexpectedError(GatherlogError):
    """An exception outside our error tree. Its message is not shown to the client."""

    code = "error"


def build_app(
    platform: Platform, *, log: RequestLog | None = None, body_seconds: float = BODY_SECONDS
) -> "Http":
    """The application that serves the API and the pages of a platform.

    `log` gets one line per request; None logs to stderr. `body_seconds` is how long a request's
    body may take. Raises Invalid for trusted proxies or rate limits that cannot be parsed.
    """
    return Http(platform, log or RequestLog(platform.clock), body_seconds)


@cache
def _description() -> tuple[Mapping[str, Any], bytes]:
    """The OpenAPI document, and its text; made once in a process."""
    description = describe_endpoints(ENDPOINTS)
    return description, msgspec.json.encode(description)


class Http:
    """The ASGI application over one platform."""

    def __init__(self, platform: Platform, log: RequestLog, body_seconds: float) -> None:
        description, self._description = _description()
        self._platform = platform
        self._log = log
        self._body_seconds = body_seconds
        self._security = [*SECURITY_HEADERS]
        if platform.settings.is_https:
            self._security.append(HTTPS_ONLY)
        self._rate_limiter = RateLimiter(platform.settings, platform.clock)
        self._live = LiveStreams()
        self._long_work = LongWork()
        self._ticks = Ticks()
        self._feed = FeedHub(platform.store, event_line)
        self._graphql = GraphQL(platform, self._rate_limiter, log, self._ticks)
        self._watch = StreamWatch(platform.store)
        self._router = Router(ENDPOINTS)
        self._pages = Pages(
            platform,
            openapi=description,
            rate_limiter=self._rate_limiter,
            live=self._live,
            watch=self._watch,
            long_work=self._long_work,
        )
        routes = self._pages.routes()
        self._page_router = PageRouter(routes, redirect_slashes=False)
        paths = [*description["paths"], *(route.path for route in routes), DESCRIPTION_PATH]
        self._known = frozenset(path.split("/")[1] for path in paths)

    def stop(self) -> None:
        """End all live streams and waits for messages; other requests are served to their end."""
        self._live.stop()
        self._platform.queues.stop_waiting()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        began = perf_counter()
        exchange = _Exchange(scope, send, self._security)
        try:
            await self._serve(exchange, receive)
        except (ClientGone, ClientDisconnect):
            exchange.status = _CLIENT_GONE
        except GatherlogError as error:
            if is_logged(error):
                self._log.failed(error)
            if isinstance(error, BodyTooLarge):
                await discard(exchange.headers, receive)
            if isinstance(error, NotFound):
                await self._ticks.next()
            await self._refuse(exchange, error)
        except HTTPException as error:  # from the pages' router
            await self._refuse(exchange, _translated(error, exchange.method))
        except Exception as error:  # noqa: BLE001  # the last resort: logged, and answered as 500
            self._log.failed(error)
            await self._refuse(exchange, _UnexpectedError())
        finally:
            self._log_line(exchange, perf_counter() - began)

    async def _serve(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        found = self._router.find(scope["path"], scope.get("raw_path") or b"")
        if found is not None:
            await self._send(exchange, receive, await self._endpoint(exchange, receive, *found))
        elif (api := self._graphql.find(scope["path"])) is not None:
            exchange.logged_path = scope["path"]
            await self._send(exchange, receive, await self._ask(exchange, receive, api))
        elif scope["path"] == DESCRIPTION_PATH:
            exchange.logged_path = DESCRIPTION_PATH
            await exchange.reply(await self._description_reply(exchange.method))
        else:
            await self._page(exchange, receive)

    async def _send(
        self, exchange: "_Exchange", receive: Receive, answer: Reply | StreamedReply
    ) -> None:
        if isinstance(answer, StreamedReply):
            await self._stream(exchange, receive, answer)
        else:
            await exchange.reply(answer)

    async def _ask(
        self, exchange: "_Exchange", receive: Receive, api: Api
    ) -> Reply | StreamedReply:
        """Answer one request to a GraphQL API."""

        async def identify() -> Actor:
            return await self._identify(exchange)

        body = limited(exchange.headers, receive, self._body_seconds)
        return await self._graphql.serve(
            GraphQLRequest(api, exchange.method, exchange.scope, exchange.headers, body, identify)
        )

    async def _endpoint(
        self, exchange: "_Exchange", receive: Receive, node: PathNode, values: list[str]
    ) -> Reply | StreamedReply:
        """Answer one request to an endpoint.

        Checked in this order: method, credential, form of the path's ids, policy, query, condition,
        body. So a client that may not ask learns nothing about other flaws of its request.
        """
        scope, headers = exchange.scope, exchange.headers
        route = node.routes.get(exchange.method)
        if route is None:
            raise MethodNotAllowed(exchange.method[:20], node.allowed)
        endpoint = route.endpoint
        exchange.logged_path, exchange.lists_codes = route.template, endpoint.lists_codes
        actor = None if endpoint.public else await self._identify(exchange)
        gathering_id, ids = route.ids(values)
        if not route.private:
            exchange.logged_path = scope["path"]
        await permit(self._platform, actor, endpoint.action, gathering_id, ids)
        query = read_query(scope["query_string"], endpoint.query)
        if endpoint.conditional and endpoint.method != "GET":
            check_if_match(headers)
        sent = b""
        if route.body_reader is not None:
            limit = limited(headers, receive, self._body_seconds, endpoint.most_bytes)
            sent = await route.body_reader.read(headers, limit)
        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        call = Call(
            platform=self._platform,
            rate_limiter=self._rate_limiter,
            feed=self._feed,
            long_work=self._long_work,
            watch=self._watch,
            actor=actor,
            gathering_id=gathering_id,
            ids=ids,
            query=query,
            body=None if route.body_reader is None else route.body_reader.decode(sent),
            scope=scope,
            headers=headers,
            path=path,
            receive=receive,
        )
        if endpoint.repeatable:
            return await self._once(route, call, sent)
        answer = await self._handle(route, call)
        note_endpoint_access(call, endpoint.action)
        return answer

    async def _identify(self, exchange: "_Exchange") -> Actor:
        try:
            actor = await identify(self._platform, exchange.headers)
        except Unauthenticated:
            if b"authorization" in exchange.headers:
                self._rate_limiter.wrong_credential(exchange.scope)
            raise
        exchange.actor = actor.name
        return actor

    async def _once(self, route: Route, call: Call[Any, Any], sent: bytes) -> Reply | StreamedReply:
        """Handle the request, unless its Idempotency-Key was used: then answer as it was then.

        Where the key is kept in the commit that does the work, that commit finds it. The key is
        looked up (again) when the request is refused: the same request, sent twice at once, may
        have succeeded elsewhere, and be the very reason for this refusal.
        """
        owner = self._rate_limiter.client(call.scope) if call.actor is None else call.actor.name
        scope = (owner, route.endpoint.method, call.path)
        told = route.endpoint.told(call.headers)
        content = call.scope["query_string"] + b"\n" + told + sent
        key = idempotency_key(self._platform.store, call.headers, scope=scope, content=content)
        if key is None:
            return await self._handle(route, call)
        if not route.endpoint.keeps_key_in_commit:
            earlier = await key.earlier()
            if earlier is not None:
                return earlier
        call.key = key
        try:
            return await self._handle(route, call)
        except Repeated as repeated:
            return replay(repeated.answer)
        except GatherlogError:
            earlier = await key.earlier()
            if earlier is None:
                raise
            return earlier

    async def _handle(self, route: Route, call: Call[Any, Any]) -> Reply | StreamedReply:
        try:
            return await route.endpoint.handle(call)
        except Invalid as invalid:
            if route.endpoint.camel:
                invalid.flaws = tuple(with_camel_case_pointer(flaw) for flaw in invalid.flaws)
            raise
        except Conflict as conflict:
            if b"if-match" not in call.headers:
                raise
            raise Stale("It has changed since it was fetched; fetch it again.") from conflict

    async def _stream(self, exchange: "_Exchange", receive: Receive, stream: StreamedReply) -> None:
        with self._live.counted(exchange.actor or "", stream.most):
            await exchange.begin(stream)
            if exchange.method != "HEAD":

                async def disconnected() -> None:
                    await until_disconnected(receive)

                async def is_allowed() -> bool:
                    try:
                        await identify(self._platform, exchange.headers)
                    except GatherlogError:
                        return False
                    return True

                await self._live.send(stream.parts, exchange.more, disconnected, is_allowed)
            await exchange.end()

    async def _description_reply(self, method: str) -> Reply:
        if method not in ("GET", "HEAD"):
            raise MethodNotAllowed(method[:20], "GET, HEAD")
        await permit(self._platform, None, Action.READ_DESCRIPTION, None)
        return Reply(200, self._description, [(b"content-type", b"application/json")])

    async def _page(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        scope["app"] = self  # so that the router raises instead of answering in plain text
        scope.setdefault("state", {})
        receive = limited(exchange.headers, receive, self._body_seconds)
        await self._page_router(scope, receive, exchange.send)

    def _log_line(self, exchange: "_Exchange", seconds: float) -> None:
        scope = exchange.scope
        path = exchange.logged_path or public_path(scope["path"], self._known)
        actor = exchange.actor or scope.get("state", {}).get("actor")  # set by pages
        self._log.answered(exchange.method[:20], path, exchange.status or 500, seconds, actor)

    async def _refuse(self, exchange: "_Exchange", error: GatherlogError) -> None:
        """Answer with the error's problem document or page, unless an answer has begun."""
        if exchange.status:
            return
        listed = listed_refusal(error) if exchange.lists_codes else None
        if listed is not None:
            await exchange.reply(listed)
            return
        problem, headers = describe(error), headers_of(error)
        page = await self._error_page(exchange, problem.status, headers)
        if page is not None:
            await page(exchange.scope, _disconnected, exchange.send)
            return
        kind = (b"content-type", MEDIA_TYPE.encode())
        await exchange.reply(Reply(problem.status, msgspec.json.encode(problem), [kind, *headers]))

    async def _error_page(
        self, exchange: "_Exchange", status: int, headers: Headers
    ) -> Response | None:
        if not exchange.scope["path"].startswith("/"):
            return None  # such as `OPTIONS *`, which no browser sends
        text = {name.decode(): value.decode() for name, value in headers}
        return await self._pages.error(Request(exchange.scope), status, headers=text)


class _Exchange:
    """One request and its answer, which is sent with the security headers."""

    __slots__ = (
        "actor",
        "headers",
        "lists_codes",
        "logged_path",
        "method",
        "scope",
        "security",
        "status",
        "transport",
    )

    def __init__(self, scope: Scope, send: Send, security: Headers) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = _headers(scope["headers"])
        self.transport = send
        self.security = security
        self.status = 0
        self.logged_path: str | None = None
        """What the request log shows of the path, once it is known to hold no personal data."""
        self.lists_codes = False
        """Whether flaws are answered as a bare list of codes."""
        self.actor: str | None = None

    async def reply(self, reply: Reply) -> None:
        """Send a complete answer; without its body where the method is HEAD."""
        self.status = reply.status
        headers = [*reply.headers, *self.security]
        if reply.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(reply.body)))
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await self.transport(start)
        body = b"" if self.method == "HEAD" else reply.body
        await self._send_body(body)

    async def begin(self, stream: StreamedReply) -> None:
        """Send status and headers of an answer whose body follows in parts."""
        self.status = 200
        headers = [*stream.headers, *self.security]
        await self.transport({"type": "http.response.start", "status": 200, "headers": headers})

    async def more(self, part: bytes) -> None:
        """Send a part of the body."""
        await self.transport({"type": "http.response.body", "body": part, "more_body": True})

    async def end(self) -> None:
        """End the body."""
        await self.transport({"type": "http.response.body", "body": b""})

    async def send(self, message: Message) -> None:
        """Pass on what a page sends, noting the status and adding missing security headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: Headers = list(message.get("headers", []))
            given = {name for name, _ in headers}
            headers.extend(header for header in self.security if header[0] not in given)
            message["headers"] = headers
        elif len(body := message.get("body", b"")) > PART and not message.get("more_body"):
            await self._send_body(body)
            return
        await self.transport(message)

    async def _send_body(self, body: bytes) -> None:
        """Send a whole body, a long one in parts: the next when the client has read enough."""
        if len(body) > PART:
            pace, view = Pace(), memoryview(body)
            *starts, last = range(0, len(body), PART)
            for start in starts:
                await self.more(bytes(view[start : start + PART]))
                await pace.give_way()
            body = bytes(view[last:])
        await self.transport({"type": "http.response.body", "body": body})


def _headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; the values of one that occurs several times are joined (RFC 9110, 5.2).

    So two credentials, keys or media types become one invalid value, which is refused.
    """
    headers = dict(lines)
    if len(headers) < len(lines):
        headers = {}
        for name, value in lines:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _translated(error: HTTPException, method: str) -> GatherlogError:
    """An exception of the pages' router as one of our own errors."""
    if error.status_code == 405:
        return MethodNotAllowed(method[:20], (error.headers or {}).get("Allow", "GET"))
    if error.status_code == 404:
        return NotFound("There is nothing at this path.")
    return _UnexpectedError()


async def _disconnected() -> Message:
    return {"type": "http.disconnect"}
