"""Guests' logins: a guest's link and last name are exchanged for a JWT, for programs to use."""

import asyncio
from typing import Any, Final, Protocol

import msgspec

from gatherlog.apps.people.events import CODEC, LoginEnded
from gatherlog.apps.people.folds import GuestLoginFold
from gatherlog.apps.people.policy import Actor, Role
from gatherlog.apps.people.signing import KeySource
from gatherlog.apps.people.views import ENDED_LOGINS
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound, Unauthenticated
from gatherlog.core.eventstore.store import Store

__all__ = [
    "AFTERWARDS",
    "ISSUER",
    "LIFETIME",
    "GuestLogin",
    "GuestLoginService",
    "Invitee",
    "Invitees",
]

ISSUER: Final = "gatherlog"
_SECOND: Final = 1_000_000
_DAY: Final = 24 * 3600 * _SECOND
LIFETIME: Final = 30 * _DAY
AFTERWARDS: Final = 7 * _DAY
"""How long after the end of the gathering guests may still sign in. Microseconds, as LIFETIME."""
_LEEWAY: Final = 60 * _SECOND
"""How far the clocks of two servers of one site may differ: a token that was made later than this
from now is refused. Microseconds."""
_NEVER: Final = 2**63
_ENDED: Final = "This sign-in is not valid, or not any more. Sign in with your link again."


