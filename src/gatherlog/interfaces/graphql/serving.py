"""GraphQL over HTTP: from the request's media types to the status of the answer.

A request that is no request of GraphQL is answered with 400. Errors of GraphQL itself, such as a
query that does not fit the schema, are answered with 400 to clients that accept
`application/graphql-response+json`, and with 200 to those that know only `application/json`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from graphql import ExecutionResult, GraphQLError, OperationType, execute

from gatherlog.apps.people.policy import ANYONE, Actor
from gatherlog.core.eventstore.errors import (
    Denied,
    Invalid,
    KeyReused,
    Unauthenticated,
)
from gatherlog.interfaces.bodies import BodyReader, flaws_of
from gatherlog.interfaces.even_answers import Ticks
from gatherlog.interfaces.graphql.apis import Api, built_apis
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.documents import Documents, Operation, Prepared
from gatherlog.interfaces.graphql.errors import BAD_INPUT, UNAVAILABLE, Refusal, formatted, of_ours
from gatherlog.interfaces.graphql.executor import LeanExecutor
from gatherlog.interfaces.graphql.media import RESPONSE, STREAM, chosen
from gatherlog.interfaces.graphql.repeating import Repeats
from gatherlog.interfaces.graphql.subscriptions import once, whenever_changed
from gatherlog.interfaces.live_streams import HEADERS
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import Malformed, MethodNotAllowed, headers_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.rest.endpoint import Reply, StreamedReply

__all__ = ["GraphQL", "Request"]

SECONDS: Final = 10.0
"""How long a query may take. A mutation is never given up."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_LATE: Final = f"The query took longer than {SECONDS:g} seconds."


class Asked(msgspec.Struct, frozen=True):
    """The parameters of a request."""

    query: str
    operationName: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Request(msgspec.Struct, frozen=True):
    """A request to an API, before its body was read."""

    api: Api
    method: str
    scope: MutableMapping[str, Any]
    headers: Mapping[bytes, bytes]
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]]
    identify: Callable[[], Awaitable[Actor]]


