"""How the events of this app become documents: one fold for each category of streams. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.people.decisions import recent
from gatherlog.apps.people.events import (
    CODEC,
    AccountCreated,
    AccountRemoved,
    CodeAccepted,
    CodeIssued,
    CodeMistyped,
    KeyCreated,
    KeyRevoked,
    LoginEnded,
    SessionEnded,
    SessionStarted,
)
from gatherlog.apps.people.views import (
    ACCOUNT_ADDRESSES,
    ACCOUNTS,
    API_KEYS,
    ENDED_LOGINS,
    KEY_SECRETS,
    SESSIONS,
    SIGN_INS,
    Account,
    AccountAddress,
    ApiKey,
    EndedLogin,
    KeySecret,
    LiveSession,
    Session,
    SignIn,
)
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = ["CATEGORIES", "AccountFold", "GuestLoginFold", "KeyFold", "SignInFold", "id_of"]

Documents = Mapping[Ref, Any]


def id_of(stream: str) -> str:
    """The part of a stream's name behind its category."""
    return stream.partition("-")[2]


class KeyFold:
    """Streams `key-{id}`: one document per key, and one per secret that is valid."""

    views: tuple[View[Any], ...] = (API_KEYS, KEY_SECRETS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        event = happened.payload
        return [API_KEYS.ref(event.key_id), KEY_SECRETS.ref(event.secret_hash)]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        match happened.payload:
            case KeyCreated() as event:
                key = ApiKey(
                    event.key_id,
                    event.role,
                    event.gathering_id,
                    event.name,
                    event.secret_hash,
                    happened.time,
                    account_id=event.account_id,
                )
                secret = KeySecret(event.key_id, event.role, event.gathering_id, event.account_id)
                return [
                    Change(API_KEYS, key.id, key),
                    Change(KEY_SECRETS, event.secret_hash, secret),
                ]
            case KeyRevoked() as event:
                key = documents[API_KEYS.ref(event.key_id)]
                revoked = msgspec.structs.replace(key, revoked_at=happened.time)
                return [
                    Change(API_KEYS, key.id, revoked),
                    Change(KEY_SECRETS, event.secret_hash, DELETE),
                ]
        return []


class AccountFold:
    """Streams `account-{id}`: the account, its address, and its sessions that have not ended."""

    views: tuple[View[Any], ...] = (ACCOUNTS, ACCOUNT_ADDRESSES, SESSIONS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        refs = [ACCOUNTS.ref(id_of(happened.stream))]
        match happened.payload:
            case AccountCreated(address):
                refs.append(ACCOUNT_ADDRESSES.ref(address))
            case AccountRemoved(address, sessions):
                refs.append(ACCOUNT_ADDRESSES.ref(address))
                refs += [SESSIONS.ref(session) for session in sessions]
            case SessionStarted(session) | SessionEnded(session):
                refs.append(SESSIONS.ref(session))
        return refs

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        match happened.payload:
            case AccountCreated(address):
                account = Account(id=id, address=address, created_at=happened.time)
                return [
                    Change(ACCOUNTS, id, account),
                    Change(ACCOUNT_ADDRESSES, address, AccountAddress(id)),
                ]
            case AccountRemoved(address, sessions):
                return [
                    Change(ACCOUNTS, id, DELETE),
                    Change(ACCOUNT_ADDRESSES, address, DELETE),
                    *[Change(SESSIONS, session, DELETE) for session in sessions],
                ]
            case SessionStarted(session, expires_at):
                started = LiveSession(session, happened.time, expires_at)
                account = documents[ACCOUNTS.ref(id)]
                return [
                    _with_sessions(account, (*account.sessions, started)),
                    Change(SESSIONS, session, Session(id, expires_at)),
                ]
            case SessionEnded(session):
                account = documents[ACCOUNTS.ref(id)]
                kept = tuple(live for live in account.sessions if live.id != session)
                return [_with_sessions(account, kept), Change(SESSIONS, session, DELETE)]
        return []


def _with_sessions(account: Account, sessions: tuple[LiveSession, ...]) -> Change:
    return Change(ACCOUNTS, account.id, msgspec.structs.replace(account, sessions=sessions))


class SignInFold:
    """Streams `sign_in-{digest of the address}`: the one code that is valid, and its tries."""

    views: tuple[View[Any], ...] = (SIGN_INS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [SIGN_INS.ref(id_of(happened.stream))]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        before: SignIn | None = documents[SIGN_INS.ref(id)]
        match happened.payload:
            case CodeIssued(code_hash, expires_at):
                issued = (*recent(before, happened.time), happened.time)
                after = SignIn(code_hash=code_hash, expires_at=expires_at, issued=issued)
                return [Change(SIGN_INS, id, after)]
            case CodeMistyped() if before is not None:
                more = msgspec.structs.replace(before, tries=before.tries + 1)
                return [Change(SIGN_INS, id, more)]
            case CodeAccepted() if before is not None:
                used = msgspec.structs.replace(before, code_hash=None, issued=())
                return [Change(SIGN_INS, id, used)]
        return []


class GuestLoginFold:
    """Streams `guest_login-{guest id}`: the logins that were ended before they expired."""

    views: tuple[View[Any], ...] = (ENDED_LOGINS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [ENDED_LOGINS.ref(happened.payload.login)]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        event: LoginEnded = happened.payload
        return [Change(ENDED_LOGINS, event.login, EndedLogin(event.expires_at))]


CATEGORIES: Final = (
    Category("key", CODEC, KeyFold()),
    Category("account", CODEC, AccountFold()),
    Category("sign_in", CODEC, SignInFold()),
    Category("guest_login", CODEC, GuestLoginFold()),
)
"""Every category of streams that this app owns."""
