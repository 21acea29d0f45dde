"""Events of keys, accounts, sign-ins and guests' logins.

No event holds a secret. Of random secrets the log has the SHA-256; of what could be guessed (an
address, a six-digit code) it has a digest that needs the site's key. An address stands in clear in
the events of its account's stream, and in no other event.
"""

import msgspec

from gatherlog.apps.people.own_erasure_events import OWN_ERASURE_EVENTS
from gatherlog.apps.people.profile_events import PROFILE_EVENTS
from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "AccountCreated",
    "AccountRemoved",
    "CodeAccepted",
    "CodeIssued",
    "CodeMistyped",
    "KeyCreated",
    "KeyRevoked",
    "LoginEnded",
    "RolesChanged",
    "SessionEnded",
    "SessionStarted",
]


@event_type("people.key_created")
class KeyCreated(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key was created; its secret was shown once."""

    key_id: str
    role: str
    gathering_id: str | None
    name: str
    secret_hash: str
    account_id: str | None = None
    logs: tuple[str, ...] = ()
    """The logs that an intake's key sends records to."""


@event_type("people.key_revoked")
class KeyRevoked(msgspec.Struct, frozen=True):
    """A key is not valid any more."""

    key_id: str
    secret_hash: str


@event_type("people.account_created")
class AccountCreated(msgspec.Struct, frozen=True):
    """Somebody signed in with this address for the first time, or was given a key."""

    address: str


@event_type("people.account_removed")
class AccountRemoved(msgspec.Struct, frozen=True):
    """The account and its sessions were removed; the address may get a new account."""

    address: str
    sessions: tuple[str, ...]


@event_type("people.roles_changed")
class RolesChanged(msgspec.Struct, frozen=True):
    """The roles of the account from now on, beside that of a member: organiser, reviewer."""

    roles: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    """The ids of the sessions that have begun, which have the roles, too."""


@event_type("people.session_started")
class SessionStarted(msgspec.Struct, frozen=True):
    """Somebody signed in to the account. `session` is the SHA-256 of the token, in hex."""

    session: str
    expires_at: int


@event_type("people.session_ended")
class SessionEnded(msgspec.Struct, frozen=True):
    """By signing out, by the account's owner in another session, or because it had expired."""

    session: str


@event_type("people.code_issued", schema=2)
class CodeIssued(msgspec.Struct, frozen=True):
    """A code was issued for an address; the one before at its place is not valid any more."""

    code_hash: str
    expires_at: int
    asker: str
    """A keyed digest of the device or network that asked; empty if the operator issued it."""
    place: str
    """A keyed digest of where it may be entered; empty for everywhere."""
    is_known: bool
    """Whether the device that asked has signed in with this address before."""


@event_type("people.code_mistyped", schema=2)
class CodeMistyped(msgspec.Struct, frozen=True):
    """A wrong code was tried by this asker at this place, where one was valid."""

    asker: str
    place: str


@event_type("people.code_accepted", schema=2)
class CodeAccepted(msgspec.Struct, frozen=True):
    """The right code was given; it is not valid any more."""

    code_hash: str
    """Empty for all codes of the address, as in events of before there were places."""
    asker: str


@event_type("people.login_ended")
class LoginEnded(msgspec.Struct, frozen=True):
    """A guest signed out; `login` is the id (`jti`) of the token, which is not valid any more."""

    login: str
    expires_at: int


CODEC = Codec(
    [
        KeyCreated,
        KeyRevoked,
        AccountCreated,
        AccountRemoved,
        RolesChanged,
        SessionStarted,
        SessionEnded,
        CodeIssued,
        CodeMistyped,
        CodeAccepted,
        LoginEnded,
        *PROFILE_EVENTS,
        *OWN_ERASURE_EVENTS,
    ],
    {
        ("people.code_issued", 1): lambda issued: {
            **issued,
            "asker": "",
            "place": "",
            "is_known": False,
        },
        ("people.code_mistyped", 1): lambda mistyped: {"asker": "", "place": ""},
        ("people.code_accepted", 1): lambda accepted: {"code_hash": "", "asker": ""},
    },
)