class Invitee(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in has to know of a guest who is on a guest list at present."""

    gathering_id: str
    guest_id: str
    first_name: str
    last_name: str
    sign_in_name: str
    """The name that the guest signs in with: the last name, or the one name there is."""
    link: str | None
    """The id of the guest's present link, which is not the link's secret."""
    co_host: bool
    """Whether the guest manages the gathering by the present link."""
    over_at: int | None
    """When the gathering is over, in microseconds since the epoch; None where it has no date."""


class Invitees(Protocol):
    """Questions about the guest lists, which belong to another app."""

    async def by_link(self, token: str) -> Invitee:
        """The guest whose link has this secret. Raises NotFound."""
        ...

    async def by_id(self, gathering_id: str, guest_id: str) -> Invitee:
        """Raises NotFound if the guest or the gathering was removed."""
        ...

    def is_same_name(self, one: str, other: str) -> bool:
        """Whether guest lists take two spellings for the same name."""
        ...


class Claims(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The claims of a guest's token. `link` is that of `Invitee`: a new link ends the token.

    `is_admin` says that the token was made for a co-host: it ends when the guest is none any more.
    """

    sub: str
    first_name: str
    last_name: str
    is_admin: bool
    gathering: str
    link: str
    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    nbf: int | None = None
    """No token is made with it; one that has it is not valid before."""


class GuestLogin(msgspec.Struct, frozen=True):
    """A new login."""

    token: str
    """A JWT."""
    guest: Actor


class GuestLoginService:
    """Logins of guests. A token is signed and not stored; it is checked whenever it is used.

    It ends when it expires, by a logout, by a new link, when the guest or the gathering is removed,
    AFTERWARDS after the end of the gathering, and, if it was made for a co-host, with the rights.
    """

    def __init__(
        self, store: Store, key: KeySource, invitees: Invitees, *, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._key = key
        self._invitees = invitees
        self._clock = clock
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, GuestLoginFold(), clock=clock, ids=ids)

    async def login(self, token: str, last_name: str) -> str:
        """The token of `log_in` alone."""
        return (await self.log_in(token, last_name)).token

    async def log_in(self, token: str, last_name: str) -> GuestLogin:
        """A JWT for the guest whose link has this secret, if the last name is the guest's.

        A guest who has one name gives that one.

        It expires after LIFETIME, or AFTERWARDS after the end of the gathering if that is earlier.
        Raises Invalid where either argument is blank, and Unauthenticated, which does not tell
        which of the two was wrong.
        """
        token, last_name = token.strip(), last_name.strip()
        _demand(token=token, lastName=last_name)
        try:
            invitee = await self._invitees.by_link(token)
        except NotFound:
            raise Unauthenticated("Invalid token or last name") from None
        if not self._invitees.is_same_name(last_name, invitee.sign_in_name):
            raise Unauthenticated("Invalid token or last name")
        claims = self._claims(invitee, self._clock())
        signed = (await self._key()).sign(_encoded(claims))
        return GuestLogin(signed, _actor(invitee))

    async def actor(self, jwt: str) -> Actor:
        """The guest whom a token stands for. Raises Unauthenticated unless the token is valid."""
        _, invitee = await self._signed_in(jwt)
        return _actor(invitee)

    async def logout(self, jwt: str) -> None:
        """End this token; other logins of the guest stay. Raises Unauthenticated as `actor`."""
        claims, _ = await self._signed_in(jwt)
        event = LoginEnded(claims.jti, claims.exp * _SECOND)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            ended = await unit.get(ENDED_LOGINS, claims.jti)
            return about("", [event] if ended is None else [])

        stream, actor = f"guest_login-{claims.sub}", f"guest:{claims.sub}"
        await run(self._handler, stream, attempt, actor=actor)

    def _claims(self, invitee: Invitee, now: int) -> Claims:
        expires = min(now + LIFETIME, _last_moment(invitee))
        if expires <= now:
            raise Unauthenticated("The gathering is over, and so is this link.")
        return Claims(
            sub=invitee.guest_id,
            first_name=invitee.first_name,
            last_name=invitee.last_name,
            is_admin=invitee.co_host,
            gathering=invitee.gathering_id,
            link=invitee.link or "",
            iss=ISSUER,
            aud=self._store.id,
            iat=now // _SECOND,
            exp=expires // _SECOND,
            jti=self._ids(),
        )

    def _is_current(self, claims: Claims) -> bool:
        """Whether the token has begun, give or take the clocks of servers, and not expired."""
        now = self._clock()
        begins = max(claims.iat, claims.nbf or 0) * _SECOND
        return begins <= now + _LEEWAY and now < claims.exp * _SECOND

    async def _signed_in(self, jwt: str) -> tuple[Claims, Invitee]:
        """The claims of a valid token, and the guest as of now; both are read at once."""
        claims = await self._signed(jwt)
        ended, invitee = await asyncio.gather(
            read(self._store, ENDED_LOGINS, claims.jti), self._invitee(claims)
        )
        if ended is not None:
            raise Unauthenticated(_ENDED)
        return claims, invitee

    async def _signed(self, jwt: str) -> Claims:
        """The claims of a token that was signed here, has begun and has not expired."""
        claims = _read((await self._key()).verified(jwt))
        if claims.iss != ISSUER or claims.aud != self._store.id:
            raise Unauthenticated(_ENDED)
        if not self._is_current(claims):
            raise Unauthenticated(_ENDED)
        return claims

    async def _invitee(self, claims: Claims) -> Invitee:
        """The guest as of now, if the token's link is still the guest's and may be used."""
        try:
            invitee = await self._invitees.by_id(claims.gathering, claims.sub)
        except NotFound:
            raise Unauthenticated(_ENDED) from None
        if invitee.link != claims.link or self._clock() >= _last_moment(invitee):
            raise Unauthenticated(_ENDED)
        if claims.is_admin and not invitee.co_host:
            raise Unauthenticated(_ENDED)
        return invitee


def _actor(invitee: Invitee) -> Actor:
    return Actor(
        "guest", invitee.guest_id, Role.GUEST, invitee.gathering_id, co_host=invitee.co_host
    )


def _last_moment(invitee: Invitee) -> int:
    """The moment from which the guest cannot sign in any more."""
    return _NEVER if invitee.over_at is None else invitee.over_at + AFTERWARDS


def _demand(**fields: str) -> None:
    flaws = [Flaw(f"/{name}", "is missing or blank") for name, text in fields.items() if not text]
    if flaws:
        raise Invalid(*flaws)


def _encoded(claims: Claims) -> dict[str, Any]:
    encoded: dict[str, Any] = msgspec.to_builtins(claims)
    del encoded["nbf"]
    return encoded


def _read(claims: dict[str, Any]) -> Claims:
    try:
        return msgspec.convert(claims, Claims)
    except msgspec.ValidationError:
        raise Unauthenticated(_ENDED) from None