class GraphQL:
    """The four APIs over one platform."""

    def __init__(
        self, platform: Platform, rate_limiter: RateLimiter, log: RequestLog, ticks: Ticks
    ) -> None:
        self._platform = platform
        self._rate_limiter = rate_limiter
        self._log = log
        self._ticks = ticks
        self._apis = built_apis()
        self._is_open = platform.settings.introspection or platform.settings.demo
        self._documents = Documents(introspection=self._is_open)
        self._reader = BodyReader(Asked, ("application/json",), frozenset())
        self._repeats = Repeats(platform.store)

    def find(self, path: str) -> Api | None:
        """The API at a path."""
        return self._apis.get(path)

    async def serve(self, request: Request) -> Reply | StreamedReply:
        """Answer a request.

        Raises MethodNotAllowed, UnsupportedMediaType, and what reading a body and a credential
        raises, which are answered as everywhere; but without a credential the answer is in
        GraphQL's form.
        """
        if request.method not in ("GET", "HEAD", "POST"):
            raise MethodNotAllowed(request.method[:20], "GET, HEAD, POST")
        streams = request.api.schema.subscription_type is not None
        media = chosen(request.headers.get(b"accept", b"*/*"), streams=streams)
        try:
            context = await self._context(request)
            asked, sent = await self._asked(request)
            return await self._answered(request, context, asked, sent, media)
        except (Unauthenticated, Denied) as error:
            status = 401 if isinstance(error, Unauthenticated) else 403
            return _reply(status, media, {"errors": [of_ours(error)]}, headers_of(error))
        except (Malformed, Invalid, KeyReused) as error:
            return _reply(400, media, {"errors": [of_ours(error)]})
        except Refusal as refusal:
            errors = formatted(refusal.errors, refusal.code, self._log.failed)
            status = refusal.status or (400 if media == RESPONSE else 200)
            return _reply(status, media, {"errors": errors})

    async def _context(self, request: Request) -> Context:
        actor = None if request.api.action in ANYONE else await request.identify()
        context = Context(self._platform, self._rate_limiter, actor, request.scope)
        context.permit(request.api.action)
        return context

    async def _asked(self, request: Request) -> tuple[Asked, bytes]:
        """The parameters, and the bytes that they were sent in."""
        if request.method == "POST":
            sent = await self._reader.read(request.headers, request.receive)
            return self._reader.decode(sent), sent
        return _from_query(request.scope["query_string"]), b""

    async def _answered(
        self, request: Request, context: Context, asked: Asked, sent: bytes, media: str
    ) -> Reply | StreamedReply:
        prepared = self._documents.prepare(request.api.schema, asked.query)
        operation = prepared.operation(asked.operationName)
        _check_way(request.method, operation, media)
        self._documents.check_cost(operation, asked.variables or {})
        if media == STREAM:
            return self._streamed(request, context, prepared, operation, asked)

        async def reply() -> tuple[Reply, bool]:
            body, is_failed = await self._result(request.api, context, prepared, operation, asked)
            return _reply_of(body, media), is_failed

        if operation.kind is not OperationType.MUTATION:
            return (await reply())[0]
        who = context.by if context.actor else self._rate_limiter.client(request.scope)
        scope = (who, "POST", request.scope["path"])
        return await self._repeats.answered(request.headers, scope, sent, operation, context, reply)

    def _streamed(
        self,
        request: Request,
        context: Context,
        prepared: Prepared,
        operation: Operation,
        asked: Asked,
    ) -> StreamedReply:
        async def result() -> tuple[bytes, bool]:
            anew = Context(self._platform, self._rate_limiter, context.actor, request.scope)
            try:
                return await self._result(request.api, anew, prepared, operation, asked)
            except Refusal as refusal:  # it took too long
                errors = formatted(refusal.errors, refusal.code, self._log.failed)
                return _encode({"errors": errors}), True

        if operation.kind is OperationType.SUBSCRIPTION:
            return StreamedReply(whenever_changed(self._platform.store, result), HEADERS)
        return StreamedReply(once(result), HEADERS)

    async def _result(
        self, api: Api, context: Context, prepared: Prepared, operation: Operation, asked: Asked
    ) -> tuple[bytes, bool]:
        """The result of an operation in JSON, and whether it has errors."""
        executed = execute(
            api.schema,
            prepared.document,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operationName or None,
            hide_suggestions=not self._is_open,
            executor_class=LeanExecutor,
        )
        if not isinstance(executed, ExecutionResult):
            executed = await self._in_time(executed, operation)
        if context.hides:
            context.hides = False
            await self._ticks.next()
        if not executed.errors:
            return _encode({"data": executed.data}), False
        errors = formatted(executed.errors, BAD_INPUT, self._log.failed)
        if executed.data is None:  # not executed at all: a variable does not fit
            return _encode({"errors": errors}), True
        return _encode({"data": executed.data, "errors": errors}), True

    async def _in_time(
        self, executing: Awaitable[ExecutionResult], operation: Operation
    ) -> ExecutionResult:
        if operation.kind is OperationType.MUTATION:
            return await executing
        try:
            async with asyncio.timeout(SECONDS):
                return await executing
        except TimeoutError:
            raise Refusal(UNAVAILABLE, GraphQLError(_LATE), status=503) from None


def _check_way(method: str, operation: Operation, media: str) -> None:
    """Raise for an operation that may not come, or be answered, in this way."""
    kind = operation.kind
    if method != "POST" and kind is not OperationType.QUERY:
        raise MethodNotAllowed(f"A {kind.value} by {method}", "POST")
    if kind is OperationType.SUBSCRIPTION and media != STREAM:
        detail = f"A subscription is answered as {STREAM}: send that as Accept."
    elif kind is OperationType.MUTATION and media == STREAM:
        detail = f"A mutation is answered as {RESPONSE}: send that as Accept."
    else:
        return
    raise Refusal(BAD_INPUT, GraphQLError(detail), status=HTTPStatus.NOT_ACCEPTABLE)


def _from_query(query_string: bytes) -> Asked:
    """The parameters of a GET. Raises Malformed and Invalid."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20
        )
        given: dict[str, Any] = dict(pairs)
        for name in ("variables", "extensions"):
            if name in given:
                given[name] = _decode(given[name]) if given[name] else None
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise Malformed("The query string cannot be read; variables are JSON.") from None
    if len(given) < len(pairs):
        raise Malformed("A parameter is given twice.")
    if flaws := flaws_of(given, Asked):
        raise Invalid(*flaws)
    return msgspec.convert(given, Asked)


def _reply(
    status: int, media: str, body: Mapping[str, Any], headers: Sequence[tuple[bytes, bytes]] = ()
) -> Reply:
    shown = RESPONSE if media == STREAM else media
    kind = (b"content-type", f"{shown}; charset=utf-8".encode())
    return Reply(int(status), _encode(body), [kind, *headers])


def _reply_of(body: bytes, media: str) -> Reply:
    status = 400 if media == RESPONSE and not body.startswith(b'{"data"') else 200
    return Reply(status, body, [(b"content-type", f"{media}; charset=utf-8".encode())])
