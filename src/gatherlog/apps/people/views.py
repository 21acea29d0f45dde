"""Documents of keys, accounts, sign-ins and guests' logins. Times are microseconds since the epoch.

A document that is looked up by a secret has the secret's hash as its id: one point read finds it.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.apps.people.own_erasure_views import OWN_ERASURES
from gatherlog.apps.people.profile_views import PROFILE_VIEWS
from gatherlog.core.projections.views import View

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_ADDRESSES",
    "ACCOUNT_ROLES",
    "API_KEYS",
    "ENDED_LOGINS",
    "KEY_SECRETS",
    "SESSIONS",
    "SIGN_INS",
    "VIEWS",
    "Account",
    "AccountAddress",
    "AccountRoles",
    "ApiKey",
    "Asked",
    "Code",
    "EndedLogin",
    "KeySecret",
    "LiveSession",
    "Session",
    "SignIn",
]


class ApiKey(msgspec.Struct, frozen=True):
    """A key as its owner sees it: everything but the secret."""

    id: str
    role: str
    gathering_id: str | None
    name: str
    secret_hash: str
    created_at: int
    revoked_at: int | None = None
    account_id: str | None = None
    logs: tuple[str, ...] | UnsetType = UNSET
    """The logs that an intake's key sends records to; UNSET for all other keys."""


class KeySecret(msgspec.Struct, frozen=True):
    """The key of a valid secret. The document's id is the secret's SHA-256 in hexadecimal."""

    key_id: str
    role: str
    gathering_id: str | None
    account_id: str | None = None
    logs: tuple[str, ...] | UnsetType = UNSET


class LiveSession(msgspec.Struct, frozen=True):
    """A session as its account lists it. `id` is the id of the `Session` document."""

    id: str
    started_at: int
    expires_at: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an address, who signs in with codes that are mailed to it."""

    id: str
    address: str
    created_at: int
    sessions: tuple[LiveSession, ...] = ()
    """Oldest first. An expired one may be among them until the next sign-in."""
    unconfirmed: bool | UnsetType = UNSET
    """True until somebody signs in to it for the first time, with a code that was mailed to the
    address. Accounts of older releases have no such field until a rebuild."""


class AccountAddress(msgspec.Struct, frozen=True):
    """The account of an address. The document's id is the address in its normal form."""

    account_id: str


class AccountRoles(msgspec.Struct, frozen=True):
    """The roles that the operator gave to an account. The document's id is the account's."""

    account_id: str
    roles: tuple[str, ...]


class Session(msgspec.Struct, frozen=True):
    """A session that has not ended. The document's id is the token's SHA-256 in hexadecimal."""

    account_id: str
    expires_at: int
    roles: tuple[str, ...] | UnsetType = UNSET
    """The roles of the account, so that they are read with the session; UNSET where it has none."""


class Code(msgspec.Struct, frozen=True):
    """A code that was issued and not used. Digests are those of `askers.Asker`."""

    code_hash: str
    expires_at: int
    place: str
    """Where it may be entered; empty for everywhere."""
    tries: tuple[str, ...] = ()
    """The askers of wrong codes that were tried instead of it."""


class Asked(msgspec.Struct, frozen=True):
    """That somebody had a code sent to the address."""

    asker: str
    at: int
    is_known: bool


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of one address. The document's id is the address's keyed digest."""

    codes: tuple[Code, ...] = ()
    """Those that were valid when the latest was issued, one for each place."""
    asked: tuple[Asked, ...] = ()
    """Within the day before the latest; what an asker asked for ends when the asker signs in."""


class EndedLogin(msgspec.Struct, frozen=True):
    """A guest's login that was ended before it expired. The document's id is the token's `jti`."""

    expires_at: int


API_KEYS = View("api_key", ApiKey, version=1)
KEY_SECRETS = View("api_key_secret", KeySecret, version=1)
ACCOUNTS = View("account", Account, version=2)
ACCOUNT_ADDRESSES = View("account_address", AccountAddress, version=1)
ACCOUNT_ROLES = View(
    "account_roles",
    AccountRoles,
    by_reviewer=lambda one: ("all", one.account_id) if "reviewer" in one.roles else None,
)
SESSIONS = View("session", Session, version=1)
SIGN_INS = View("sign_in", SignIn, version=2)
ENDED_LOGINS = View("ended_login", EndedLogin, version=1)

VIEWS: tuple[View[Any], ...] = (
    API_KEYS,
    KEY_SECRETS,
    ACCOUNTS,
    ACCOUNT_ADDRESSES,
    ACCOUNT_ROLES,
    SESSIONS,
    SIGN_INS,
    ENDED_LOGINS,
    *PROFILE_VIEWS,
    OWN_ERASURES,
)
