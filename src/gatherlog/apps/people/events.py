"""What happens to keys. The log never has a secret, only its SHA-256, which opens nothing."""

import msgspec

from gatherlog.core.events import Codec, event_type

__all__ = ["CODEC", "KeyCreated", "KeyRevoked"]


@event_type("people.key_created")
class KeyCreated(msgspec.Struct, frozen=True):
    """A key was made; its secret was shown once."""

    key_id: str
    role: str
    gathering_id: str | None
    name: str
    secret_hash: str


@event_type("people.key_revoked")
class KeyRevoked(msgspec.Struct, frozen=True):
    """A key opens nothing any more."""

    key_id: str
    secret_hash: str


CODEC = Codec([KeyCreated, KeyRevoked])
