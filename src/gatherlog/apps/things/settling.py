"""What follows from a decision about a thing for the bookings of its occurrences.

One commit cannot change all bookings, so the service does it in further commits, right after the
decision. If a process is killed in between, a subscription does the rest (see `mailing`): whatever
is done already is not done again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from gatherlog.apps.things.events import (
    BookingCancelled,
    OccurrenceAltered,
    Side,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.folds import id_of
from gatherlog.apps.things.loading import all_bookings, most_cancelled, occurrence_stream
from gatherlog.apps.things.occurrences import not_over
from gatherlog.apps.things.service_bookings import BookingCommands
from gatherlog.apps.things.views import (
    BOOKINGS,
    OCCURRENCES,
    THINGS,
    WAITING,
    Booking,
    Thing,
    occurrence_document,
)
from gatherlog.core.commands.handler import Attempt, Decided, Handled, Once
from gatherlog.core.commands.service import Stored, outcome, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import StoreError, ViewNotBuilt
from gatherlog.core.projections.paging import documents

__all__ = ["Settling"]

CHANGED = "It does not take place on this date any more: the plan has changed."
DOCUMENTS = 500


class Settling(BookingCommands):
    """Part of `ThingService`: decisions about things, and what they mean for bookings."""

    async def settle(self, thing_id: str, event: Any, *, actor: str) -> None:
        """Do for bookings what follows from an event of a thing; repeating it does nothing."""
        match event:
            case ThingWithdrawn(by=by, reason=reason):
                for key in await self._coming_keys(thing_id):
                    await self._cancel_all(thing_id, key, by, reason, actor)
            case OccurrenceAltered(altered=altered) if altered.cancelled:
                reason = altered.reason or ""
                await self._cancel_all(thing_id, altered.key, "organiser", reason, actor)
            case VersionReplaced(ended=ended):
                for key in ended:
                    await self._cancel_all(thing_id, key, "organiser", CHANGED, actor)
                for key in await self._coming_keys(thing_id):
                    await self._promote(thing_id, key, actor)

    async def promote_waiting(self, *, actor: str) -> int:
        """Let those move up who wait and fit, at all occurrences; how many did.

        Commands do this by themselves. It is for the start of a process: a crash between two
        commits may have left free places while somebody waits who fits. Nothing is done if the
        index of waiting lists has yet to be rebuilt; the next commands do it then.
        """
        query = WAITING.query("by_waiting", "all", limit=1000)
        try:
            ids = [one.id async for one in documents(self._store, query)]
        except ViewNotBuilt:
            return 0
        moved = 0
        for thing_id, _, key in (id.partition("/") for id in ids):
            moved += await self._promote(thing_id, key, actor)
        return moved

    async def _run_thing(
        self, thing_id: str, attempt: Attempt, actor: str, once: Once | None
    ) -> Stored[Thing]:
        """Carry out a command on a thing, then what follows from it for bookings."""
        stream = f"thing-{thing_id}"
        handled = await run(self._things, stream, attempt, actor=actor, once=once)
        await self._settle_now(stream, handled, actor)
        return outcome(handled, THINGS, thing_id)

    async def _settle_now(self, stream: str, handled: Handled, actor: str) -> None:
        """What fails here because of the store, the subscription does later."""
        try:
            for decided in handled.events:
                thing_id = id_of(decided.stream or stream)
                await self.settle(thing_id, decided.payload, actor=actor)
        except StoreError:
            return

    async def _coming_keys(self, thing_id: str) -> list[str]:
        """The keys of coming occurrences, as the thing plans them, that somebody has booked."""
        thing = (await self._stored_thing(thing_id)).body
        keys = [one.key for one in not_over(thing.content, thing.altered, now=self._clock())]
        found = []
        for chunk in _chunks(keys, DOCUMENTS):
            refs = [OCCURRENCES.ref(occurrence_document(thing_id, key)) for key in chunk]
            stored = await self._store.get(refs)
            found += [key for key, one in zip(chunk, stored, strict=True) if one is not None]
        return found

    async def _promote(self, thing_id: str, key: str, actor: str) -> int:
        async def move_up(unit: UnitOfWork) -> Sequence[Decided]:
            return await self._move_up(unit, thing_id, key)

        stream = occurrence_stream(occurrence_document(thing_id, key))
        return await self._places.promote_the_rest(stream, move_up, actor=actor)

    async def _cancel_all(self, thing_id: str, key: str, by: Side, reason: str, actor: str) -> None:
        """Cancel all bookings of an occurrence that is off, in as many commits as it takes."""
        id = occurrence_document(thing_id, key)
        everybody = await all_bookings(self._store, id)
        live = [booking.id for booking in everybody if booking.status != "CANCELLED"]
        for chunk in _chunks(live, max(most_cancelled(self._store.limits), 1)):

            async def attempt(unit: UnitOfWork, ids: Sequence[str] = chunk) -> list[Decided]:
                await unit.load((OCCURRENCES, id))
                bookings = await unit.get_all(BOOKINGS, ids)
                return [
                    Decided(_cancelled(booking, by, reason), booking.id)
                    for booking in bookings
                    if booking is not None and booking.status != "CANCELLED"
                ]

            await run(self._occurrences, occurrence_stream(id), attempt, actor=actor)


def _cancelled(booking: Booking, by: Side, reason: str) -> BookingCancelled:
    return BookingCancelled(
        account_id=booking.account_id,
        by=by,
        reason=reason,
        waited=booking.status == "WAITING",
    )


def _chunks(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))
