"""Links in mail that end such mail with one request, without signing in.

They open nothing else: a link is the account's id and a digest of it that needs the site's key.
"""

from hmac import compare_digest
from typing import Final

from gatherlog.apps.people.signing import KeySource
from gatherlog.core.eventstore.errors import NotFound

__all__ = ["MailLinks"]

_DIGITS: Final = 40


class MailLinks:
    """Makes and reads the tokens of such links."""

    def __init__(self, key: KeySource) -> None:
        self._key = key

    async def token(self, account_id: str) -> str:
        """The token for an account, always the same one."""
        return f"{account_id}.{await self._seal(account_id)}"

    async def account(self, token: str) -> str:
        """The account of a token. Raises NotFound for any text that is no such token."""
        account_id, _, seal = token.rpartition(".")
        if not account_id or not seal.isascii():
            raise NotFound("This link is not valid.")
        if not compare_digest(seal, await self._seal(account_id)):
            raise NotFound("This link is not valid.")
        return account_id

    async def _seal(self, account_id: str) -> str:
        return (await self._key()).digest("unsubscribe", account_id)[:_DIGITS]
