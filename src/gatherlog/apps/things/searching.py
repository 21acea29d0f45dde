"""What a search is given: documents of all published things, which it keeps up to date itself."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zlib import crc32

from gatherlog.apps.things.content import Content
from gatherlog.apps.things.events import (
    OccurrenceAltered,
    ProfileSaved,
    ReindexRequested,
    ThingApproved,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.folds import id_of
from gatherlog.apps.things.occurrences import AHEAD, coming, today_in
from gatherlog.apps.things.views import ORGANISERS, THINGS, Organiser, Thing
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import Clock, to_datetime
from gatherlog.core.eventstore.errors import DocumentUndecodable
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.paging import all_documents
from gatherlog.core.retention.erasures import erases_account
from gatherlog.core.search import Occurrence, Place, SearchDocument, Text, Touched
from gatherlog.core.search.documents import occurrences_between

__all__ = ["AUDIENCE", "CATEGORY", "FLAGS", "KIND", "ThingSource", "search_document"]

Report = Callable[[Exception], None]
KIND: Final = "type"
CATEGORY: Final = "category"
AUDIENCE: Final = "target"
"""The kinds of tags that a thing has."""
FLAGS: Final = ("booking_mandatory", "adult_mandatory")
"""Tags with the value `yes` or `no`, named like the fields of `Content` and `ThingQuery`."""
SPARE: Final = 7
"""Days that are indexed beyond those that may be found, so that a series is indexed weekly."""
_CHUNK: Final = 500
"""Documents that are read at once."""
_NAME, _DESCRIPTION, _ORGANISER = 5, 3, 2
"""What a word weighs by where it is found."""


class ThingSource:
    """The `SearchSource` of all published things. Nothing else is in an index, in no form.

    `report` is told of documents that are damaged; they are passed over.
    """

    name = "things"
    version = 1

    def __init__(self, store: Store, *, clock: Clock, report: Report) -> None:
        self._store = store
        self._clock = clock
        self._report = report

    def touched(self, event: Recorded) -> Touched | None:
        """The thing that an event publishes, changes or takes down, or all of an organiser's."""
        if erases_account(event):
            return Touched(everything=True)
        return _touched(event) if category_of(event.stream) in _CATEGORIES else None

    async def read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        found = await self._store.get([THINGS.ref(id) for id in ids])
        return [one async for one in self._made_of([_published(document) for document in found])]

    async def everything(self) -> AsyncIterator[SearchDocument]:
        async for things in self._all_published():
            async for made in self._made_of(things):
                if made is not None:
                    yield made

    async def _all_published(self) -> AsyncIterator[list[Stored[Thing]]]:
        """All published things, some at a time."""
        chunk: list[Stored[Thing]] = []
        async for document in all_documents(self._store, THINGS.name):
            if (thing := self._readable(document)) is not None:
                chunk.append(thing)
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
        yield chunk

    async def _made_of(
        self, things: Sequence[Stored[Thing] | None]
    ) -> AsyncIterator[SearchDocument | None]:
        """The documents of things, in their order, with the names of their organisers."""
        ids = sorted({one.body.organiser_id for one in things if one is not None})
        found = await self._store.get([ORGANISERS.ref(id) for id in ids]) if ids else []
        profiles = {id: self._profile(document) for id, document in zip(ids, found, strict=True)}
        for thing in things:
            if thing is None:
                yield None
            else:
                yield search_document(thing, profiles[thing.body.organiser_id], now=self._clock())

    def _readable(self, document: Document) -> Stored[Thing] | None:
        try:
            return _published(document)
        except DocumentUndecodable as error:
            self._report(error)
            return None

    def _profile(self, document: Document | None) -> Organiser | None:
        """A profile; None for a damaged one, whose organiser's things are found all the same."""
        try:
            return ORGANISERS.recall(document)
        except DocumentUndecodable as error:
            self._report(error)
            return None


def search_document(
    thing: Stored[Thing], organiser: Organiser | None, *, now: int
) -> SearchDocument | None:
    """What is indexed of a thing, for about a week from `now`; None for what cannot be found."""
    body, content = thing.body, thing.body.content
    if body.status != "PUBLISHED":
        return None
    times = coming(content, body.altered, now=now, ahead=AHEAD + SPARE)
    renew_on = _renew_on(body, now)
    if not times and renew_on is None:
        return None
    return SearchDocument(
        id=body.id,
        owner=body.organiser_id,
        version=thing.version,
        texts=[*_texts(content, organiser)],
        tags={
            KIND: [content.kind],
            CATEGORY: [content.category],
            AUDIENCE: content.audience,
            **{flag: [flag_value(getattr(content, flag))] for flag in FLAGS},
        },
        place=Place(content.where.lat, content.where.lon),
        ages=(content.ages.start, content.ages.end),
        prices=(content.price.start, content.price.end),
        occurrences=[part for one in times for part in _parts(one.start, one.end)],
        zone=content.time_zone,
        rolling=content.kind != "EVENT",
        renew_on=renew_on,
    )


def flag_value(flag: bool) -> str:
    """The value of a tag of FLAGS."""
    return "yes" if flag else "no"


def _published(document: Document | None) -> Stored[Thing] | None:
    thing = THINGS.read(document)
    if document is None or thing is None or thing.status != "PUBLISHED":
        return None
    return Stored(thing, document.version)


def _touched(event: Recorded) -> Touched | None:
    if event.type in _OF_THING:
        return Touched(ids=[id_of(event.stream)])
    if event.type == _PROFILE_SAVED:
        return Touched(owners=[id_of(event.stream)])
    return Touched(everything=True) if event.type == _REINDEX_REQUESTED else None


def _texts(content: Content, organiser: Organiser | None) -> Iterator[Text]:
    yield Text(content.name, _NAME)
    yield Text(content.description, _DESCRIPTION)
    if organiser is not None:
        yield Text(organiser.name, _ORGANISER)


def _parts(start: str, end: str) -> list[Occurrence]:
    """The days on which an occurrence is, each with its hours."""
    return occurrences_between(datetime.fromisoformat(start), datetime.fromisoformat(end))


def _renew_on(thing: Thing, now: int) -> date | None:
    """The day (UTC) on which more dates are in sight than are indexed now; None: there are none.

    It is at most SPARE days ahead, and another weekday for each thing, so that not all are indexed
    on the same day.
    """
    content, today = thing.content, to_datetime(now).date()
    if content.kind == "EVENT":
        return None
    ends = [content.when.end, *(one.end for one in thing.altered if one.end is not None)]
    if date.fromisoformat(max(ends)[:10]) <= today_in(content, now) + timedelta(AHEAD + SPARE):
        return None
    return today + timedelta(1 + (crc32(thing.id.encode()) - today.toordinal()) % SPARE)


_CATEGORIES: Final = frozenset({"thing", "organiser", "things"})
_OF_THING: Final = frozenset(
    {
        event_type_of(one)
        for one in (ThingApproved, VersionReplaced, ThingWithdrawn, OccurrenceAltered)
    }
)
_PROFILE_SAVED: Final = event_type_of(ProfileSaved)
_REINDEX_REQUESTED: Final = event_type_of(ReindexRequested)
