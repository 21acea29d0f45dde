"""Moving up from the waiting list in further commits, where the command's own did not suffice.

A commit can hold only so many promotions, and a crash between two commits may leave some undone.
"""

from collections.abc import Sequence
from functools import partial

from gatherlog.apps.guests.fold import stream_of
from gatherlog.apps.guests.loading import load_gathering
from gatherlog.apps.guests.seating import Seating
from gatherlog.apps.guests.views import GATHERINGS, WAITING_LISTS
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.places import Room
from gatherlog.core.commands.seating import Places
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import ViewNotBuilt
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.projections.paging import documents

__all__ = ["Promotion"]


class Promotion:
    """Lets guests move up who wait and fit, in as many commits as it takes."""

    def __init__(self, store: Store, places: Places, seating: Seating) -> None:
        self._store = store
        self._places = places
        self._seating = seating

    async def move_up(self, unit: UnitOfWork, gathering_id: str) -> Sequence[Decided]:
        """The attempt at letting guests of one gathering move up in one commit. Raises NotFound."""
        await unit.load((GATHERINGS, gathering_id), (WAITING_LISTS, gathering_id))
        gathering = await load_gathering(unit, gathering_id)
        return await self._seating.move_up(unit, gathering)

    async def promote_everywhere(self, actor: str) -> int:
        """Let guests of all gatherings move up; how many did.

        Only gatherings in which somebody who waits fits are loaded one by one. Nothing is done if
        the index of waiting lists has yet to be rebuilt; the next commands do it then.
        """
        query = WAITING_LISTS.query("by_waiting", "all", limit=1000)
        try:
            waiting_lists = [one async for one in documents(self._store, query)]
        except ViewNotBuilt:
            return 0
        moved = 0
        for gathering_id in await self._with_room(waiting_lists):
            move_up = partial(self.move_up, gathering_id=gathering_id)
            stream = stream_of(gathering_id)
            moved += await self._places.promote_the_rest(stream, move_up, actor=actor)
        return moved

    async def _with_room(self, waiting_lists: Sequence[Document]) -> list[str]:
        """The gatherings among these in which somebody who waits fits."""
        ids = [document.id for document in waiting_lists]
        found = []
        gatherings = await self._store.get([GATHERINGS.ref(id) for id in ids])
        for waiting_list, document in zip(waiting_lists, gatherings, strict=True):
            gathering, waiting = GATHERINGS.read(document), WAITING_LISTS.read(waiting_list)
            if document is None or gathering is None or waiting is None or gathering.gone:
                continue
            room = Room(gathering.max_guests, document.counters.get("seats", 0))
            if any(room.fits(unit.people) for unit in waiting.units):
                found.append(gathering.id)
        return found
