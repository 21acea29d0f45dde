"""Endpoints for signing in and out, with a mailed code or with the token of a guest's link."""

from typing import Annotated

import msgspec

from gatherlog.apps.guests.inputs import Email, Name
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.auth import bearer
from gatherlog.interfaces.problems import Blank
from gatherlog.interfaces.rest.answers import Time, json, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["AccountAnswer", "CodeRequest", "LoginRequest", "SessionRequest", "TokenAnswer"]

Plain = Call[None, Nothing]


class CodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to send a code."""

    email: Email


class SessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address, and the code that was sent there."""

    email: Email
    code: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{6}$"})]


class LoginRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A link's token, and the last name of its guest."""

    token: str | None = None
    last_name: Name | None = None


class TokenAnswer(msgspec.Struct, frozen=True):
    """A token for `Authorization: Bearer …`, which is shown only once."""

    token: str


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One's own account, and how many sessions of it are open."""

    id: str
    email: str
    sessions: int
    created_at: Time


async def request_code(call: Call[CodeRequest, Nothing]) -> Reply:
    """Answers alike, and equally fast, whether or not the address has an account."""
    call.rate_limiter.sign_in(call.scope)
    call.rate_limiter.email("code", call.body.email)
    await call.platform.accounts.request_code(call.body.email)
    return await call.remember(Reply(202, b"", []))


async def start_session(call: Call[SessionRequest, Nothing]) -> Reply:
    call.rate_limiter.sign_in(call.scope)
    call.rate_limiter.email("session", call.body.email)
    token = await call.platform.accounts.start_session(call.body.email, call.body.code)
    return await call.remember(json(TokenAnswer(token)), secret=True)


async def end_session(call: Plain) -> Reply:
    """End the session, or the guest's login, that the request's credential belongs to."""
    assert call.actor is not None
    if call.actor.kind == "guest":
        await call.platform.guest_login.logout(bearer(call.headers))
    else:
        await call.platform.accounts.end_session(bearer(call.headers))
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


async def log_out(call: Plain) -> Reply:
    return await end_session(call)
