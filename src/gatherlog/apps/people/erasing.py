"""What there is of an account, and how it is removed: this app's part in erasing a person."""

from contextlib import suppress

from gatherlog.apps.people.accounts import AccountService
from gatherlog.apps.people.profile_views import PROFILES
from gatherlog.apps.people.views import ACCOUNTS, API_KEYS
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import all_documents
from gatherlog.core.retention import Kind, Traces, quoted

__all__ = ["AccountErasing"]


class AccountErasing:
    """An `ErasingPart`: accounts with their addresses, profiles, handles, sessions and keys.

    The handle is free again, and so is the address.
    """

    def __init__(self, store: Store, accounts: AccountService) -> None:
        self._store = store
        self._accounts = accounts

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if kind != "account" or not await self._store.read_stream(f"account-{id}", limit=1):
            return None
        streams = [f"account-{id}", *[f"key-{key}" for key in await self._keys(id)]]
        return Traces(streams=tuple(streams), texts=await self._texts(id))

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        if kind == "account":
            with suppress(NotFound):
                await self._accounts.remove(id, actor=by)

    async def _keys(self, account_id: str) -> list[str]:
        found = [API_KEYS.read(one) async for one in all_documents(self._store, API_KEYS.name)]
        return [key.id for key in found if key is not None and key.account_id == account_id]

    async def _texts(self, id: str) -> tuple[str, ...]:
        """By what an answer that is stored, or somebody's enquiry, may name the account."""
        stored = await self._store.get([ACCOUNTS.ref(id), PROFILES.ref(id)])
        account, profile = ACCOUNTS.read(stored[0]), PROFILES.read(stored[1])
        found = [None if account is None else account.address]
        if profile is not None:
            found += [profile.handle, profile.display_name]
        return tuple(quoted(text) for text in found if text)
