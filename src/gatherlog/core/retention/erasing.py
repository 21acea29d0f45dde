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

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any, Final

import msgspec

from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import no_such, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import StoreClosed
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import DELETE, Commit, Document, KeepsFreedSpace, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.paging import (
    all_documents,
    all_streams,
    bodies,
    stream_events,
)
from gatherlog.core.projections.rebuild import repair_streams
from gatherlog.core.projections.views import View
from gatherlog.core.retention.copies import (
    Names,
    blank_backlogs,
    blank_messages,
    is_copy,
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
from gatherlog.core.retention.traces import ErasingPart, Traces, quoted, with_ids

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


class Erased(msgspec.Struct, frozen=True):
    """What an erasure did."""

    events: int
    """How many events became blank."""
    was_erased_at: int | None
    """When the same was erased before, in microseconds since the epoch; None: it was not."""


class Eraser:
    """Erases people from one store.

    `searched` are logs to which anybody may have written under an address: a stream there whose
    events hold one of the person's becomes blank, too. `on_blanked` is told of all events that
    become blank, as whoever keeps copies of them has to be; after a crash of the same ones again.
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
        traces = with_ids(kind, id, (found or Traces()) | _recorded(before))
        traces |= await self._sent_by(traces.addresses)
        await self._record(kind, id, _begun(traces, by))
        events = await self._carry_out(kind, id, traces, by)
        return Erased(events, None if before is None else before.done_at)

    async def finish(self, *, age: int = 0) -> int:
        """Finish the erasures that were begun before so many microseconds and have not ended; how
        many there were. Younger ones may still be under way in another process.

        One that fails keeps no other from being finished; the first failure is raised at the end.
        """
        return await _each(self._erasures("begun", age), self._finish)

    async def finish_others(self) -> None:
        """Finish what others have broken off, and look again for what was under way."""
        try:
            await self.finish(age=UNFINISHED)
        finally:
            await self.look_again(age=UNDER_WAY)

    async def look_again(self, *, age: int = 0) -> int:
        """Erase copies that were under way during erasures that were done so many microseconds
        ago; how many erasures that were. Each is looked at once. Failures are as of `finish`."""
        return await _each(self._erasures("done", age), self._look_again)

    async def _finish(self, one: Erasure) -> None:
        kind: Any = one.kind
        found = await self._traces(kind, one.id) or Traces()
        traces = with_ids(kind, one.id, found | _recorded(one))
        traces |= await self._sent_by(traces.addresses)
        await self._carry_out(kind, one.id, traces, one.by)

    async def _look_again(self, one: Erasure) -> None:
        kind: Any = one.kind
        traces = (await self._traces(kind, one.id) or Traces()) | _recorded(one)
        alive = await self._alive(traces) if kind == "entity" else {}
        blanked = 0 if kind == "entity" else await self._blank_late(kind, one, traces)
        blanked += await self._blank_copies(traces, alive)
        blanked += await self._redact(traces, alive)
        copies = await self._blank_other_copies(traces, alive)
        if blanked or copies:
            await self._overwrite_freed()
        await self._record(kind, one.id, ErasureChecked(events=blanked))

    async def _blank_late(self, kind: Kind, one: Erasure, traces: Traces) -> int:
        """Blank what was recorded of somebody at the moment of the erasure, with its documents."""
        await self._remove(kind, one.id, one.by)
        blanked = await self._blank(traces)
        if blanked:
            await self._delete_documents(traces.streams)
            await self._repair(traces)
        return blanked

    async def _erasures(self, state: str, age: int) -> AsyncIterator[Erasure]:
        """The erasures that are in a state for so many microseconds."""
        until = (f"{self._clock() - age + 1:020}",)
        query = ERASURES.query("by_state", state, until=until, limit=100)
        async for one in bodies(self._store, ERASURES, query):
            present = await read(self._store, ERASURES, erasure_id(one.kind, one.id))
            if present is not None and present.state == state:  # queries may lag
                yield present

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
        await self._forget(traces.texts)
        await self._remove(kind, id, by)
        events = await self._blank(traces)
        events += await self._blank_copies(traces)
        # Once more, for what was under way when the documents were removed.
        await self._remove(kind, id, by)
        traces |= await self._traces(kind, id) or Traces()
        traces |= await self._sent_by(traces.addresses)
        events += await self._blank(traces)
        await self._delete_documents(traces.streams)
        await self._repair(traces)
        await self._blank_other_copies(traces, names=_naming(kind, id))
        events += await self._redact(traces)
        await self._forget(traces.texts)
        await self._overwrite_freed()
        await self._record(kind, id, ErasureDone(events=events))
        return events

    async def _forget(self, texts: Sequence[str]) -> None:
        for text in texts:
            await self._store.forget(text)

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
        """Blank what rules appended because of events about the person, and what they appended
        because of that."""
        blanked, causes, concern = 0, set[str](), traces.concern(alive)
        while True:
            before = blanked
            async for event in self._log():
                if event.is_blank:
                    continue
                if is_copy(event, concern, causes):
                    causes.add(f"{event.stream}@{event.version}")
                    blanked += await self._blank_now([event])
            if blanked == before:
                return blanked

    async def _sent_by(self, addresses: Sequence[str]) -> Traces:
        """The streams of the logs that are searched which hold one of these addresses, whose ASCII
        letters may be of either case there."""
        texts = [address.encode().lower() for address in addresses]
        found: list[str] = []
        for log in sorted(self._searched) if texts else ():
            async for head in all_streams(self._store, log):
                async for event in stream_events(self._store, head.stream):
                    if any(text in event.data.lower() for text in texts):
                        found.append(head.stream)
                        break
        return Traces(streams=tuple(found))

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


async def _each(found: AsyncIterator[Erasure], work: Callable[[Erasure], Awaitable[None]]) -> int:
    """Do the work for each, and raise the first failure once all were tried; how many were done."""
    done, failures = 0, list[Exception]()
    async for one in found:
        try:
            await work(one)
            done += 1
        except StoreClosed:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, the others go on
            failures.append(failure)
    if failures:
        raise failures[0]
    return done


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
