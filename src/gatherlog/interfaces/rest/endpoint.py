"""What an endpoint is: one row of the table. It cannot exist without naming its action."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec

from gatherlog.apps.people.policy import ANYONE, Action, Actor
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.store import Ref
from gatherlog.interfaces.bodies import Reading
from gatherlog.interfaces.live import MOST_STREAMS
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.rates import Guard
from gatherlog.interfaces.rest.once import OnceKey, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["Call", "Endpoint", "Reply", "Stream"]

B = TypeVar("B")
Q = TypeVar("Q", bound=msgspec.Struct)


class Stream(msgspec.Struct, frozen=True):
    """An answer without an end, part by part."""

    parts: AsyncGenerator[bytes]
    headers: list[tuple[bytes, bytes]]
    most: int = MOST_STREAMS
    """How many one credential may have open at once."""


@dataclass(slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One request that the policy has allowed, its parts decoded and checked for form."""

    platform: Platform
    guard: Guard
    feed: FeedHub
    actor: Actor | None
    gathering_id: str
    ids: Mapping[str, str]
    """The path's other parameters, by name."""
    query: Q
    body: B
    scope: MutableMapping[str, Any]
    headers: Mapping[bytes, bytes]
    path: str
    """As asked for, percent-encoded, without the query."""
    key: OnceKey | None = None

    @property
    def id(self) -> str:
        """The path's last parameter besides the gathering: what the request is about."""
        return [*self.ids.values()][-1] if self.ids else ""

    @property
    def by(self) -> str:
        """Who acts, as events name it."""
        return "nobody" if self.actor is None else self.actor.name

    def once(
        self,
        answer: Callable[[Handled], Reply] | None,
        shows: Callable[[Handled], Ref | None] = lambda handled: None,
    ) -> Once | None:
        """How a command is to be done once, if the request has a key; see `OnceKey.once`."""
        return None if self.key is None else self.key.once(answer, shows)

    async def remember(self, answer: Reply, *, secret: bool = False) -> Reply:
        """Keep an answer that carried the key, if any, into no commit; see `OnceKey.remember`."""
        return answer if self.key is None else await self.key.remember(answer, secret=secret)


NO_QUERY: Any = Nothing
"""The default for any `Q`; typed so, because a type variable's default cannot be a class."""


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[B, Q]):
    """A method and a path, who may use it, what goes in and out, and what answers it."""

    method: str
    path: str
    action: Action
    handle: Callable[[Call[B, Q]], Awaitable[Reply | Stream]]
    summary: str
    answer: Any = None
    """Type of the answer's JSON; None: no body, or one of `media`."""
    status: HTTPStatus = HTTPStatus.OK
    body: type[B] | None = None
    query: type[Q] = NO_QUERY
    accepts: str = "application/json"
    media: str = "application/json"
    scoped: bool = True
    """Whether it is about the default gathering, and again below /gatherings/{gathering_id}."""
    refusals: tuple[str, ...] = ()
    """Codes of problems beyond those that follow from the rest of the row."""
    conditional: bool = False
    """Whether it has an ETag, or looks at If-Match."""
    named: str = ""
    """What the description calls it, where that is not the handler's name."""
    camel: bool = False
    """Whether its fields are camelCase; flaws are told under the names that the caller used."""

    @property
    def name(self) -> str:
        """What the description calls it."""
        return self.named or self.handle.__name__

    @property
    def public(self) -> bool:
        """Whether no credential is asked for."""
        return self.action in ANYONE

    @property
    def repeatable(self) -> bool:
        """Whether an Idempotency-Key counts; a credential that ends itself has no second time."""
        return self.method in ("POST", "PUT", "DELETE") and self.action is not Action.SIGN_OUT

    def paths(self) -> list[str]:
        """Every template under which it stands."""
        return [self.path, "/gatherings/{gathering_id}" + self.path] if self.scoped else [self.path]

    def reading(self) -> "Reading[B] | None":
        """How its body is read, if it has one.

        A PUT may bring back what GET gave: what it does not know of the answer's shape, it ignores.
        """
        if self.body is None:
            return None
        ignored: frozenset[str] = frozenset()
        if self.method == "PUT":
            ignored = field_names(self.answer) - field_names(self.body)
        return Reading(self.body, self.accepts, ignored)


def field_names(struct: Any) -> frozenset[str]:
    """Names of a struct's fields on the wire."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct))
