"""How commands on guest lists are carried out: one commit, then further promotions if need be."""

from functools import partial

from gatherlog.apps.guests.account_counts import TOGETHER
from gatherlog.apps.guests.account_figures import AccountFigures
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import stream_of
from gatherlog.apps.guests.joint_answers import JointAnswers
from gatherlog.apps.guests.promotion import Promotion
from gatherlog.apps.guests.quotas import Quotas
from gatherlog.apps.guests.seating import Seating
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, WAITING_LISTS, Gathering, Guest
from gatherlog.core.commands.handler import Attempt, CommandHandler, Handled, Once
from gatherlog.core.commands.seating import Places
from gatherlog.core.commands.service import Stored, no_such
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Document, Store

__all__ = ["Commands"]


class Commands:
    """The base of `GuestService`: runs its commands, and finds the gathering of its questions."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        quotas: Quotas = Quotas(),  # noqa: B008 - frozen
        sends_letters: bool = False,
    ) -> None:
        self._store = store
        self._quotas = quotas
        self._sends_letters = sends_letters
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, TOGETHER, clock=clock, ids=ids)
        self._figures = AccountFigures(store, quotas)
        self._places = Places(self._handler, GATHERINGS, WAITING_LISTS)
        self._seating = Seating(self._places, store.limits, ids)
        self._joint = JointAnswers(store, self._seating)
        self._promotion = Promotion(store, self._places, self._seating)

    async def _run(
        self, gathering_id: str, attempt: Attempt, actor: str, once: Once | None = None
    ) -> Handled:
        """Carry out a command on one gathering, and let those who wait and fit move up."""
        move_up = partial(self._promotion.move_up, gathering_id=gathering_id)
        stream = stream_of(gathering_id)
        return await self._places.run(
            gathering_id, stream, attempt, move_up, actor=actor, once=once
        )

    async def _present_guest(
        self, gathering_id: str, guest_id: str
    ) -> tuple[Document, Gathering, Stored[Guest]]:
        """As `_present`, with one of its guests. Raises NotFound."""
        refs = [GATHERINGS.ref(gathering_id), GUESTS.ref(guest_id)]
        document, found = await self._store.get(refs)
        gathering, guest = GATHERINGS.recall(document), GUESTS.recall(found)
        if document is None or gathering is None or gathering.gone:
            raise no_such("gathering", gathering_id)
        if found is None or guest is None or guest.gathering_id != gathering_id:
            raise no_such("guest", guest_id)
        return document, gathering, Stored(guest, found.version)

    async def _present(self, gathering_id: str) -> tuple[Document, Gathering]:
        """A gathering and its document, which has the counters. Raises NotFound."""
        [document] = await self._store.get([GATHERINGS.ref(gathering_id)])
        gathering = GATHERINGS.recall(document)
        if document is None or gathering is None or gathering.gone:
            raise no_such("gathering", gathering_id)
        return document, gathering
