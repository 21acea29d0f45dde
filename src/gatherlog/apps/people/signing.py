"""What a site's own key does: signs tokens, checks them, and digests what could be guessed."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

__all__ = ["KeySource", "SiteKey"]


class SiteKey(Protocol):
    """The one secret of a site; it is never in the log."""

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with these claims (RFC 7519), signed with RS256, naming the key."""
        ...

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed; Unauthenticated for any other text.

        Says nothing about whether the claims still hold.
        """
        ...

    def digest(self, purpose: str, text: str) -> str:
        """64 hexadecimal digits that nobody can compute, or turn back, without the key."""
        ...


KeySource = Callable[[], Awaitable[SiteKey]]
"""Gives the site's key, always the same; the first time it may have to be read or made."""
