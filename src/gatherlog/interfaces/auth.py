"""Authentication and authorisation: from a request's credential to its actor, and the policy."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.people.policy import Action, Actor, Verdict, decide, needs_host
from gatherlog.core.eventstore.errors import Denied, NotFound, Refused, Unauthenticated
from gatherlog.interfaces.platform import Platform

__all__ = ["bearer", "identify", "is_permitted", "permit"]

LONGEST: Final = 4096
"""Characters of a credential; keys and sessions have some 50, the tokens of guests some 900."""
_HOW: Final = "Send a key, a session or a guest's token: `Authorization: Bearer …`."
_STAYS: Final = (
    "Paths that name no gathering mean this one, so it stays. Remove its guests, or rename it."
)
_DEAD: Final = "This key or session is unknown, or has ended."


def bearer(headers: Mapping[bytes, bytes]) -> str:
    """The credential of the Authorization header; Unauthenticated if there is none.

    With the scheme Basic, the password is the credential and the user name is ignored: for clients
    that cannot send Bearer.
    """
    header = headers.get(b"authorization")
    if header is None:
        raise Unauthenticated(_HOW)
    scheme, _, secret = header.partition(b" ")
    secret = secret.strip()
    if scheme.lower() == b"basic":
        secret = _password(secret)
    elif scheme.lower() != b"bearer":
        raise Unauthenticated(_HOW)
    if len(secret) > LONGEST or not secret.isascii():
        raise Unauthenticated(_DEAD)
    return secret.decode()


def _password(credentials: bytes) -> bytes:
    """The password in credentials of the scheme Basic: `name:password` in base64 (RFC 7617)."""
    try:
        _, colon, password = b64decode(credentials, validate=True).partition(b":")
    except ValueError:
        raise Unauthenticated(_DEAD) from None
    if not colon:
        raise Unauthenticated(_DEAD)
    return password


async def identify(platform: Platform, headers: Mapping[bytes, bytes]) -> Actor:
    """The actor whose credential the Authorization header holds; Unauthenticated if none.

    Keys begin with `glk_` and sessions with `gls_`; anything else has to be a guest's token (JWT).
    """
    secret = bearer(headers)
    if secret.startswith("glk_"):
        actor = await platform.keys.authenticate(secret)
    elif secret.startswith("gls_"):
        actor = await platform.accounts.session(secret)
    else:
        return await platform.guest_login.actor(secret)
    if actor is None:
        raise Unauthenticated(_DEAD)
    return actor


async def permit(
    platform: Platform,
    actor: Actor | None,
    action: Action,
    gathering_id: str | None,
    *,
    organiser_id: str | None = None,
) -> None:
    """Return if the policy allows the action; else raise Unauthenticated, NotFound or Denied.

    Actions on a guest's or an account's own data are asked about with the actor's own id, because
    no path names another one; `organiser_id` is the account whose thing to do it is about. Raises
    Refused for removing the gathering `default`, to everybody: half of all paths mean it, and
    nothing could bring it back.
    """
    verdict = await _verdict(platform, actor, action, gathering_id, organiser_id)
    if verdict is Verdict.ALLOW:
        if action is Action.REMOVE_GATHERING and gathering_id == DEFAULT:
            raise Refused(_STAYS)
        return
    if verdict is Verdict.IDENTIFY:
        raise Unauthenticated(_HOW)
    if verdict is Verdict.HIDE:
        raise NotFound("There is nothing here.")
    raise Denied("Your key does not allow this.")


async def is_permitted(
    platform: Platform, actor: Actor | None, action: Action, gathering_id: str
) -> bool:
    """Whether the policy allows the action, for answers that depend on a further right."""
    return await _verdict(platform, actor, action, gathering_id) is Verdict.ALLOW


async def _verdict(
    platform: Platform,
    actor: Actor | None,
    action: Action,
    gathering_id: str | None,
    organiser_id: str | None = None,
) -> Verdict:
    host = None
    if gathering_id is not None and needs_host(actor, action):
        host = await _host(platform, gathering_id)
    return decide(
        actor,
        action,
        gathering_id,
        guest_id=actor.id if actor is not None and actor.kind == "guest" else None,
        host_account=host,
        account_id=None if actor is None else actor.account_id,
        organiser_id=organiser_id,
        demo=platform.settings.demo,
    )


async def _host(platform: Platform, gathering_id: str) -> str | None:
    try:
        return (await platform.guests.gathering(gathering_id)).body.host_account
    except NotFound:
        return None
