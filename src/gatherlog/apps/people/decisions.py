"""Decisions about codes, sessions and accounts: how long they last, how many there may be. Pure.

`now` and all times are microseconds since the epoch.
"""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Final

import msgspec

from gatherlog.apps.people.askers import Asker
from gatherlog.apps.people.events import (
    AccountCreated,
    AccountRemoved,
    CodeAccepted,
    CodeIssued,
    CodeMistyped,
    RolesChanged,
    SessionEnded,
    SessionStarted,
)
from gatherlog.apps.people.policy import Role
from gatherlog.apps.people.views import Account, Asked, Code, SignIn
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "CODE_LIFETIME",
    "MOST_CODES",
    "MOST_ENDED",
    "MOST_OF_STRANGERS",
    "MOST_SESSIONS",
    "MOST_TRIES",
    "MOST_TRIES_ANYWHERE",
    "ROLES",
    "SESSION_LIFETIME",
    "change_roles",
    "end_sessions",
    "issue_code",
    "may_try",
    "open_account",
    "recent",
    "remove_account",
    "request_code",
    "start_session",
    "try_code",
]

_SECOND: Final = 1_000_000
_DAY: Final = 24 * 3600 * _SECOND
CODE_LIFETIME: Final = 600 * _SECOND
MOST_TRIES: Final = 5
"""Wrong tries at one code; every further try is refused, even with the right code."""
MOST_TRIES_ANYWHERE: Final = 25
"""Wrong tries, by all who try, at a code that may be entered everywhere, as the operator's; each of
them has MOST_TRIES, so that a stranger alone does not use it up."""
MOST_CODES: Final = 10
"""Codes that one device or network may request for an address within a day, until it signs in."""
MOST_OF_STRANGERS: Final = 30
"""Codes that all together may request for an address within a day, without the devices that have
signed in with it before: those have MOST_CODES each, whatever strangers do.

With MOST_TRIES it limits strangers to 150 guesses a day at one million possible codes.
"""
SESSION_LIFETIME: Final = 30 * _DAY
MOST_SESSIONS: Final = 50
"""Sessions of one account that have not ended; a further one ends the oldest."""
ROLES: Final = (Role.ORGANISER, Role.REVIEWER)
"""Roles that an account may have beside that of a member."""
MOST_ENDED: Final = 30
"""Sessions that one commit ends, so that it is not too large for any engine."""


def recent(sign_in: SignIn | None, now: int) -> tuple[Asked, ...]:
    """Who had codes sent within the day before `now`."""
    asked = () if sign_in is None else sign_in.asked
    return tuple(one for one in asked if one.at > now - _DAY)


def request_code(
    sign_in: SignIn | None, code_hash: str, asker: Asker, now: int
) -> list[msgspec.Struct]:
    """Issue a code to anybody who asks; nothing once the asker's allowance is used up.

    It is MOST_CODES within a day. Those who are not known have MOST_OF_STRANGERS together, too.
    """
    asked = recent(sign_in, now)
    if sum(one.asker == asker.id for one in asked) >= MOST_CODES:
        return []
    if not asker.is_known and sum(not one.is_known for one in asked) >= MOST_OF_STRANGERS:
        return []
    return [CodeIssued(code_hash, now + CODE_LIFETIME, asker.id, asker.place, asker.is_known)]


def issue_code(code_hash: str, now: int) -> list[msgspec.Struct]:
    """Issue a code that may be entered everywhere, without a limit, as the operator may."""
    return [CodeIssued(code_hash, now + CODE_LIFETIME, "", "", False)]


def try_code(
    sign_in: SignIn | None, code_hash: str, asker: Asker, now: int
) -> list[msgspec.Struct]:
    """CodeAccepted or CodeMistyped; nothing where no code is valid, so that no try counts."""
    codes = () if sign_in is None else sign_in.codes
    valid = [code for code in codes if may_try(code, asker.id, asker.place, now)]
    right = [code for code in valid if compare_digest(code.code_hash, code_hash)]
    if right:
        return [CodeAccepted(right[0].code_hash, asker.id)]
    return [CodeMistyped(asker.id, asker.place)] if valid else []


def may_try(code: Code, asker: str, place: str, now: int) -> bool:
    """Whether an asker may try this code at this place."""
    if now >= code.expires_at or code.tries.count(asker) >= MOST_TRIES:
        return False
    if code.place:
        return code.place == place and len(code.tries) < MOST_TRIES
    return len(code.tries) < MOST_TRIES_ANYWHERE


def open_account(account: Account | None, address: str) -> list[msgspec.Struct]:
    """Create the account unless it exists."""
    return [AccountCreated(address)] if account is None else []


def start_session(
    account: Account | None, address: str, session: str, *, now: int
) -> list[msgspec.Struct]:
    """Start a session; creates the account if there is none, and ends expired sessions."""
    live = () if account is None else account.sessions
    dead = [old.id for old in live if old.expires_at <= now]
    kept = [old.id for old in live if old.expires_at > now]
    surplus = kept[: max(0, len(kept) + 1 - MOST_SESSIONS)]
    return [
        *open_account(account, address),
        *end_sessions([*surplus, *dead]),
        SessionStarted(session, now + SESSION_LIFETIME),
    ]


def end_sessions(sessions: Sequence[str]) -> list[msgspec.Struct]:
    """End the first MOST_ENDED of these sessions."""
    return [SessionEnded(session) for session in sessions[:MOST_ENDED]]


def change_roles(
    account: Account, before: Sequence[str], add: Sequence[str], remove: Sequence[str]
) -> list[msgspec.Struct]:
    """Give roles to an account and take others back. Raises Invalid for what is no such role."""
    for name, roles in ("/role", add), ("/remove-role", remove):
        for role in roles:
            if role not in ROLES:
                raise Invalid(Flaw(name, f"{role!r} is not one of {', '.join(ROLES)}"))
    after = tuple(str(role) for role in ROLES if role in {*before, *add} - {*remove})
    if after == tuple(before):
        return []
    return [RolesChanged(after, tuple(live.id for live in account.sessions))]


def remove_account(account: Account) -> list[msgspec.Struct]:
    return [AccountRemoved(account.address, tuple(live.id for live in account.sessions))]
