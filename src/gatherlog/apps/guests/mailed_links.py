"""The link in a guest's letter, which opens the invitation as the guest's own link does.

The secret of a guest's link is not stored, so no letter could repeat it. A letter has a link of its
own instead: the guest's id, and a digest of it, of the present link and of the address, which
needs the site's key. It ends with the link and the address that the guest has, and opens only the
invitation: no login, no page of hosts.
"""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final

from gatherlog.apps.guests.answers import LinkHolder
from gatherlog.apps.guests.views import GUESTS, Guest
from gatherlog.core.commands.service import read
from gatherlog.core.commands.text import folded_email
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Store

__all__ = ["MailedLinks"]

_MARK: Final = "mail."
"""How the tokens begin; those of other links have no full stop."""
_DIGITS: Final = 40


class MailedLinks:
    """Makes and reads the links in letters."""

    def __init__(self, store: Store, digest: Callable[[str], Awaitable[str]], site: str) -> None:
        self._store = store
        self._digest = digest
        self._site = site

    async def url(self, guest: Guest) -> str:
        """The URL of the guest's invitation; the same until the guest has a new link or address."""
        return f"{self._site}/r/{_MARK}{guest.id}.{await self._seal(guest)}"

    @staticmethod
    def is_mailed(token: str) -> bool:
        """Whether the token is of this kind, valid or not."""
        return token.startswith(_MARK)

    async def holder(self, token: str) -> LinkHolder:
        """The guest of a token. Raises NotFound for any other text, and when the link has ended."""
        guest_id, _, seal = token.removeprefix(_MARK).rpartition(".")
        guest = await read(self._store, GUESTS, guest_id) if guest_id and seal.isascii() else None
        if guest is None or not compare_digest(seal, await self._seal(guest)):
            raise NotFound("this link is unknown, or was replaced by a newer one")
        return LinkHolder(guest.gathering_id, guest.id)

    async def _seal(self, guest: Guest) -> str:
        address = folded_email(guest.email or "")
        return (await self._digest(f"{guest.id} {guest.link or ''} {address}"))[:_DIGITS]
