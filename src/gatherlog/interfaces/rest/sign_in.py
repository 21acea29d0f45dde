"""Endpoints for signing in and out, with a mailed code or with the token of a guest's link."""

from typing import Annotated, Literal

import msgspec

from gatherlog.apps.guests.inputs import Email, Name
from gatherlog.apps.people import Origin, is_of_member
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.auth import bearer
from gatherlog.interfaces.problems import Blank
from gatherlog.interfaces.rest.answers import Time, json, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = [
    "AccountAnswer",
    "CodeRequest",
    "LoginRequest",
    "SessionAnswer",
    "SessionRequest",
    "TokenAnswer",
]

Plain = Call[None, Nothing]


Device = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="The `device` that the last sign-in with this address answered. What strangers "
        "ask for the address then does not slow this device.",
    ),
]
Attempt = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="A random text, the same when the code is requested and entered. Without it, "
        "the code is entered by the same device, or from the same network.",
    ),
]


class CodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to send a code."""

    email: Email
    device: Device = ""
    attempt: Attempt = ""


class SessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An address, and the code that was sent there."""

    email: Email
    code: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{6}$"})]
    device: Device = ""
    attempt: Attempt = ""


class LoginRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A link's token, and the last name of its guest."""

    token: str | None = None
    last_name: Name | None = None


class TokenAnswer(msgspec.Struct, frozen=True):
    """A token for `Authorization: Bearer …`, which is shown only once."""

    token: str


class SessionAnswer(TokenAnswer, frozen=True):
    """With the token, what this device may show when it signs in again; it opens nothing."""

    device: str


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One's own account, and how many sessions of it are open."""

    id: str
    email: str
    sessions: int
    created_at: Time


async def request_code(call: Call[CodeRequest, Nothing]) -> Reply:
    """Answers alike, and equally fast, whether or not the address has an account."""
    origin = await _counted(call, "code")
    await call.platform.accounts.request_code(call.body.email, origin)
    return await call.remember(Reply(202, b"", []))


async def start_session(call: Call[SessionRequest, Nothing]) -> Reply:
    origin = await _counted(call, "session")
    session = await call.platform.accounts.sign_in(call.body.email, call.body.code, origin)
    return await call.remember(json(SessionAnswer(session.token, session.device)), secret=True)


async def end_session(call: Plain) -> Reply:
    """End the session, or the guest's login, that the request's credential belongs to."""
    assert call.actor is not None
    if call.actor.kind == "guest":
        await call.platform.guest_login.logout(bearer(call.headers))
    elif is_of_member(token := bearer(call.headers)):
        await call.platform.member_tokens.end(token)
    else:
        await call.platform.accounts.end_session(token)
    return no_content()


async def end_all_sessions(call: Plain) -> Reply:
    assert call.actor is not None
    await call.platform.accounts.end_all(call.actor.account_id or "", actor=call.by)
    return no_content()


async def read_account(call: Plain) -> Reply:
    assert call.actor is not None
    account = await call.platform.accounts.account(call.actor.account_id or "")
    return json(
        AccountAnswer(
            id=account.id,
            email=account.address,
            sessions=len(account.sessions),
            created_at=rfc3339(account.created_at),
        )
    )


async def log_in(call: Call[LoginRequest, Nothing]) -> Reply:
    """Raises Blank for a missing field, Unauthenticated if token and name do not match."""
    call.rate_limiter.sign_in(call.scope)
    given = call.body
    try:
        login = await call.platform.guest_login.log_in(given.token or "", given.last_name or "")
    except Invalid as invalid:
        raise Blank(*invalid.flaws) from None
    guest = login.guest
    call.platform.trail.note(guest.name, "login", guest.gathering_id or "", guest.id)
    return await call.remember(json(TokenAnswer(login.token)), secret=True)


async def _counted(
    call: Call[CodeRequest, Nothing] | Call[SessionRequest, Nothing],
    purpose: Literal["code", "session"],
) -> Origin:
    """Where the request comes from, once it is counted by the rate limits. Raises TooMany."""
    body, limiter = call.body, call.rate_limiter
    network = limiter.client(call.scope)
    origin = Origin(network=network, device=body.device, attempt=body.attempt)
    asker = await call.platform.accounts.asker(body.email, origin)
    limiter.sign_in(call.scope, asker)
    limiter.email(purpose, asker)
    return origin


async def log_out(call: Plain) -> Reply:
    return await end_session(call)
