"""Views of keys: one document per key, and one per live secret, found by its hash alone."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gatherlog.apps.people.events import KeyCreated, KeyRevoked
from gatherlog.core.store import DELETE, Ref
from gatherlog.core.views import Change, Happened, View

__all__ = ["API_KEYS", "KEY_SECRETS", "VIEWS", "ApiKey", "KeyFold", "KeySecret"]


class ApiKey(msgspec.Struct, frozen=True):
    """A key as its owner sees it: all but the secret. Times are microseconds since the epoch."""

    id: str
    role: str
    gathering_id: str | None
    name: str
    secret_hash: str
    created_at: int
    revoked_at: int | None = None


class KeySecret(msgspec.Struct, frozen=True):
    """What a live secret opens. The document's id is the secret's SHA-256 in hexadecimal."""

    key_id: str
    role: str
    gathering_id: str | None


API_KEYS = View("api_key", ApiKey, version=1)
KEY_SECRETS = View("api_key_secret", KeySecret, version=1)

VIEWS: tuple[View[Any], ...] = (API_KEYS, KEY_SECRETS)


class KeyFold:
    """Streams `key-{id}` as documents."""

    views = VIEWS

    def keys(self, happened: Happened) -> Iterable[Ref]:
        event = happened.payload
        return [API_KEYS.ref(event.key_id), KEY_SECRETS.ref(event.secret_hash)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        event = happened.payload
        if isinstance(event, KeyCreated):
            key = ApiKey(
                id=event.key_id,
                role=event.role,
                gathering_id=event.gathering_id,
                name=event.name,
                secret_hash=event.secret_hash,
                created_at=happened.time,
            )
            secret = KeySecret(event.key_id, event.role, event.gathering_id)
            return [
                Change(API_KEYS, key.id, key),
                Change(KEY_SECRETS, event.secret_hash, secret),
            ]
        if isinstance(event, KeyRevoked):
            key = documents[API_KEYS.ref(event.key_id)]
            revoked = msgspec.structs.replace(key, revoked_at=happened.time)
            return [
                Change(API_KEYS, key.id, revoked),
                Change(KEY_SECRETS, event.secret_hash, DELETE),
            ]
        return []
