"""Keys of the interface: made, checked on every request, revoked."""

import hashlib
import re
import secrets
from typing import Final

import msgspec

from gatherlog.apps.people.events import CODEC, KeyCreated, KeyRevoked
from gatherlog.apps.people.folds import KeyFold
from gatherlog.apps.people.policy import Actor, Role
from gatherlog.apps.people.views import ACCOUNTS, API_KEYS, KEY_SECRETS, ApiKey
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.store import Store

__all__ = ["CreatedKey", "KeyService"]

PREFIX: Final = "glk_"
SECRET_BYTES: Final = 32
NAME_LENGTH: Final = 100
KEY_ROLES: Final = (Role.OPERATOR, Role.HOST, Role.MEMBER, Role.ORGANISER, Role.REVIEWER)
OF_ACCOUNT: Final = frozenset({Role.MEMBER, Role.ORGANISER, Role.REVIEWER})
"""Roles whose keys act for an account, and for nothing else."""
_SECRET = re.compile(r"glk_[A-Za-z0-9_-]{43}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class CreatedKey(msgspec.Struct, frozen=True):
    """A new key. `secret` exists here and nowhere else: show it once."""

    id: str
    secret: str


class KeyService:
    """API keys: 256 random bits, kept as their SHA-256, so that a stolen store opens nothing.

    Random bits need no slow hash; and looking a hash up tells nothing by its timing.
    """

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, KeyFold(), clock=clock, ids=ids)

    async def create(
        self,
        role: str,
        gathering_id: str | None,
        name: str,
        *,
        actor: str,
        account_id: str | None = None,
    ) -> CreatedKey:
        """Make a key: a host's is bound to one gathering, and to an account at will; a member's,
        organiser's or reviewer's acts for an account; an operator's may. Else Invalid.
        """
        flaws = _flaws(role, gathering_id, name, account_id)
        if flaws:
            raise Invalid(*flaws)
        key_id, secret = self._ids(), PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        event = KeyCreated(key_id, role, gathering_id, name, _hash(secret), account_id)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [Decided(event, subject=key_id)]

        await self._handler.handle(_stream(key_id), attempt, meta=_meta(actor))
        return CreatedKey(key_id, secret)

    async def authenticate(self, secret: str) -> Actor | None:
        """Whom a secret stands for, at the price of one point read; None if it opens nothing.

        A second one looks whether the account is still there, for a key that acts for one.
        """
        if not _SECRET.fullmatch(secret):
            return None
        [document] = await self._store.get(KEY_SECRETS.name, [_hash(secret)])
        key = KEY_SECRETS.read(document)
        if key is None:
            return None
        if key.account_id is not None:
            [account] = await self._store.get(ACCOUNTS.name, [key.account_id])
            if account is None:
                return None
        return Actor("key", key.key_id, Role(key.role), key.gathering_id, key.account_id)

    async def key(self, key_id: str) -> ApiKey:
        """A key without its secret; NotFound if there never was one."""
        [document] = await self._store.get(API_KEYS.name, [key_id])
        key = API_KEYS.read(document)
        if key is None:
            raise NotFound(f"there is no key {key_id!r}")
        return key

    async def keys(self) -> list[ApiKey]:
        """All keys that ever were, without their secrets, oldest first; the revoked ones too."""
        keys: list[ApiKey] = []
        after, size = "", self._store.limits.page
        while documents := await self._store.scan(API_KEYS.name, after=after, limit=size):
            keys += [key for document in documents if (key := API_KEYS.read(document)) is not None]
            after = documents[-1].id
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    async def revoke(self, key_id: str, *, actor: str) -> None:
        """The key opens nothing any more; again does nothing. NotFound if there never was one."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            key = await unit.get(API_KEYS, key_id)
            if key is None:
                raise NotFound(f"there is no key {key_id!r}")
            if key.revoked_at is not None:
                return []
            return [Decided(KeyRevoked(key_id, key.secret_hash), subject=key_id)]

        await self._handler.handle(_stream(key_id), attempt, meta=_meta(actor))


def _flaws(role: str, gathering_id: str | None, name: str, account_id: str | None) -> list[Flaw]:
    flaws = []
    if role not in KEY_ROLES:
        flaws.append(Flaw("/role", f"{role!r} is no role of a key; use {' or '.join(KEY_ROLES)}"))
    elif role == Role.HOST and not gathering_id:
        flaws.append(Flaw("/gathering_id", "a host's key needs the gathering that it is for"))
    elif role == Role.OPERATOR and gathering_id is not None:
        flaws.append(Flaw("/gathering_id", "an operator's key is for all gatherings"))
    elif role in OF_ACCOUNT:
        if gathering_id is not None:
            flaws.append(Flaw("/gathering_id", "this key is for whatever its account may do"))
        if not account_id:
            flaws.append(Flaw("/account_id", f"a key of a {role} needs the account that it is for"))
    if len(name) > NAME_LENGTH or _CONTROL.search(name):
        flaws.append(Flaw("/name", f"at most {NAME_LENGTH} characters, none of them control"))
    return flaws


def _stream(key_id: str) -> str:
    return f"key-{key_id}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _meta(actor: str) -> bytes:
    return msgspec.json.encode({"actor": actor})
