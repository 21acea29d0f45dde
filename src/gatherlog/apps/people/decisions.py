"""Decisions about codes, sessions and accounts: how long they last, how many there may be. Pure.

`now` and all times are microseconds since the epoch.
"""

from collections.abc import Sequence
from hmac import compare_digest
from typing import Final

import msgspec

from gatherlog.apps.people.events import (
    AccountCreated,
    AccountRemoved,
    CodeAccepted,
    CodeIssued,
    CodeMistyped,
    SessionEnded,
    SessionStarted,
)
from gatherlog.apps.people.views import Account, SignIn

__all__ = [
    "CODE_LIFETIME",
    "MOST_CODES",
    "MOST_ENDED",
    "MOST_SESSIONS",
    "MOST_TRIES",
    "SESSION_LIFETIME",
    "end_sessions",
    "issue_code",
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
MOST_CODES: Final = 10
"""Codes that may be requested for an address within a day, until somebody signs in with one.

Together with MOST_TRIES it limits guessing to 50 tries a day at one million possible codes.
"""
SESSION_LIFETIME: Final = 30 * _DAY
MOST_SESSIONS: Final = 50
"""Sessions of one account that have not ended; a further one ends the oldest."""
MOST_ENDED: Final = 30
"""Sessions that one commit ends, so that it is not too large for any engine."""


def recent(sign_in: SignIn | None, now: int) -> tuple[int, ...]:
    """When codes were issued within the day before `now`: the last MOST_CODES of them."""
    if sign_in is None:
        return ()
    return tuple(at for at in sign_in.issued if at > now - _DAY)[-MOST_CODES:]


def request_code(sign_in: SignIn | None, code_hash: str, now: int) -> list[msgspec.Struct]:
    """Issue a code to anybody who asks; nothing once MOST_CODES were issued within a day."""
    if len(recent(sign_in, now)) >= MOST_CODES:
        return []
    return issue_code(sign_in, code_hash, now)


def issue_code(sign_in: SignIn | None, code_hash: str, now: int) -> list[msgspec.Struct]:
    """Issue a code, without a limit, as the operator may. It replaces the one before."""
    return [CodeIssued(code_hash, now + CODE_LIFETIME)]


def try_code(sign_in: SignIn | None, code_hash: str, now: int) -> list[msgspec.Struct]:
    """CodeAccepted or CodeMistyped; nothing where no code is valid, so that no try counts."""
    if sign_in is None or sign_in.code_hash is None:
        return []
    if now >= sign_in.expires_at or sign_in.tries >= MOST_TRIES:
        return []
    right = compare_digest(sign_in.code_hash.encode(), code_hash.encode())
    return [CodeAccepted() if right else CodeMistyped()]


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


def remove_account(account: Account) -> list[msgspec.Struct]:
    return [AccountRemoved(account.address, tuple(live.id for live in account.sessions))]
