"""What there is of an account, and how it is removed: this app's part in erasing a person."""

from contextlib import suppress

from gatherlog.apps.people.accounts import AccountService
from gatherlog.apps.people.events import CODEC, AccountCreated
from gatherlog.apps.people.profile_views import PROFILES
from gatherlog.apps.people.views import API_KEYS
from gatherlog.core.commands.service import read
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import all_documents, stream_events
from gatherlog.core.retention import Kind, Traces, quoted

__all__ = ["AccountErasing"]

_CREATED = event_type_of(AccountCreated)


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
        addresses = await self._addresses(id)
        texts = addresses + await self._names(id)
        return Traces(streams=tuple(streams), texts=texts, addresses=addresses)

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        if kind == "account":
            with suppress(NotFound):
                await self._accounts.remove(id, actor=by)

    async def _keys(self, account_id: str) -> list[str]:
        found = [API_KEYS.read(one) async for one in all_documents(self._store, API_KEYS.name)]
        return [key.id for key in found if key is not None and key.account_id == account_id]

    async def _addresses(self, id: str) -> tuple[str, ...]:
        """Under what the account may have sent something; also if it was removed before."""
        events = [
            CODEC.decode(event)
            async for event in stream_events(self._store, f"account-{id}")
            if event.type == _CREATED and not event.is_blank
        ]
        return tuple(quoted(event.address) for event in events)

    async def _names(self, id: str) -> tuple[str, ...]:
        """By what an answer that is stored may name the account, beside its address."""
        profile = await read(self._store, PROFILES, id)
        found = () if profile is None else (profile.handle, profile.display_name)
        return tuple(quoted(text) for text in found if text)
