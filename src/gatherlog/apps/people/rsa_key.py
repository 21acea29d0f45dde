"""The site's key as an RSA key: RS256 signatures, and digests with a secret derived from it.

Its library is slow to import: import this module only where a key is needed.
"""

import hmac
import warnings
from hashlib import sha256
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from gatherlog.core.eventstore.errors import Unauthenticated

__all__ = ["BITS", "RsaKey"]

BITS: Final = 2048
_ALGORITHM: Final = "RS256"


class RsaKey:
    """A `SiteKey`. The secret of the digests is derived, so the private key is all to be kept."""

    def __init__(self, key: RSAKey) -> None:
        self._key = key
        self._header = {"typ": "JWT", "alg": _ALGORITHM, "kid": key.thumbprint()}
        private = key.as_der(private=True)
        self._secret = hmac.digest(private, b"gatherlog digests", "sha256")

    @classmethod
    def generate(cls) -> "RsaKey":
        return cls(RSAKey.generate_key(BITS, private=True))

    @classmethod
    def from_pem(cls, pem: bytes) -> "RsaKey":
        """Raises ValueError, without any of the content, for what is no private RSA key."""
        try:
            with warnings.catch_warnings():  # of short keys, which are refused below
                warnings.simplefilter("ignore")
                key = RSAKey.import_key(pem)
            bits = 0 if key.private_key is None else key.private_key.key_size
        except (JoseError, ValueError, TypeError):
            raise ValueError("not a private RSA key in PEM") from None
        if bits < BITS:
            raise ValueError(f"not a private RSA key of {BITS} bits or more")
        return cls(key)

    def pem(self) -> bytes:
        """The private key, unencrypted (PKCS #8): for the key file and nothing else."""
        return self._key.as_pem(private=True)

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(self._header, claims, self._key, [_ALGORITHM])

    def verified(self, token: str) -> dict[str, Any]:
        """As `SiteKey`; the header must be exactly the one that `sign` writes."""
        try:
            read = jwt.decode(token, self._key, [_ALGORITHM])
        except (JoseError, ValueError):
            raise Unauthenticated("This token was not made here.") from None
        if read.header != self._header:
            raise Unauthenticated("This token was not made here.")
        return read.claims

    def public(self) -> dict[str, Any]:
        public = self._key.as_dict(private=False)
        return {**public, "kid": self._header["kid"], "use": "sig", "alg": _ALGORITHM}

    def digest(self, purpose: str, text: str) -> str:
        message = f"{purpose}\0{text}".encode()
        return hmac.new(self._secret, message, sha256).hexdigest()
