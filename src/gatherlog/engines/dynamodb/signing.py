"""Requests signed with AWS Signature Version 4, as DynamoDB demands of each."""

import hmac
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from typing import Final, NamedTuple

__all__ = ["Credentials", "signed_head"]

_SERVICE: Final = "dynamodb"
_TYPE: Final = "application/x-amz-json-1.0"
_TARGET: Final = "DynamoDB_20120810."


class Credentials(NamedTuple):
    """What a request is signed with."""

    access_key: str
    secret_key: str
    token: str | None


def signed_head(
    credentials: Credentials, *, host: str, region: str, operation: str, body: bytes, now: float
) -> bytes:
    """The head of a request with this body, signed at `now`, in seconds since the epoch."""
    stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    headers = [("content-type", _TYPE), ("host", host), ("x-amz-date", stamp)]
    if credentials.token is not None:
        headers.append(("x-amz-security-token", credentials.token))
    headers.append(("x-amz-target", _TARGET + operation))
    names = ";".join([name for name, _ in headers])
    lines = "".join([f"{name}:{value}\n" for name, value in headers])
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    hashed = sha256(request.encode()).hexdigest()
    key = _signing_key(credentials.secret_key, stamp[:8], region)
    signature = _mac(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}").hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    sent = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return (
        f"POST / HTTP/1.1\r\n{sent}authorization: {authorization}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()


@lru_cache(maxsize=16)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    """The key of one day, region and service."""
    key = ("AWS4" + secret).encode()
    for part in (day, region, _SERVICE, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
