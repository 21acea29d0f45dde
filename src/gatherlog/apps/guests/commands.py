"""What all commands of the guests app have in common: one commit, and who moves up after it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from gatherlog.apps.guests.answers import Listing, Stored
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import FOLD, stream_of
from gatherlog.apps.guests.joint_answers import JointAnswers
from gatherlog.apps.guests.loading import no_gathering, stored
from gatherlog.apps.guests.promotion import Promotion
from gatherlog.apps.guests.refusals import Repeated
from gatherlog.apps.guests.seating import Seating
from gatherlog.apps.guests.turns import Lines, Turn
from gatherlog.apps.guests.views import GATHERINGS, WAITING_LISTS, Gathering
from gatherlog.core.commands.handler import CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Document, Query, Store
from gatherlog.core.projections.views import View

__all__ = ["Commands", "about", "outcome"]

B = TypeVar("B", bound=msgspec.Struct)
Attempt = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]


class Commands:
    """The store of guest lists, and how a command is carried out on it."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)
        self._seating = Seating(store.limits, ids)
        self._joint = JointAnswers(store, self._seating)
        self._promotion = Promotion(self._handler, self._seating)
        self._lines = Lines()

    async def _run(
        self, gathering_id: str, attempt: Attempt, actor: str, once: Once | None = None
    ) -> Handled:
        queued = 0
        turn = Turn(self._lines, gathering_id, self._handler.clock)

        async def decide(unit: UnitOfWork) -> Sequence[Decided]:
            nonlocal queued
            decided = await attempt(unit)
            if WAITING_LISTS.ref(gathering_id) in unit.documents and await turn.begin(unit):
                decided = await attempt(unit)
            queued = unit.counters(GATHERINGS, gathering_id).get("queued", 0)
            return decided

        meta = msgspec.json.encode({"actor": actor})
        stream = stream_of(gathering_id)
        try:
            handled = await self._handler.handle(stream, decide, meta=meta, once=once)
        finally:
            turn.end()
        if handled.repeated:
            raise Repeated(handled.answer)
        if queued:
            await self._promotion.promote_the_rest(gathering_id, actor)
        return handled

    async def _present(self, gathering_id: str) -> tuple[Document, Gathering]:
        [document] = await self._store.get(GATHERINGS.name, [gathering_id])
        gathering = GATHERINGS.read(document)
        if document is None or gathering is None or gathering.gone:
            raise no_gathering(gathering_id)
        return document, gathering

    async def _listing(self, view: View[B], query: Query) -> Listing[Stored[B]]:
        page = await self._store.query(query)
        return Listing(stored(view, page.documents), page.cursor)

    def _page(self, limit: int) -> int:
        return min(limit, self._store.limits.page)


def about(subject: str, payloads: Sequence[msgspec.Struct]) -> list[Decided]:
    """What was decided about one guest; about the gathering itself where `subject` is empty."""
    return [Decided(payload, subject) for payload in payloads]


def outcome(handled: Handled, view: View[B], id: str) -> Stored[B]:
    """A document as a command has left it."""
    ref = view.ref(id)
    return Stored(handled.bodies[ref], handled.versions[ref])
