"""Secret tokens of keys and sessions. The store keeps their SHA-256 only, so it opens nothing.

A token is a prefix that tells its kind, and 256 random bits in URL-safe Base64. Random bits need no
slow hash, and looking a hash up tells nothing by the time that it takes.
"""

import re
import secrets
from hashlib import sha256
from typing import Final

__all__ = ["KEY", "SESSION", "TokenKind", "token_hash"]

_RANDOM_BYTES: Final = 32


class TokenKind:
    """The tokens with one prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._form = re.compile(re.escape(prefix) + r"[A-Za-z0-9_-]{43}")

    def new(self) -> str:
        """A token that was never given before."""
        return self._prefix + secrets.token_urlsafe(_RANDOM_BYTES)

    def is_well_formed(self, text: str) -> bool:
        """Whether the text could be a token of this kind; if not, it need not be looked up."""
        return self._form.fullmatch(text) is not None


KEY: Final = TokenKind("glk_")
SESSION: Final = TokenKind("gls_")


def token_hash(token: str) -> str:
    """The SHA-256 of a token in hexadecimal: the id under which the store keeps what it opens."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
