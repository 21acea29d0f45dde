"""Authentication and authorisation: from a request's credential to its actor, and the policy."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.messages import Part
from gatherlog.apps.people import Participation, is_of_member
from gatherlog.apps.people.policy import (
    Action,
    Actor,
    Verdict,
    decide,
    needs_host,
    needs_participation,
)
from gatherlog.core.eventstore.errors import Denied, NotFound, Refused, Unauthenticated
from gatherlog.interfaces.platform import Platform

__all__ = [
    "bearer",
    "identify",
    "is_permitted",
    "permit",
    "permit_into_log",
    "permit_of_organiser",
    "permit_participant",
    "permit_to_write",
]

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

    Keys begin with `glk_` and sessions with `gls_`; anything else has to be the token (JWT) of a
    member or a guest.
    """
    secret = bearer(headers)
    if secret.startswith("glk_"):
        actor = await platform.keys.authenticate(secret)
    elif secret.startswith("gls_"):
        actor = await platform.accounts.session(secret)
    elif is_of_member(secret):
        return await platform.member_tokens.actor(secret)
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
    ids: Mapping[str, str] = {},
) -> None:
    """Return if the policy allows the action; else raise Unauthenticated, NotFound or Denied.

    `ids` are further ids that the path names, such as those of a conversation and a message.

    Actions on a guest's or an account's own data are asked about with the actor's own id, because
    no path names another one. Raises Refused for removing the gathering `default`, to everybody:
    half of all paths mean it, and nothing could bring it back.
    """
    _check(await _verdict(platform, actor, action, gathering_id, ids))
    if action is Action.REMOVE_GATHERING and gathering_id == DEFAULT:
        raise Refused(_STAYS)


def permit_participant(actor: Actor | None, action: Action, part: Part | None) -> None:
    """As `permit`, about a conversation in which the actor's account has this part, or none.

    For a command that asks within its own commit.
    """
    _check(decide(actor, action, participation=_participation_of(part)))


def permit_of_organiser(actor: Actor | None, action: Action, organiser_id: str) -> None:
    """As `permit`, about a thing to do of this organiser."""
    _check(decide(actor, action, organiser_id=organiser_id))


def permit_into_log(actor: Actor | None, log: str) -> None:
    """As `permit`, about sending records to a log."""
    _check(decide(actor, Action.INTAKE_INTO_LOG, log=log))


def permit_to_write(actor: Actor | None, part: Part | None) -> None:
    """As `permit_participant`, about writing into the conversation."""
    announces = part is not None and part.announce_only
    permit_participant(actor, Action.ANNOUNCE if announces else Action.SEND_MESSAGE, part)


def _check(verdict: Verdict) -> None:
    if verdict is Verdict.IDENTIFY:
        raise Unauthenticated(_HOW)
    if verdict is Verdict.HIDE:
        raise NotFound("There is nothing here.")
    if verdict is Verdict.DENY:
        raise Denied("Your session or key does not allow this.")


async def is_permitted(
    platform: Platform, actor: Actor | None, action: Action, gathering_id: str
) -> bool:
    """Whether the policy allows the action, for answers that depend on a further right."""
    return await _verdict(platform, actor, action, gathering_id, {}) is Verdict.ALLOW


async def _verdict(
    platform: Platform,
    actor: Actor | None,
    action: Action,
    gathering_id: str | None,
    ids: Mapping[str, str],
) -> Verdict:
    host, participation = None, None
    if needs_participation(action):
        participation = await _participation(platform, actor, ids)
    if gathering_id is not None and needs_host(actor, action):
        host = await _host(platform, gathering_id)
    return decide(
        actor,
        action,
        gathering_id,
        guest_id=actor.id if actor is not None and actor.kind == "guest" else None,
        host_account=host,
        account_id=None if actor is None else actor.account_id,
        participation=participation,
        demo=platform.settings.demo,
    )


async def _host(platform: Platform, gathering_id: str) -> str | None:
    try:
        return (await platform.guests.gathering(gathering_id)).body.host_account
    except NotFound:
        return None


async def _participation(
    platform: Platform, actor: Actor | None, ids: Mapping[str, str]
) -> Participation | None:
    """What the actor's account is in the conversation that the ids name; None if nothing."""
    if actor is None or actor.account_id is None:
        return None
    conversation, message = ids["message_group_uuid"], ids.get("message_uuid")
    return _participation_of(await platform.messages.part(actor.account_id, conversation, message))


def _participation_of(part: Part | None) -> Participation | None:
    return None if part is None else Participation(part.is_owner, part.is_author)
