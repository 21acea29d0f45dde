"""How the events of this app become documents: one fold for each category of streams. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from gatherlog.apps.people.decisions import may_try, recent
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
    RolesChanged,
    SessionEnded,
    SessionStarted,
)
from gatherlog.apps.people.own_erasure_events import OWN_ERASURE_EVENTS
from gatherlog.apps.people.own_erasure_views import OWN_ERASURES, evolve_own_erasure
from gatherlog.apps.people.profile_events import PROFILE_EVENTS
from gatherlog.apps.people.profile_fold import evolve_profile, profile_refs
from gatherlog.apps.people.profile_views import PROFILE_VIEWS, PROFILES
from gatherlog.apps.people.views import (
    ACCOUNT_ADDRESSES,
    ACCOUNT_ROLES,
    ACCOUNTS,
    API_KEYS,
    ENDED_LOGINS,
    KEY_SECRETS,
    SESSIONS,
    SIGN_INS,
    Account,
    AccountAddress,
    AccountRoles,
    ApiKey,
    Asked,
    Code,
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
                logs = event.logs or UNSET
                key = ApiKey(
                    event.key_id,
                    event.role,
                    event.gathering_id,
                    event.name,
                    event.secret_hash,
                    happened.time,
                    account_id=event.account_id,
                    logs=logs,
                )
                secret = KeySecret(
                    event.key_id, event.role, event.gathering_id, event.account_id, logs
                )
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
    """Streams `account-{id}`: the account, its address, its roles, its sessions that have not
    ended, and its profile. A handle is kept from others when its account is removed."""

    views: tuple[View[Any], ...] = (
        ACCOUNTS,
        ACCOUNT_ADDRESSES,
        ACCOUNT_ROLES,
        SESSIONS,
        *PROFILE_VIEWS,
        OWN_ERASURES,
    )

    def keys(self, happened: Happened) -> Iterable[Ref]:
        if isinstance(happened.payload, PROFILE_EVENTS):
            return profile_refs(id_of(happened.stream), happened.payload)
        if isinstance(happened.payload, OWN_ERASURE_EVENTS):
            return [OWN_ERASURES.ref(id_of(happened.stream))]
        refs = [ACCOUNTS.ref(id_of(happened.stream))]
        match happened.payload:
            case AccountCreated(address):
                refs.append(ACCOUNT_ADDRESSES.ref(address))
            case AccountRemoved(address, sessions):
                id = id_of(happened.stream)
                refs += [ACCOUNT_ADDRESSES.ref(address), ACCOUNT_ROLES.ref(id), PROFILES.ref(id)]
                refs.append(OWN_ERASURES.ref(id))
                refs += [SESSIONS.ref(session) for session in sessions]
            case RolesChanged(_, sessions):
                refs.append(ACCOUNT_ROLES.ref(id_of(happened.stream)))
                refs += [SESSIONS.ref(session) for session in sessions]
            case SessionStarted(session):
                refs += [ACCOUNT_ROLES.ref(id_of(happened.stream)), SESSIONS.ref(session)]
            case SessionEnded(session):
                refs.append(SESSIONS.ref(session))
        return refs

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        if isinstance(happened.payload, PROFILE_EVENTS):
            return evolve_profile(documents, id, happened.payload)
        if isinstance(happened.payload, OWN_ERASURE_EVENTS):
            return evolve_own_erasure(id, happened.payload)
        match happened.payload:
            case AccountCreated(address):
                account = Account(
                    id=id, address=address, created_at=happened.time, unconfirmed=True
                )
                return [
                    Change(ACCOUNTS, id, account),
                    Change(ACCOUNT_ADDRESSES, address, AccountAddress(id)),
                ]
            case AccountRemoved(address, sessions):
                return [
                    Change(ACCOUNTS, id, DELETE),
                    Change(ACCOUNT_ADDRESSES, address, DELETE),
                    Change(ACCOUNT_ROLES, id, DELETE),
                    Change(PROFILES, id, DELETE),
                    Change(OWN_ERASURES, id, DELETE),
                    *[Change(SESSIONS, session, DELETE) for session in sessions],
                ]
            case RolesChanged(roles, sessions):
                after = AccountRoles(id, roles) if roles else DELETE
                return [
                    Change(ACCOUNT_ROLES, id, after),
                    *[
                        Change(
                            SESSIONS, one, msgspec.structs.replace(session, roles=roles or UNSET)
                        )
                        for one in sessions
                        if (session := documents[SESSIONS.ref(one)]) is not None
                    ],
                ]
            case SessionStarted(session, expires_at):
                started = LiveSession(session, happened.time, expires_at)
                account = documents[ACCOUNTS.ref(id)]
                confirmed = msgspec.structs.replace(account, unconfirmed=UNSET)
                given = documents[ACCOUNT_ROLES.ref(id)]
                begun = Session(id, expires_at, UNSET if given is None else given.roles)
                return [
                    _with_sessions(confirmed, (*account.sessions, started)),
                    Change(SESSIONS, session, begun),
                ]
            case SessionEnded(session):
                account = documents[ACCOUNTS.ref(id)]
                kept = tuple(live for live in account.sessions if live.id != session)
                return [_with_sessions(account, kept), Change(SESSIONS, session, DELETE)]
        return []


def _with_sessions(account: Account, sessions: tuple[LiveSession, ...]) -> Change:
    return Change(ACCOUNTS, account.id, msgspec.structs.replace(account, sessions=sessions))


class SignInFold:
    """Streams `sign_in-{digest of the address}`: the codes that are valid, and who asked."""

    views: tuple[View[Any], ...] = (SIGN_INS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [SIGN_INS.ref(id_of(happened.stream))]

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        id = id_of(happened.stream)
        before: SignIn = documents[SIGN_INS.ref(id)] or SignIn()
        match happened.payload:
            case CodeIssued() as issued:
                return [Change(SIGN_INS, id, _with_code(before, issued, happened.time))]
            case CodeMistyped() as mistyped:
                return [Change(SIGN_INS, id, _with_try(before, mistyped, happened.time))]
            case CodeAccepted(code_hash, asker):
                after = SignIn(
                    codes=tuple(c for c in before.codes if code_hash not in ("", c.code_hash)),
                    asked=tuple(one for one in before.asked if asker not in ("", one.asker)),
                )
                return [Change(SIGN_INS, id, after)]
        return []


def _with_code(before: SignIn, issued: CodeIssued, now: int) -> SignIn:
    """The new code replaces that of its place, and those that have expired."""
    kept = [code for code in before.codes if code.expires_at > now and code.place != issued.place]
    asked = recent(before, now)
    if issued.asker:
        asked += (Asked(issued.asker, now, issued.is_known),)
    code = Code(issued.code_hash, issued.expires_at, issued.place)
    return SignIn(codes=(*kept, code), asked=asked)


def _with_try(before: SignIn, mistyped: CodeMistyped, now: int) -> SignIn:
    """A wrong try counts for every code that was tried with it."""
    asker, place = mistyped.asker, mistyped.place
    codes = [
        msgspec.structs.replace(code, tries=(*code.tries, asker))
        if may_try(code, asker, place, now)
        else code
        for code in before.codes
    ]
    return SignIn(codes=tuple(codes), asked=before.asked)


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
