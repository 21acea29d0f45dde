"""Profiles of members: display name, handle, time zone, language, quiet hours, read receipts."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import UNSET

from gatherlog.apps.people.events import CODEC
from gatherlog.apps.people.folds import AccountFold
from gatherlog.apps.people.profile_decisions import (
    ProfilePatch,
    changes,
    checked_patch,
    folded_handle,
    is_handle,
    release,
    take_handle,
)
from gatherlog.apps.people.profile_views import HANDLES, PROFILES, Profile
from gatherlog.apps.people.views import ACCOUNTS
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, no_such, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Document, Ref, Store

__all__ = ["Known", "ProfileService", "known_from", "refs_of"]


class Known(msgspec.Struct, frozen=True):
    """An account that exists, with its profile."""

    id: str
    address: str
    profile: Profile


class ProfileService:
    """Every account has a profile, of defaults until its member changes it.

    Handles are unique. One that an account has given up is kept from others for a while
    (`profile_decisions.KEPT`), and one of an account that was removed for good, so that nobody is
    mistaken for somebody else.
    """

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._handler = CommandHandler(store, CODEC, AccountFold(), clock=clock, ids=ids)

    async def profile(self, account_id: str) -> Profile:
        """Raises NotFound if there is no such account."""
        known = await self.known([account_id])
        if account_id not in known:
            raise no_such("account", account_id)
        return known[account_id].profile

    async def known(self, ids: Collection[str]) -> Mapping[str, Known]:
        """Those of these accounts that exist, in one round trip."""
        wanted = list(ids)
        return known_from(wanted, await self._store.get(refs_of(wanted))) if wanted else {}

    async def by_handle(self, handle: str) -> str | None:
        """The account that has this handle now, without regard to case; None if none has."""
        if not is_handle(handle):
            return None
        owner = await read(self._store, HANDLES, folded_handle(handle))
        return None if owner is None or owner.kept_until is not None else owner.account_id

    async def change(self, account_id: str, patch: ProfilePatch, *, actor: str) -> Profile:
        """Change a profile. Raises Invalid, HandleTaken, and NotFound if there is no account."""
        changed, handle = checked_patch(patch)
        if isinstance(handle, str):
            await self._release(handle, account_id, actor)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            owners = [(HANDLES, handle)] if isinstance(handle, str) else []
            await unit.load((ACCOUNTS, account_id), (PROFILES, account_id), *owners)
            if await unit.get(ACCOUNTS, account_id) is None:
                raise no_such("account", account_id)
            before = await unit.get(PROFILES, account_id) or Profile()
            owner = await unit.get(HANDLES, handle) if isinstance(handle, str) else None
            events = changes(before, changed)
            if handle is not UNSET:
                events += take_handle(before.handle, handle, owner, account_id, unit.now)
            return about("", events)

        handled = await run(self._handler, f"account-{account_id}", attempt, actor=actor)
        profile: Profile = handled.bodies[PROFILES.ref(account_id)] or Profile()
        return profile

    async def _release(self, handle: str, account_id: str, actor: str) -> None:
        """Let a handle go that another account gave up more than KEPT ago.

        Its document is that account's, so it takes a commit of its own before it can be taken.
        """
        owner = await read(self._store, HANDLES, handle)
        if owner is None or owner.account_id == account_id or owner.kept_until is None:
            return

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            kept = await unit.get(HANDLES, handle)
            return about("", release(handle, kept if kept == owner else None, unit.now))

        await run(self._handler, f"account-{owner.account_id}", attempt, actor=actor)


def refs_of(ids: Sequence[str]) -> list[Ref]:
    """The documents of which `known_from` makes what is known of these accounts."""
    return [*map(ACCOUNTS.ref, ids), *map(PROFILES.ref, ids)]


def known_from(ids: Sequence[str], found: Sequence[Document | None]) -> dict[str, Known]:
    """Those of these accounts that exist, from what was found of the documents of `refs_of`."""
    known = {}
    for id, one, other in zip(ids, found, found[len(ids) :], strict=False):
        account, profile = ACCOUNTS.recall(one), PROFILES.recall(other)
        if account is not None:
            known[id] = Known(id, account.address, profile or Profile())
    return known
