"""What the parts of `ThingService` share: one command handler for each kind of streams."""

from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from gatherlog.apps.things.events import CODEC
from gatherlog.apps.things.folds import (
    FamilyFold,
    FavouriteFold,
    OccurrenceFold,
    OrganiserFold,
    ReportFold,
    ThingFold,
)
from gatherlog.apps.things.occurrences import occurrence, occurrence_on
from gatherlog.apps.things.views import (
    BOOKINGS,
    OCCURRENCES,
    THINGS,
    WAITING,
    Booking,
    Thing,
)
from gatherlog.core.commands.handler import CommandHandler
from gatherlog.core.commands.seating import Places
from gatherlog.core.commands.service import Stored, check_version, no_such, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.folds import Fold, Happened, NoDocuments
from gatherlog.core.projections.paging import documents
from gatherlog.core.projections.views import View

__all__ = ["Commands", "load_thing"]

B = TypeVar("B", bound=msgspec.Struct)
DOCUMENTS: Final = 500
"""Documents that are read at once."""


class Commands:
    """The base of `ThingService`."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        def handler(fold: Fold[Happened]) -> CommandHandler:
            return CommandHandler(store, CODEC, fold, clock=clock, ids=ids)

        self._store = store
        self._clock = clock
        self._ids = ids
        self._things = handler(ThingFold())
        self._occurrences = handler(OccurrenceFold())
        self._families = handler(FamilyFold())
        self._favourites = handler(FavouriteFold())
        self._organisers = handler(OrganiserFold())
        self._reports = handler(ReportFold())
        self._enquiries = handler(NoDocuments())
        self._index = handler(NoDocuments())
        self._places = Places(self._occurrences, OCCURRENCES, WAITING)

    async def _stored_thing(self, thing_id: str) -> Stored[Thing]:
        """A thing in any state. Raises NotFound."""
        [document] = await self._store.get([THINGS.ref(thing_id)])
        thing = THINGS.recall(document)
        if document is None or thing is None:
            raise no_such("thing", thing_id)
        return Stored(thing, document.version)

    async def _own_thing(self, thing_id: str, organiser_id: str) -> Stored[Thing]:
        """An organiser's thing in any state. Raises NotFound for another's, as for none."""
        stored = await self._stored_thing(thing_id)
        if stored.body.organiser_id != organiser_id:
            raise no_such("thing", thing_id)
        return stored

    async def _own_occurrence(
        self, thing_id: str, date: str, start: str | None, organiser_id: str
    ) -> tuple[Thing, str]:
        """One's own thing, and the key of its coming occurrence on a date, however far it is."""
        thing = (await self._own_thing(thing_id, organiser_id)).body
        now = self._clock()
        one = occurrence_on(thing.content, thing.altered, date, start, now=now, ahead=None)
        return thing, one.key

    async def _booking(self, booking_id: str) -> Booking:
        booking = await read(self._store, BOOKINGS, booking_id)
        if booking is None:
            raise no_such("booking", booking_id)
        return booking

    async def _coming_bookings(self, account_id: str) -> list[Booking]:
        """The bookings of an account that are not cancelled and whose occurrence is not over.

        One that was made this moment may be missing, where queries lag.
        """
        query, now = BOOKINGS.query("by_account", account_id, limit=1000), self._clock()
        listed = [one.id async for one in documents(self._store, query)]
        bookings = [one for one in await self._read_all(BOOKINGS, listed) if one is not None]
        live = [one for one in bookings if one.status != "CANCELLED"]
        things = await self._read_all(THINGS, [one.thing_id for one in live])
        found = []
        for booking, thing in zip(live, things, strict=True):
            plan = None if thing is None else (thing.content, thing.altered)
            one = None if plan is None else occurrence(*plan, booking.key)
            if one is None or one.ends_at > now:
                found.append(booking)
        return found

    async def _read_all(self, view: View[B], ids: Sequence[str]) -> list[B | None]:
        """Documents in their order, in as few round trips as there are DOCUMENTS."""
        found: list[B | None] = []
        for first in range(0, len(ids), DOCUMENTS):
            refs = [view.ref(id) for id in ids[first : first + DOCUMENTS]]
            found += map(view.recall, await self._store.get(refs))
        return found

    async def _load_published(self, unit: UnitOfWork, thing_id: str) -> Thing:
        """Raises NotFound for what is not published, as for what does not exist."""
        thing = await unit.get(THINGS, thing_id)
        if thing is None or thing.status != "PUBLISHED":
            raise no_such("thing", thing_id)
        return thing


async def load_thing(
    unit: UnitOfWork,
    thing_id: str,
    *,
    organiser_id: str | None = None,
    expects: int | None = None,
) -> Thing:
    """A thing in any state, and of this organiser if one is given.

    Raises NotFound, and Conflict unless it is at the version `expects`.
    """
    thing = await unit.get(THINGS, thing_id)
    if thing is None or organiser_id not in (None, thing.organiser_id):
        raise no_such("thing", thing_id)
    check_version(unit, THINGS, thing_id, expects)
    return thing
