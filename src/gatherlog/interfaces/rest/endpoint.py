"""What an endpoint is, one row of the table, and what its handler is called with.

A row has no default for the policy's action, so no endpoint can be written without one.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec

from gatherlog.apps.people.policy import ANYONE, Action, Actor
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.store import Ref
from gatherlog.interfaces.bodies import MAX_BODY, BodyReader, until_disconnected
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.live_streams import MOST_STREAMS
from gatherlog.interfaces.long_polls import while_connected
from gatherlog.interfaces.long_work import LongWork
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.rest.idempotency import IdempotencyKey, Reply
from gatherlog.interfaces.rest.queries import Nothing
from gatherlog.interfaces.stream_watch import StreamWatch

__all__ = ["Call", "Endpoint", "Reply", "StreamedReply"]

B = TypeVar("B")
T = TypeVar("T")
Q = TypeVar("Q", bound=msgspec.Struct)


class StreamedReply(msgspec.Struct, frozen=True):
    """An answer whose body goes on until the client leaves, such as server-sent events."""

    parts: AsyncGenerator[bytes]
    headers: list[tuple[bytes, bytes]]
    most: int = MOST_STREAMS
    """How many such answers one credential may have open at once."""


async def _silence() -> MutableMapping[str, Any]:
    """Stands for a client of whom nothing more is heard."""
    message: asyncio.Future[MutableMapping[str, Any]] = asyncio.get_running_loop().create_future()
    return await message


@dataclass(slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One request that the policy has allowed; ids, query and body are decoded and well-formed."""

    platform: Platform
    rate_limiter: RateLimiter
    feed: FeedHub
    long_work: LongWork
    watch: StreamWatch
    actor: Actor | None
    gathering_id: str
    ids: Mapping[str, str]
    """The path's parameters besides the gathering, by name."""
    query: Q
    body: B
    scope: MutableMapping[str, Any]
    headers: Mapping[bytes, bytes]
    path: str
    """As the client sent it: percent-encoded, without the query."""
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]] = _silence
    """ASGI's, after the body: it tells when the client disconnects."""
    key: IdempotencyKey | None = None

    @property
    def id(self) -> str:
        """The path's last parameter besides the gathering: what the request is about."""
        return [*self.ids.values()][-1] if self.ids else ""

    @property
    def by(self) -> str:
        """Who acts, as events name it in their metadata."""
        return "nobody" if self.actor is None else self.actor.name

    async def disconnected(self) -> None:
        """Wait until the client disconnects."""
        await until_disconnected(self.receive)

    async def while_connected(self, work: Awaitable[T]) -> T:
        """The result of work that changes nothing, which ends when the client disconnects."""
        return await while_connected(work, self.disconnected)

    async def long_read(self, work: Callable[[], Awaitable[T]]) -> T:
        """As `while_connected`, for a whole list; only a few are read at a time.

        Raises TooMany.
        """
        return await self.long_work.read(self.by, work, self.disconnected)

    def long_write(self) -> AbstractAsyncContextManager[None]:
        """A place for work that changes a whole list; it goes on if the client disconnects.

        Raises TooMany.
        """
        return self.long_work.place(self.by)

    def once(
        self,
        answer: Callable[[Handled], Reply] | None,
        shows: Callable[[Handled], Ref | None] = lambda handled: None,
    ) -> Once | None:
        """What makes a command idempotent, where the request has an Idempotency-Key.

        See `IdempotencyKey.once`.
        """
        return None if self.key is None else self.key.once(answer, shows)

    async def remember(self, answer: Reply, *, secret: bool = False) -> Reply:
        """Give the answer back, stored under the Idempotency-Key if the request has one.

        For handlers whose work is no single commit; see `IdempotencyKey.remember`.
        """
        return answer if self.key is None else await self.key.remember(answer, secret=secret)


NO_QUERY: Any = Nothing
"""The default for any `Q`; typed so, because a type variable's default cannot be a class."""


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[B, Q]):
    """A method on a path: the policy's action, the types of query, body and answer, the handler."""

    method: str
    path: str
    action: Action
    handle: Callable[[Call[B, Q]], Awaitable[Reply | StreamedReply]]
    summary: str
    answer: Any = None
    """Type of the answer's JSON; None: no body, or one of the media type `media`."""
    status: HTTPStatus = HTTPStatus.OK
    body: type[B] | None = None
    query: type[Q] = NO_QUERY
    accepts: str = "application/json"
    also_accepts: tuple[str, ...] = ()
    """Further media types of the body."""
    schemas: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Of a body in bytes: what it may be in each media type that is JSON, as types of structs or as
    JSON Schema."""
    many_answer: Any = None
    """Type of the answer's JSON where several things were sent at once; then the status is 200."""
    telling_headers: tuple[bytes, ...] = ()
    """What the names of headers begin with that tell what the body means: with another of these, a
    request is another one, also under the same Idempotency-Key."""
    most_bytes: int = MAX_BODY
    """Of the body."""
    media: str = "application/json"
    scoped: bool = True
    """Whether it is served twice: for the default gathering at `path`, and for any gathering
    below `/gatherings/{gathering_id}`."""
    refusals: tuple[str, ...] = ()
    """Codes of problems beyond those that follow from the rest of the row."""
    conditional: bool = False
    """Whether its GET answers with an ETag, or its changes heed If-Match."""
    located: bool = True
    """Whether its 201 says where the new thing is. A secret address is not put into a header, which
    proxies and clients write into their logs."""
    named: str = ""
    """Its operation id in the description, where that is not the handler's name."""
    keeps_key_in_commit: bool = False
    """Whether its handler gives the Idempotency-Key to a command, by `Call.once`, so that the
    commit that does the work answers a repetition. Otherwise the key is looked up first."""
    lists_codes: bool = False
    """Whether flaws of a request are answered as a bare list of codes, and 401 as `{}`."""
    camel: bool = False
    """Whether its fields are camelCase; then flaws name the fields in camelCase, too."""

    @property
    def name(self) -> str:
        """Its operation id in the description."""
        return self.named or self.handle.__name__

    @property
    def public(self) -> bool:
        """Whether it needs no credential."""
        return self.action in ANYONE

    @property
    def repeatable(self) -> bool:
        """Whether it heeds an Idempotency-Key.

        Signing out does not: the credential that a repeated request would need has ended.
        """
        return self.method in ("POST", "PUT", "DELETE") and self.action is not Action.SIGN_OUT

    def paths(self) -> list[str]:
        """Every path template at which it is served."""
        return [self.path, "/gatherings/{gathering_id}" + self.path] if self.scoped else [self.path]

    def told(self, headers: Mapping[bytes, bytes]) -> bytes:
        """What the telling headers say, as part of what makes a request the same."""
        return b"".join(
            b"%b: %b\n" % pair
            for pair in sorted(headers.items())
            if pair[0].startswith(self.telling_headers)
        )

    def body_reader(self) -> "BodyReader[B] | None":
        """The reader of its body; None if it takes none.

        A PUT may send back what GET answered: fields of the answer that the body does not have are
        ignored.
        """
        if self.body is None:
            return None
        ignored: frozenset[str] = frozenset()
        if self.method == "PUT":
            ignored = field_names(self.answer) - field_names(self.body)
        return BodyReader(self.body, (self.accepts, *self.also_accepts), ignored)


def field_names(struct: Any) -> frozenset[str]:
    """Names of a struct's fields in JSON."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct))
