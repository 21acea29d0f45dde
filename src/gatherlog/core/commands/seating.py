"""Giving places within one commit: what it loads and demands, so that places stay exact.

The app decides who gets a place; this module loads what that needs, and adds the commit's demands.
There are two kinds of commits. Where nobody waits and everybody fits, the commit demands that still
nobody waits (`queued` at most 0), and does not load the waiting list. Every other commit loads the
waiting list, so that its version is demanded, and demands that no places have become free since
(`seats` at least what was read plus what is added). A commit of either kind that adds seats demands
that there are enough (`seats` at most the capacity). docs/decisions/0005-waiting-list.md shows why
that is sufficient.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gatherlog.core.commands.handler import Attempt, CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.places import Placed, Room, WaitingList
from gatherlog.core.commands.service import run
from gatherlog.core.commands.turns import CommandLocks, Turn
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import NotFound, StoreError
from gatherlog.core.projections.views import View

__all__ = ["Places"]

AtOnce = Callable[[Room], Placed | None]
"""Gives places where nobody waits; None where not everybody fits, or the waiting list changes."""
InTurn = Callable[[Room, WaitingList], Awaitable[Placed]]
"""Gives places where somebody waits already, or not everybody fits."""
MoveUp = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]
"""An attempt that lets those who wait and fit move up. Raises NotFound where that is over."""


class Places:
    """The places of one kind of documents, and their waiting lists, which have the same ids.

    The documents of `view` have the counters `seats`, places that are taken, and `queued`, units
    that wait; the app's fold keeps both.
    """

    def __init__(
        self, handler: CommandHandler, view: View[Any], waiting_lists: View[WaitingList]
    ) -> None:
        self._handler = handler
        self._view = view
        self._waiting_lists = waiting_lists
        self._locks = CommandLocks()

    async def give(
        self, unit: UnitOfWork, id: str, capacity: int | None, at_once: AtOnce, in_turn: InTurn
    ) -> Sequence[Decided]:
        """The events of giving places, after the demands that they need were added to the commit.

        The document has to be the last one that the caller loaded: a refusal that rests on its
        counters is then true of all that was loaded before.
        """
        counters = unit.counters(self._view, id)
        room = Room(capacity, counters.get("seats", 0))
        at_most: dict[str, int] = {}
        placed = None if counters.get("queued") else at_once(room)
        if placed is not None:
            at_most["queued"] = 0
        else:
            waiting = await unit.get(self._waiting_lists, id) or WaitingList()
            placed = await in_turn(room, waiting)
            unit.demand(self._view, id, at_least={"seats": room.taken + placed.more})
        if placed.more > 0 and room.capacity is not None:
            at_most["seats"] = room.capacity
        unit.demand(self._view, id, at_most=at_most)
        return placed.decided

    async def run(
        self,
        id: str,
        stream: str,
        attempt: Attempt,
        move_up: MoveUp,
        *,
        actor: str,
        once: Once | None = None,
    ) -> Handled:
        """Carry out a command on one document, and let those who wait and fit move up.

        An attempt that has loaded the waiting list is made again under the document's lock, the
        first time; see `turns`.
        """
        queued = 0
        turn = Turn(self._locks, id, self._handler.clock)

        async def decide(unit: UnitOfWork) -> Sequence[Decided]:
            nonlocal queued
            decided = await attempt(unit)
            if self._waiting_lists.ref(id) in unit.documents and await turn.begin(unit):
                decided = await attempt(unit)
            queued = unit.counters(self._view, id).get("queued", 0)
            return decided

        try:
            handled = await run(self._handler, stream, decide, actor=actor, once=once)
        finally:
            turn.end()
        if queued:
            await self.promote_the_rest(stream, move_up, actor=actor)
        return handled

    async def promote(self, stream: str, move_up: MoveUp, *, actor: str) -> int:
        """Let those move up who wait and fit, in as many commits as it takes; how many did."""
        promoted = 0
        while moved := len((await run(self._handler, stream, move_up, actor=actor)).events):
            promoted += moved
        return promoted

    async def promote_the_rest(self, stream: str, move_up: MoveUp, *, actor: str) -> int:
        """As `promote`, after a command that was committed; 0 where the store fails.

        The next command does what fails here. What was removed meanwhile is ignored.
        """
        try:
            return await self.promote(stream, move_up, actor=actor)
        except (StoreError, NotFound):
            return 0
