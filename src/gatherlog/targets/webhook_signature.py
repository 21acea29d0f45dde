"""Signatures of webhooks by Standard Webhooks 1.0: HMAC-SHA256 of id, time and body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["TOLERANCE", "is_signed", "secret_bytes", "secret_text", "signature"]

TOLERANCE: Final = 300
"""Seconds that the clocks of sender and receiver may differ; older requests are refused."""
SHORTEST: Final = 24
LONGEST: Final = 64
"""Bytes of a secret."""

_PREFIX: Final = "whsec_"


def secret_text(secret: bytes) -> str:
    """A secret as it is shown and configured: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secret).decode()


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret's text. Raises Invalid, without the text, unless they are 24 to 64."""
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(_PREFIX) or not SHORTEST <= len(secret) <= LONGEST:
        flaw = f"a secret reads {_PREFIX}, then {SHORTEST} to {LONGEST} bytes in base64"
        raise Invalid(Flaw("/secret", flaw))
    return secret


def signature(secrets: Sequence[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one `v1,<base64>` for each secret."""
    signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
    return " ".join(_v1(secret, signed) for secret in secrets)


def is_signed(
    secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: float
) -> bool:
    """Whether one of `secrets` signed this request within `TOLERANCE` of `now` (Unix seconds).

    `headers` have lower-case names; `body` is what was received, byte for byte.
    """
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    signed = b"%s.%s.%s" % (id.encode(), timestamp.encode(), body)
    given = [one.encode() for one in headers.get("webhook-signature", "").split(" ")]
    right = [_v1(secret, signed).encode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in given for other in right)


def _v1(secret: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
