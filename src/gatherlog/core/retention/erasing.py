"""Erasing a person for good: documents, what events say, copies in queues, and stored answers.

Apps say what there is of a person, and remove the documents by their own commands (`ErasingPart`).
Then everything that events say about the person becomes blank, oldest first: all events of some
streams, and those of some subjects in others. Copies that rules appended to other streams are found
by their cause. What was written is overwritten in the files of the store in the end.

Everything may be done twice, and whoever is killed in between leaves a record by which it is
finished (`Eraser.finish`). What was read from the log before, and is under way to a queue, another
stream or a handler, may be copied once more afterwards. So it is looked for again a while later
(`Eraser.look_again`).
"""

from collections.abc import AsyncIterator, Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import no_such, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import DELETE, Commit, Document, KeepsFreedSpace, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.paging import all_documents, bodies, stream_events
from gatherlog.core.projections.rebuild import repair_streams
from gatherlog.core.projections.views import View
from gatherlog.core.retention.copies import (
    Concerns,
    Names,
    blank_backlogs,
    blank_messages,
    redact_dead_letters,
)
from gatherlog.core.retention.erasures import (
    ERASING_CODEC,
    ERASING_FOLD,
    ERASURES,
    ERASURES_STREAM,
    Erasure,
    ErasureBegun,
    ErasureChecked,
    ErasureDone,
    Kind,
    erasure_id,
)
from gatherlog.core.retention.expiry import OnBlanked, batches
from gatherlog.core.retention.traces import ErasingPart, Traces, quoted

__all__ = [
    "UNDER_WAY",
    "UNFINISHED",
    "Erased",
    "Eraser",
    "delete_document",
]

UNFINISHED: Final = 300 * 1_000_000
"""Microseconds after which an erasure that has not ended counts as broken off."""
UNDER_WAY: Final = 900 * 1_000_000
"""Microseconds after which nothing is under way any more that was read before an erasure."""
_PAGE: Final = 500
_PAGE_BYTES: Final = 1024 * 1024
"""Events that are in memory at a time, to become blank, and about how many bytes they have."""
_CAUSE: Final = b'"cause":"'


class Erased(msgspec.Struct, frozen=True):
    """What an erasure did."""

    events: int
    """How many events became blank."""
    was_erased_at: int | None
    """When the same was erased before, in microseconds since the epoch; None: it was not."""


