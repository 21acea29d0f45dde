"""Commands and questions about the links by which guests answer."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

from gatherlog.apps.guests import decisions
from gatherlog.apps.guests.answers import LinkHolder
from gatherlog.apps.guests.commands import Commands
from gatherlog.apps.guests.importing import chunk_size
from gatherlog.apps.guests.loading import load_gathering, load_guest
from gatherlog.apps.guests.views import GATHERINGS, GUEST_LINKS, GUESTS, Guest
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import about, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.giving_way import gently

__all__ = ["LinkCommands"]

TOKEN_BYTES = 32
"""Random bytes of a token: 256 bits."""


class LinkCommands(Commands):
    """Part of `GuestService`; what all of its commands have in common is documented there."""

    async def issue_link(
        self,
        gathering_id: str,
        guest_id: str,
        *,
        actor: str,
        names_co_hosts: bool = False,
        once: Once | None = None,
    ) -> str:
        """A new secret token for a guest's link, in URL-safe Base64; it ends the one before.

        Only the token's hash is stored, so it cannot be shown again. `names_co_hosts` says whether
        the actor may name co-hosts: otherwise raises IsCoHost for a co-host, and the link opens no
        pages of hosts, should the guest become one later.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load(
                (GUESTS, guest_id), (GATHERINGS, gathering_id), (GUEST_LINKS, _hash(token))
            )
            _, guest = await load_guest(unit, gathering_id, guest_id)
            decided = decisions.issue_link(guest, _hash(token), names_co_hosts=names_co_hosts)
            return about(guest_id, decided)

        await self._run(gathering_id, attempt, actor, once)
        return token

    async def issue_links(
        self,
        gathering_id: str,
        guest_ids: Sequence[str],
        *,
        anew: bool,
        actor: str,
        names_co_hosts: bool = False,
    ) -> dict[str, str]:
        """New tokens by guest id, as of `issue_link`. Guests who were removed are left out.

        Unless `anew`, guests who have a link keep it and are left out; and unless the actor may
        name co-hosts, co-hosts are. The guests are divided into chunks, each of which is one
        commit.
        """
        made: dict[str, str] = {}
        size = chunk_size(self._store.limits)
        for start in range(0, len(guest_ids), size):
            some = guest_ids[start : start + size]
            made |= await self._issue_some(gathering_id, some, anew, actor, names_co_hosts)
        return made

    async def _issue_some(
        self,
        gathering_id: str,
        guest_ids: Sequence[str],
        anew: bool,
        actor: str,
        names_co_hosts: bool,
    ) -> dict[str, str]:
        tokens: dict[str, str] = {}

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((GATHERINGS, gathering_id), *[(GUESTS, id) for id in guest_ids])
            await load_gathering(unit, gathering_id)
            tokens.clear()
            decided: list[Decided] = []
            async for guest in gently(await unit.get_all(GUESTS, guest_ids)):
                if guest is None or guest.gathering_id != gathering_id:
                    continue
                if _lacks(guest, anew) and (names_co_hosts or not guest.is_co_host):
                    tokens[guest.id] = secrets.token_urlsafe(TOKEN_BYTES)
                    link = _hash(tokens[guest.id])
                    issued = decisions.issue_link(guest, link, names_co_hosts=names_co_hosts)
                    decided += about(guest.id, issued)
            return decided

        await self._run(gathering_id, attempt, actor)
        return tokens

    async def guest_by_link(self, token: str) -> LinkHolder:
        """The guest of a token. Raises NotFound if the token is unknown or was replaced, or if the
        guest or the gathering was removed."""
        holder = await self.link_holder(token)
        await self._present(holder.gathering_id)
        return holder

    async def link_holder(self, token: str) -> LinkHolder:
        """As `guest_by_link`, for callers who then read the guest: the gathering may be removed."""
        link = await read(self._store, GUEST_LINKS, _hash(token))
        if link is None:
            raise NotFound("this link is unknown, or was replaced by a newer one")
        return LinkHolder(link.gathering_id, link.guest_id)


def _lacks(guest: Guest, anew: bool) -> bool:
    return anew or guest.link is None


def _hash(token: str) -> str:
    """The id of a token's `GuestLink`; the token itself is not stored."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
