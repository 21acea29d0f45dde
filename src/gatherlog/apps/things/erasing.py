"""What an account has of things to do, and how it is removed: this app's part in erasing."""

from gatherlog.apps.things.service import ThingService
from gatherlog.core.eventstore.store import Store
from gatherlog.core.retention import Kind, Traces, quoted

__all__ = ["FamilyErasing"]


class FamilyErasing:
    """An `ErasingPart`: an account's children, favourites and bookings, and its organiser's name.

    Things that were published stay, without a name of their organiser. Bookings are cancelled, and
    hold ids only.
    """

    def __init__(self, store: Store, things: ThingService) -> None:
        self._store = store
        self._things = things

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if kind != "account":
            return None
        streams = (f"family-{id}", f"organiser-{id}")
        there = [one for one in streams if await self._store.read_stream(one, limit=1)]
        if not there:
            return None
        children = await self._things.children(id)
        return Traces(streams=tuple(there), texts=tuple(quoted(child.name) for child in children))

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        if kind == "account":
            await self._things.forget_account(id, actor=by)