class Eraser:
    """Erases people from one store.

    `searched` are logs in which anybody may have named somebody: events there whose data holds one
    of the texts become blank, too. `on_blanked` is told of all events that become blank, as whoever
    keeps copies of them has to be; after a crash of the same ones again.
    """

    def __init__(
        self,
        store: Store,
        parts: Sequence[ErasingPart],
        categories: Iterable[Category],
        *,
        owned: Iterable[str],
        searched: Iterable[str] = (),
        on_blanked: Sequence[OnBlanked] = (),
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._parts = parts
        self._categories = {category.name: category for category in categories}
        self._owned = frozenset(owned) | INTERNAL
        self._searched = frozenset(searched)
        self._on_blanked = on_blanked
        self._clock = clock
        self._ids = ids
        self._handler = CommandHandler(store, ERASING_CODEC, ERASING_FOLD, clock=clock, ids=ids)

    async def erase(self, kind: Kind, id: str, *, by: str) -> Erased:
        """Erase somebody; when this returns, nothing of them is left but ids.

        What is recorded of an entity afterwards is new. Erasing twice does the same again. Raises
        NotFound where nobody has this id, nor ever had; Busy where files cannot be overwritten now:
        the rest is done then, and asking again does it.
        """
        before = await read(self._store, ERASURES, erasure_id(kind, id))
        found = await self._traces(kind, id)
        if before is None and found is None:
            raise no_such(kind, id)
        traces = (found or Traces()) | _recorded(before) | Traces(texts=(id,))
        await self._record(kind, id, _begun(traces, by))
        events = await self._carry_out(kind, id, traces, by)
        return Erased(events, None if before is None else before.done_at)

    async def finish(self, *, age: int = 0) -> int:
        """Finish the erasures that were begun before so many microseconds and have not ended; how
        many there were. Younger ones may still be under way in another process."""
        finished = 0
        async for one in self._erasures("begun", age):
            kind: Any = one.kind
            found = await self._traces(kind, one.id) or Traces()
            traces = found | _recorded(one) | Traces(texts=(one.id,))
            await self._carry_out(kind, one.id, traces, one.by)
            finished += 1
        return finished

    async def finish_others(self) -> None:
        """Finish what others have broken off, and look again for what was under way."""
        await self.finish(age=UNFINISHED)
        await self.look_again(age=UNDER_WAY)

    async def look_again(self, *, age: int = 0) -> int:
        """Erase copies that were under way during erasures that were done so many microseconds
        ago; how many erasures that were. Each is looked at once."""
        looked_at = 0
        async for one in self._erasures("done", age):
            kind: Any = one.kind
            present = await read(self._store, ERASURES, erasure_id(kind, one.id))
            if present is None or present.state != "done":
                continue  # queries may lag
            traces = (await self._traces(kind, one.id) or Traces()) | _recorded(one)
            alive = await self._alive(traces) if kind == "entity" else {}
            blanked = 0 if kind == "entity" else await self._blank(traces)
            blanked += await self._blank_copies(traces, alive)
            blanked += await self._redact(traces, alive)
            copies = await self._blank_other_copies(traces, alive)
            if blanked or copies:
                await self._overwrite_freed()
            await self._record(kind, one.id, ErasureChecked(events=blanked))
            looked_at += 1
        return looked_at

    def _erasures(self, state: str, age: int) -> AsyncIterator[Erasure]:
        """The erasures that are in a state for so many microseconds."""
        until = (f"{self._clock() - age + 1:020}",)
        query = ERASURES.query("by_state", state, until=until, limit=100)
        return bodies(self._store, ERASURES, query)

    async def _alive(self, traces: Traces) -> Mapping[str, int]:
        """The version of the first event in each stream that says something: it is new."""
        alive = {}
        for stream in traces.streams:
            async for event in stream_events(self._store, stream):
                if not event.is_blank:
                    alive[stream] = event.version
                    break
        return alive

    async def _traces(self, kind: Kind, id: str) -> Traces | None:
        found = [await part.traces(kind, id) for part in self._parts]
        if kind == "entity":
            found.append(await self._traces_of_entity(id))
        known = [one for one in found if one is not None]
        if not known:
            return None
        whole = Traces()
        for one in known:
            whole |= one
        return whole

    async def _traces_of_entity(self, id: str) -> Traces | None:
        """The streams of an entity in all logs that no app writes."""
        logs: set[str] = set()
        async for event in self._log():
            logs.add(category_of(event.stream))
        streams = [f"{log}-{id}" for log in sorted(logs - self._owned)]
        there = [one for one in streams if await self._store.read_stream(one, limit=1)]
        return Traces(streams=tuple(there)) if there else None

    async def _carry_out(self, kind: Kind, id: str, traces: Traces, by: str) -> int:
        for text in traces.texts:
            await self._store.forget(text)
        await self._remove(kind, id, by)
        events = await self._blank(traces)
        events += await self._blank_copies(traces)
        # Once more, for what was under way when the documents were removed.
        await self._remove(kind, id, by)
        traces |= await self._traces(kind, id) or Traces()
        events += await self._blank(traces)
        await self._delete_documents(traces.streams)
        await self._repair(traces)
        await self._blank_other_copies(traces, names=_naming(kind, id))
        events += await self._redact(traces)
        await self._store.forget(id)
        await self._overwrite_freed()
        await self._record(kind, id, ErasureDone(events=events))
        return events

    async def _overwrite_freed(self) -> None:
        if isinstance(self._store, KeepsFreedSpace):
            await self._store.overwrite_freed(documents=True)

    async def _remove(self, kind: Kind, id: str, by: str) -> None:
        for part in self._parts:
            await part.remove(kind, id, by=by)

    # Events.

    async def _blank(self, traces: Traces) -> int:
        """Blank all events about the person, the oldest first and alone."""
        blanked = 0
        for stream in traces.streams:
            blanked += await self._blank_in(stream, lambda event: True)
        subjects: dict[str, set[str]] = {}
        for stream, subject in traces.pairs:
            subjects.setdefault(stream, set()).add(subject)
        for stream, some in subjects.items():
            blanked += await self._blank_in(stream, _about(some))
        return blanked

    async def _blank_in(self, stream: str, concerns: Callable[[Recorded], bool]) -> int:
        blanked, size, page, is_first = 0, 0, list[Recorded](), True
        async for event in stream_events(self._store, stream):
            if concerns(event):
                page.append(event)
                size += event_bytes(event)
            if page and (is_first or len(page) == _PAGE or size > _PAGE_BYTES):
                blanked += await self._blank_now(page)
                size, page, is_first = 0, [], False
        return blanked + await self._blank_now(page)

    async def _blank_now(self, events: Sequence[Recorded]) -> int:
        """Blank events of one partition; how many of them said anything."""
        said = [event for event in events if not event.is_blank]
        for some in batches(said):
            await self._store.blank(some[0].partition, [event.position for event in some])
        for told in self._on_blanked if events else ():
            await told(events)
        return len(said)

    async def _blank_other_copies(
        self, traces: Traces, alive: Mapping[str, int] = {}, *, names: Names = lambda content: False
    ) -> int:
        """Blank messages of queues, and reasons why deliveries wait; how many documents."""
        concern = traces.concern(alive)
        blanked = await blank_messages(self._store, concern, names)
        return blanked + await blank_backlogs(self._store, concern)

    async def _redact(self, traces: Traces, alive: Mapping[str, int] = {}) -> int:
        """Blank what was recorded of deliveries that were given up; how many events."""
        concern, clock, ids = traces.concern(alive), self._clock, self._ids
        return await redact_dead_letters(self._store, concern, clock=clock, ids=ids)

    async def _blank_copies(self, traces: Traces, alive: Mapping[str, int] = {}) -> int:
        """Blank what rules appended because of events about the person, what they appended because
        of that, and what names the person in the logs that are searched."""
        blanked, causes, concern = 0, set[str](), traces.concern(alive)
        texts = [text.encode() for text in traces.texts]
        while True:
            before = blanked
            async for event in self._log():
                if event.is_blank:
                    continue
                if self._is_copy(event, concern, causes) or self._is_named(event, texts):
                    causes.add(f"{event.stream}@{event.version}")
                    blanked += await self._blank_now([event])
            if blanked == before:
                return blanked

    def _is_copy(self, event: Recorded, concern: Concerns, causes: set[str]) -> bool:
        if _CAUSE not in event.meta:
            return False
        cause = _cause_of(event)
        stream, _, version = cause.rpartition("@")
        if cause in causes:
            return True
        return version.isdecimal() and concern(stream, event.subject, int(version))

    def _is_named(self, event: Recorded, texts: Sequence[bytes]) -> bool:
        if not self._searched or category_of(event.stream) not in self._searched:
            return False
        return any(text in event.data for text in texts)

    async def _log(self) -> AsyncIterator[Recorded]:
        """All events of the log, partition by partition."""
        pace = Pace()
        for partition, head in enumerate(await self._store.heads()):
            async for page in feed_events(self._store, partition, 0, head):
                for event in page:
                    if pace.is_over():
                        await pace.give_way()
                    yield event

    # Documents.

    async def _delete_documents(self, streams: Sequence[str]) -> None:
        """Delete the documents that belong to streams of which all events are blank."""
        wanted = frozenset(streams)
        names = {category_of(stream) for stream in streams} & self._categories.keys()
        views = {view.name: view for name in names for view in self._categories[name].fold.views}
        for view in views.values():
            async for document in all_documents(self._store, view.name):
                if document.stream in wanted:
                    await delete_document(self._store, view, document)

    async def _repair(self, traces: Traces) -> None:
        """Fold the streams anew of which some events are blank now."""
        for stream in dict.fromkeys(stream for stream, _ in traces.pairs):
            category = self._categories.get(category_of(stream))
            if category is not None and category.fold.views:
                await repair_streams(self._store, category, [stream])

    # The record.

    async def _record(self, kind: Kind, id: str, payload: msgspec.Struct) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [Decided(payload, erasure_id(kind, id))]

        await self._handler.handle(ERASURES_STREAM, attempt)


async def delete_document(store: Store, view: View[Any], document: Document) -> None:
    """Delete a document of which no event is left that a rebuild would make it from.

    One with counters stays: these are no text. Raises Conflict if it has changed since it was read.
    """
    if not document.counters:
        id, stream, version = document.id, document.stream, document.version
        write = view.write(id, stream, DELETE, expects=version, at=version + 1)
        await store.commit(Commit(writes=[write]))


def _about(subjects: Container[str]) -> Callable[[Recorded], bool]:
    return lambda event: event.subject in subjects


def _naming(kind: Kind, id: str) -> Names:
    """An entity is named by its id, in records that wait in queues; nobody else is in them."""
    text = quoted(id).encode()
    return lambda content: kind == "entity" and text in content


def _begun(traces: Traces, by: str) -> ErasureBegun:
    return ErasureBegun(streams=traces.streams, subjects=traces.subjects, by=by)


def _recorded(erasure: Erasure | None) -> Traces:
    return Traces() if erasure is None else Traces(erasure.streams, erasure.subjects)


class _Caused(msgspec.Struct, frozen=True):
    cause: str = ""


_decode = msgspec.json.Decoder(_Caused).decode


def _cause_of(event: Recorded) -> str:
    """The stream and version of the event that made a rule append this one; empty for others."""
    try:
        return _decode(event.meta).cause
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
