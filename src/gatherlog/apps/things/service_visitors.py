"""Questions that everybody may ask, about what is published; and writing to the site."""

from collections.abc import Sequence

from gatherlog.apps.things.answers import OccurrencePlaces
from gatherlog.apps.things.checks import LINE_LENGTH, Checks
from gatherlog.apps.things.commands import Commands
from gatherlog.apps.things.events import EnquiryMade
from gatherlog.apps.things.inputs import Enquiry
from gatherlog.apps.things.occurrences import Occurrence, coming, occurrence_on
from gatherlog.apps.things.views import OCCURRENCES, THINGS, Thing, occurrence_document
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import Stored, no_such, read, run
from gatherlog.core.commands.slices import Slice, Window, sliced
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.store import Document

__all__ = ["VisitorCommands", "places_of"]

DOCUMENTS = 500
"""Documents that are read at once."""


class VisitorCommands(Commands):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    async def published_thing(self, thing_id: str) -> Stored[Thing]:
        """Raises NotFound for what is not published, as for what does not exist."""
        stored = await self._stored_thing(thing_id)
        if stored.body.status != "PUBLISHED":
            raise no_such("thing", thing_id)
        return stored

    async def published_things(self, thing_ids: Sequence[str]) -> list[Thing | None]:
        """Several things in their order, in one round trip; None for what is not published."""
        documents = await self._store.get([THINGS.ref(id) for id in thing_ids])
        things = [THINGS.recall(document) for document in documents]
        return [one if one is not None and one.status == "PUBLISHED" else None for one in things]

    async def was_taken_down(self, thing_id: str) -> bool:
        """Whether a thing was published, and is no longer. What never was does not exist here."""
        thing = await read(self._store, THINGS, thing_id)
        return thing is not None and thing.status == "REMOVED" and thing.published_at is not None

    async def thing_of_concern(self, thing_id: str, account_id: str) -> Thing | None:
        """A thing about which an account may write: one that is published, or its own; or None."""
        thing = await read(self._store, THINGS, thing_id)
        if thing is None or (thing.status != "PUBLISHED" and thing.organiser_id != account_id):
            return None
        return thing

    async def all_published(self, window: Window) -> Slice[Thing]:
        """A slice of all that is published, the oldest first."""
        return await sliced(self._store, THINGS, "by_status", "PUBLISHED", window)

    async def coming_places(
        self, thing_id: str, *, most: int | None = None
    ) -> list[OccurrencePlaces]:
        """The coming occurrences of a published thing, the earliest first, with places left.

        All of them, or the first so many.
        """
        thing = (await self.published_thing(thing_id)).body
        found = coming(thing.content, thing.altered, now=self._clock())
        return await self.places_at([(thing, one) for one in found[:most]])

    async def places_left(
        self, thing_id: str, date: str, start: str | None = None
    ) -> OccurrencePlaces:
        """The places of one coming occurrence of a published thing. Raises Invalid for none."""
        thing = (await self.published_thing(thing_id)).body
        now = self._clock()
        one = occurrence_on(thing.content, thing.altered, date, start, now=now)
        return (await self.places_at([(thing, one)]))[0]

    async def places_at(self, wanted: Sequence[tuple[Thing, Occurrence]]) -> list[OccurrencePlaces]:
        """The places of occurrences of several things, which the caller may see, in their order."""
        documents: list[Document | None] = []
        refs = [OCCURRENCES.ref(occurrence_document(thing.id, one.key)) for thing, one in wanted]
        for first in range(0, len(refs), DOCUMENTS):
            documents += await self._store.get(refs[first : first + DOCUMENTS])
        return [
            places_of(thing, one.key, one, document)
            for (thing, one), document in zip(wanted, documents, strict=True)
        ]

    async def enquire(self, enquiry: Enquiry, *, actor: str, once: Once | None = None) -> None:
        """Write to the site: a letter goes to the address in its settings. Raises Invalid.

        How often somebody may do so is up to the interface.
        """
        check = Checks()
        made = EnquiryMade(
            subject=check.line("subject", enquiry.subject.strip(), LINE_LENGTH),
            text=check.required("body", enquiry.text, 5_000),
            sender=check.email("from", enquiry.sender) or "",
        )
        check.done()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [Decided(made)]

        await run(self._enquiries, f"enquiry-{self._ids()}", attempt, actor=actor, once=once)


def places_of(
    thing: Thing, key: str, one: Occurrence | None, document: Document | None
) -> OccurrencePlaces:
    """The figures of an occurrence from the counters of its document."""
    counters = {} if document is None else document.counters
    return OccurrencePlaces(
        key=key,
        occurrence=one,
        capacity=thing.content.capacity,
        booked=counters.get("seats", 0),
        bookings=counters.get("bookings", 0),
        waiting=counters.get("queued", 0),
    )
