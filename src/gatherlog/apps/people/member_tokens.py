"""Tokens of members: a session is exchanged for a JWT, which ends with it."""

from base64 import urlsafe_b64decode
from typing import Any, Final

import msgspec

from gatherlog.apps.people.accounts import AccountService
from gatherlog.apps.people.guest_login import ISSUER
from gatherlog.apps.people.policy import Actor
from gatherlog.apps.people.signing import KeySource
from gatherlog.apps.people.tokens import SESSION, token_hash
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Unauthenticated

__all__ = ["MemberTokenService", "is_of_member"]

_SECOND: Final = 1_000_000
_LEEWAY: Final = 60 * _SECOND
"""How far the clocks of two servers of one site may differ, in microseconds."""
_ENDED: Final = "This token is not valid, or not any more. Sign in again."


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a member's token. `session` is the id of its session, which opens nothing."""

    sub: str
    session: str
    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    nbf: int | None = None
    """No token is made with it; one that has it is not valid before."""


class MemberTokenService:
    """Tokens are signed and not stored. Each is valid as long as its session is."""

    def __init__(
        self, site: str, key: KeySource, accounts: AccountService, *, clock: Clock, ids: Ids
    ) -> None:
        self._site = site
        self._key = key
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    async def issue(self, session: str) -> str:
        """A JWT for the member whose session has this token. Raises Unauthenticated."""
        found = None
        if SESSION.is_well_formed(session):
            found = await self._accounts.session_of(token_hash(session))
        if found is None:
            raise Unauthenticated("A token is made for a session. Sign in with a code.")
        account, expires_at = found
        claims = Claims(
            sub=account.id,
            session=token_hash(session),
            iss=ISSUER,
            aud=self._site,
            iat=self._clock() // _SECOND,
            exp=expires_at // _SECOND,
            jti=self._ids(),
        )
        encoded: dict[str, Any] = msgspec.to_builtins(claims)
        del encoded["nbf"]
        return (await self._key()).sign(encoded)

    async def actor(self, jwt: str) -> Actor:
        """The member whom a token stands for. Raises Unauthenticated unless it is valid."""
        claims = await self._signed(jwt)
        found = await self._accounts.session_of(claims.session)
        if found is None or found[0].id != claims.sub:
            raise Unauthenticated(_ENDED)
        return found[0]

    async def end(self, jwt: str) -> None:
        """End the session of a token, and so all of its tokens."""
        await self._accounts.end_session_of((await self._signed(jwt)).session)

    async def _signed(self, jwt: str) -> Claims:
        """The claims of a token that was signed here, has begun and has not expired."""
        try:
            claims = msgspec.convert((await self._key()).verified(jwt), Claims)
        except msgspec.ValidationError:
            raise Unauthenticated(_ENDED) from None
        now, begins = self._clock(), max(claims.iat, claims.nbf or 0) * _SECOND
        is_ours = claims.iss == ISSUER and claims.aud == self._site
        if not is_ours or begins > now + _LEEWAY or now >= claims.exp * _SECOND:
            raise Unauthenticated(_ENDED)
        return claims


def is_of_member(jwt: str) -> bool:
    """Whether a token says that it is one of a member; it has yet to be verified."""
    try:
        body = jwt.split(".")[1]
        claims = msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, RecursionError):  # no JWT, no base64, no JSON
        return False
    return isinstance(claims, dict) and "session" in claims
