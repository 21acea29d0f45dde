"""API keys: created, checked on every request, revoked."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from gatherlog.apps.people.events import CODEC, KeyCreated, KeyRevoked
from gatherlog.apps.people.folds import KeyFold
from gatherlog.apps.people.policy import Actor, Role
from gatherlog.apps.people.tokens import KEY, token_hash
from gatherlog.apps.people.views import ACCOUNTS, API_KEYS, KEY_SECRETS, ApiKey
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, no_such, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.projections.paging import all_documents

__all__ = ["CreatedKey", "KeyService"]

NAME_LENGTH: Final = 100
KEY_ROLES: Final = (
    Role.OPERATOR,
    Role.HOST,
    Role.MEMBER,
    Role.ORGANISER,
    Role.REVIEWER,
    Role.INTAKE,
)
OF_ACCOUNT: Final = frozenset({Role.MEMBER, Role.ORGANISER, Role.REVIEWER})
"""Roles whose keys act for an account and have no gathering of their own."""
MOST_LOGS: Final = 100
LOG: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class CreatedKey(msgspec.Struct, frozen=True):
    """A new key. Its secret is kept nowhere else: show it once."""

    id: str
    secret: str


class KeyService:
    """The API keys of one store; see `tokens` for how their secrets are kept."""

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
        logs: Sequence[str] = (),
    ) -> CreatedKey:
        """Create a key. Raises Invalid where the role does not match what the key is for.

        A host's key needs a gathering, and may act for an account. The key of a member, organiser
        or reviewer needs an account and has no gathering. An operator's key has no gathering, and
        may act for an account. An intake's key sends records to `logs`, and has neither.
        """
        flaws = [*_flaws(role, gathering_id, name, account_id), *_flaws_of_logs(role, logs)]
        if flaws:
            raise Invalid(*flaws)
        key_id, secret = self._ids(), KEY.new()
        sends_to = tuple(dict.fromkeys(logs))
        event = KeyCreated(
            key_id, role, gathering_id, name, token_hash(secret), account_id, sends_to
        )

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return about(key_id, [event])

        await run(self._handler, _stream(key_id), attempt, actor=actor)
        return CreatedKey(key_id, secret)

    async def authenticate(self, secret: str) -> Actor | None:
        """The actor that a key's secret stands for; None if the secret is not valid.

        It takes one point read, and a second one where the key acts for an account: the key is
        valid only as long as that account exists.
        """
        if not KEY.is_well_formed(secret):
            return None
        key = await read(self._store, KEY_SECRETS, token_hash(secret))
        if key is None:
            return None
        if key.account_id is not None:
            [account] = await self._store.get([ACCOUNTS.ref(key.account_id)])
            if account is None:
                return None
        logs = frozenset[str]() if key.logs is UNSET else frozenset(key.logs)
        return Actor("key", key.key_id, Role(key.role), key.gathering_id, key.account_id, logs=logs)

    async def keys(self) -> list[ApiKey]:
        """All keys, the revoked ones too, without their secrets, oldest first."""
        found = all_documents(self._store, API_KEYS.name)
        keys = [key async for one in found if (key := API_KEYS.read(one)) is not None]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    async def revoke(self, key_id: str, *, actor: str) -> None:
        """Make a key invalid for good. Repeating it does nothing. Raises NotFound."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            key = await unit.get(API_KEYS, key_id)
            if key is None:
                raise no_such("key", key_id)
            if key.revoked_at is not None:
                return []
            return about(key_id, [KeyRevoked(key_id, key.secret_hash)])

        await run(self._handler, _stream(key_id), attempt, actor=actor)


def _flaws(role: str, gathering_id: str | None, name: str, account_id: str | None) -> list[Flaw]:
    flaws = []
    if role not in KEY_ROLES:
        flaws.append(
            Flaw("/role", f"{role!r} is not a role of a key; use {' or '.join(KEY_ROLES)}")
        )
    elif role == Role.HOST and not gathering_id:
        flaws.append(Flaw("/gathering_id", "a host's key needs the gathering that it is for"))
    elif role == Role.OPERATOR and gathering_id is not None:
        flaws.append(Flaw("/gathering_id", "an operator's key is for all gatherings"))
    elif role == Role.INTAKE and (gathering_id or account_id):
        flaws.append(Flaw("/role", "an intake's key is for logs alone"))
    elif role in OF_ACCOUNT:
        if gathering_id is not None:
            flaws.append(Flaw("/gathering_id", "this key is for whatever its account may do"))
        if not account_id:
            flaws.append(Flaw("/account_id", f"a key of a {role} needs the account that it is for"))
    if len(name) > NAME_LENGTH or _CONTROL.search(name):
        flaws.append(Flaw("/name", f"at most {NAME_LENGTH} characters, none of them control"))
    return flaws


def _flaws_of_logs(role: str, logs: Sequence[str]) -> list[Flaw]:
    if role != Role.INTAKE:
        return [Flaw("/logs", "go with the role intake")] if logs else []
    if not 1 <= len(logs) <= MOST_LOGS:
        return [Flaw("/logs", f"an intake's key needs the logs that it is for, 1 to {MOST_LOGS}")]
    bad = [log for log in logs if not LOG.fullmatch(log)]
    detail = "a log is named with up to 63 of a-z, 0-9 and _, beginning with a letter"
    return [Flaw("/logs", f"{bad[0]!r}: {detail}")] if bad else []


def _stream(key_id: str) -> str:
    return f"key-{key_id}"


def _id(document: Document) -> str:
    return document.id
