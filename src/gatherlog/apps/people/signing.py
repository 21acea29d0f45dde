"""The site's key: it signs tokens, verifies them, and makes digests of what could be guessed."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

__all__ = ["KeySource", "SiteKey"]


class SiteKey(Protocol):
    """The secret of a site. It is never in the log or in the store."""

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with these claims (RFC 7519), signed with RS256; its header names the key."""
        ...

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed. Raises Unauthenticated for any other text.

        The claims themselves, such as the expiry, are not checked.
        """
        ...

    def public(self) -> dict[str, Any]:
        """The public key as a JWK (RFC 7517), by which others verify tokens."""
        ...

    def digest(self, purpose: str, text: str) -> str:
        """A keyed digest of 64 hexadecimal digits; each purpose gives other ones."""
        ...


KeySource = Callable[[], Awaitable[SiteKey]]
"""Gives the site's key, always the same one. The first call may have to read or create it."""
