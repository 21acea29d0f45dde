"""The intake as interfaces use it: records are taken into a log, each of them once.

    offers = [intake.read(text) for text in texts]
    results = await intake.take("meters", offers, by="key:0198")

Each commit writes the identities of its records, and demands that they are new. So of two records
with one EventID that arrive at the same time, one is taken.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.apps.intake.cloud_events import read_cloud_event
from gatherlog.apps.intake.commits import (
    TOGETHER,
    Part,
    Prepared,
    commit_of,
    opening,
    prepared,
    versions_of,
)
from gatherlog.apps.intake.decisions import Status, decide
from gatherlog.apps.intake.records import LOG, BadRecord, Fault, Record, TypeCheck, read_record
from gatherlog.apps.intake.views import IDENTITIES, LOGS, entry_id
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.eventstore.streams import INTERNAL
from gatherlog.core.projections.paging import stream_events

__all__ = ["IntakeService", "Offer", "Result"]

Offer = Record | BadRecord
"""A record as it was read, or why it cannot be taken."""
Place = tuple[str, int]
"""The stream of a record's event, and its version there."""
NOWHERE: Final[Place] = ("", 0)


class Result(msgspec.Struct, frozen=True, gc=False):
    """What became of one record that was offered."""

    status: Status
    event_id: str
    """Empty where the record could not be read so far."""
    stream: str = ""
    version: int = 0
    """The place of its event, also of one that was taken before; 0 where it was rejected."""
    faults: tuple[Fault, ...] = ()


class IntakeService:
    """Takes records into the logs of one store, but for those `owned`, which others write."""

    def __init__(
        self,
        store: Store,
        *,
        owned: Collection[str],
        check_type: TypeCheck,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._owned = frozenset(owned) | INTERNAL
        self._check_type = check_type
        self._clock = clock
        self._ids = ids
        self._opened: set[str] = set()
        self._has_repeats = False
        """Whether there were repeated records in the last commit."""
        self.counts: Counter[tuple[str, Status]] = Counter()
        """Records that this process was offered, by log and by what became of them."""

    def check_log(self, log: str) -> None:
        """Raise Invalid unless records may be taken into the log of this name."""
        if not re.fullmatch(LOG, log):
            raise Invalid(Flaw("/log", "use up to 63 of a-z, 0-9 and _, beginning with a letter"))
        if log in self._owned:
            raise Invalid(Flaw("/log", f"the log {log!r} is written by Gatherlog alone"))

    def read(self, text: bytes) -> Offer:
        """A record in JSON."""
        return _offered(lambda: read_record(text, self._check_type))

    def read_cloud_event(self, text: bytes) -> Offer:
        """A CloudEvent in the JSON format."""
        return _offered(lambda: read_cloud_event(text))

    def read_any(self, text: bytes) -> Offer:
        """A CloudEvent in the JSON format, which has a `specversion`, or else a record."""
        if b'"specversion"' in text and b'"Timestamp"' not in text:
            return self.read_cloud_event(text)
        return self.read(text)

    async def take(self, log: str, offers: Sequence[Offer], *, by: str) -> list[Result]:
        """Take the records, in order; one result for each offer. `by` is an actor's name.

        What is accepted is durable when this returns. If it raises, some may have been taken: offer
        all of them again, and these are `repeated`. Raises Invalid for the log's name, Busy, and
        what else the store raises.
        """
        self.check_log(log)
        results: list[Result] = []
        limits, pace = self._store.limits, Pace()
        part = Part(limits)
        for offer in offers:
            made: Prepared | BadRecord = (
                prepared(offer, limits, by=by, now=self._clock())
                if isinstance(offer, Record)
                else offer
            )
            if not part.has_room(made):
                results += await self._take(log, part, by)
                part = Part(limits)
            part.add(made)
            if pace.is_over():
                await pace.give_way()
        return results + await self._take(log, part, by)

    async def _take(self, log: str, part: Part, by: str) -> list[Result]:
        """Take the records of one part, in one commit."""
        made = part.records
        taken = iter(await self._take_new(log, made, by) if made else ())
        results = [
            next(taken)
            if isinstance(one, Prepared)
            else Result("rejected", one.event_id, faults=one.faults)
            for one in part.offers
        ]
        self._has_repeats = any(result.status == "repeated" for result in results)
        self.counts.update((log, result.status) for result in results)
        return results

    async def _take_new(self, log: str, made: Sequence[Prepared], by: str) -> list[Result]:
        """At first all records are taken for new, unless there were others just now: the commit
        finds out, and then their identities are read."""
        reads = self._has_repeats or log not in self._opened

        async def attempt() -> list[Result]:
            nonlocal reads
            known, is_open = await self._known(log, made) if reads else ({}, True)
            reads = True
            return await self._attempt(log, made, by, known, is_open=is_open)

        return await until_no_conflict(attempt)

    async def _attempt(
        self,
        log: str,
        made: Sequence[Prepared],
        by: str,
        known: Mapping[str, Document],
        *,
        is_open: bool,
    ) -> list[Result]:
        """Raises Conflict where one of the records is not new, and not among the known ones."""
        contents = {
            key: "" if (body := IDENTITIES.read(found)) is None else body.content
            for key, found in known.items()
        }
        decisions = decide([one.record for one in made], contents)
        accepted = [
            one
            for one, decision in zip(made, decisions, strict=True)
            if decision.status == "accepted"
        ]
        places: dict[str, Place] = {}
        if accepted:
            opened = None if is_open else opening(by=by, now=self._clock(), id=self._ids())
            committed = await self._store.commit(commit_of(log, accepted, opened))
            self._opened.add(log)
            places = versions_of(log, accepted, committed)
        results = []
        for decision in decisions:
            key, place = decision.record.key, NOWHERE
            if decision.status != "rejected":
                place = places.get(key) or await self._place(known[key], key)
                places[key] = place
            results.append(
                Result(decision.status, decision.record.event_id, *place, decision.faults)
            )
        return results

    async def _known(
        self, log: str, made: Sequence[Prepared]
    ) -> tuple[Mapping[str, Document], bool]:
        """The identities that there are already, by key, and whether the log has records."""
        keys = list(dict.fromkeys(one.record.key for one in made))
        refs = [IDENTITIES.ref(entry_id(log, key)) for key in keys]
        is_open = log in self._opened
        found = await self._store.get(refs if is_open else [*refs, LOGS.ref(log)])
        if not is_open:
            is_open = found[-1] is not None
            found = found[:-1]
        known = {key: one for key, one in zip(keys, found, strict=True) if one is not None}
        return known, is_open

    async def _place(self, identity: Document, key: str) -> Place:
        """Where the event of a record is that was taken before: it was appended in the commit that
        wrote its identity, as the last event of its stream or somewhat before."""
        for limit in (1, TOGETHER):
            events = stream_events(
                self._store,
                identity.stream,
                before=identity.version + 1,
                limit=limit,
                backwards=True,
            )
            async for event in events:
                if event.id == key:
                    return event.stream, event.version
        return identity.stream, identity.version


def _offered(read: Callable[[], Record]) -> Offer:
    try:
        return read()
    except BadRecord as bad:
        return bad
