"""What happens to keys, accounts, sign-ins and guests' logins.

The log never has a secret, only hashes that open nothing: the SHA-256 of random bits, or of what
can be guessed (an address, a six-digit code) a digest keyed with the site's own secret. An address
stands in clear in the events of its account's stream, and nowhere else.
"""

import msgspec

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
    "SessionEnded",
    "SessionStarted",
]


@event_type("people.key_created")
class KeyCreated(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key was made; its secret was shown once."""

    key_id: str
    role: str
    gathering_id: str | None
    name: str
    secret_hash: str
    account_id: str | None = None


@event_type("people.key_revoked")
class KeyRevoked(msgspec.Struct, frozen=True):
    """A key opens nothing any more."""

    key_id: str
    secret_hash: str


@event_type("people.account_created")
class AccountCreated(msgspec.Struct, frozen=True):
    """Somebody signed in with this address for the first time, or was given a key."""

    address: str


@event_type("people.account_removed")
class AccountRemoved(msgspec.Struct, frozen=True):
    """The account is no more, nor are its sessions; the address may begin anew."""

    address: str
    sessions: tuple[str, ...]


@event_type("people.session_started")
class SessionStarted(msgspec.Struct, frozen=True):
    """Somebody signed in to the account. `session` is the SHA-256 of the token, in hex."""

    session: str
    expires_at: int


@event_type("people.session_ended")
class SessionEnded(msgspec.Struct, frozen=True):
    """By sign-out, by the account's owner from elsewhere, or because it had expired."""

    session: str


@event_type("people.code_issued")
class CodeIssued(msgspec.Struct, frozen=True):
    """A code was made for an address; the one before is worth nothing any more."""

    code_hash: str
    expires_at: int


@event_type("people.code_mistyped")
class CodeMistyped(msgspec.Struct, frozen=True):
    """A wrong code was tried against a live one."""


@event_type("people.code_accepted")
class CodeAccepted(msgspec.Struct, frozen=True):
    """The right code was given; it is worth nothing any more."""


@event_type("people.login_ended")
class LoginEnded(msgspec.Struct, frozen=True):
    """A guest signed out; `login` is the id (`jti`) of the token that opens nothing any more."""

    login: str
    expires_at: int


CODEC = Codec(
    [
        KeyCreated,
        KeyRevoked,
        AccountCreated,
        AccountRemoved,
        SessionStarted,
        SessionEnded,
        CodeIssued,
        CodeMistyped,
        CodeAccepted,
        LoginEnded,
    ]
)
