"""Verify and rebuild: fold the log again and compare the result with the documents in the store.

A document is nothing but the fold of its stream's events, so a document that differs from the fold
is wrong. A rebuild repairs it in place, while commits go on: each repair demands that the document
is still the one that was compared, and new events of the stream are folded first. Bounds of
counters are not applied. Of a blank event, its category says what it does. Afterwards the index
rows are compared with the documents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.store import (
    DELETE,
    KEEP,
    Body,
    Commit,
    DeclaredView,
    Document,
    IndexKey,
    KeepsIndexRows,
    Ref,
    Store,
    Write,
)
from gatherlog.core.projections.folds import Category, Happened
from gatherlog.core.projections.paging import all_documents, all_streams
from gatherlog.core.projections.views import View

__all__ = ["Difference", "Progress", "rebuild", "repair_streams", "verify"]

PAGE = 1000
CHUNK = 50
"""Documents that are compared, and repaired, together."""


class Difference(msgspec.Struct, frozen=True):
    """A document that differs from the fold of its events. It holds no part of the content."""

    view: str
    id: str
    stream: str
    what: str
    """`missing`, `body`, `index`, `counters`, `stale` or `orphan` (no event writes it).

    `index` with an empty stream: the index rows of this id do not agree with the document, or there
    are rows and no document.
    """


class Progress(msgspec.Struct):
    """How much has been done. The counts only grow."""

    streams: int = 0
    events: int = 0
    documents: int = 0
    differences: int = 0


async def verify(
    store: Store,
    categories: Sequence[Category],
    *,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> AsyncIterator[Difference]:
    """Every document that differs from the fold of its stream. It writes nothing.

    Raises EventUnknown or EventUndecodable for events that the categories cannot decode.
    """
    async for difference in _compare(store, categories, progress, repair=False):
        yield difference


async def rebuild(
    store: Store,
    categories: Sequence[Category],
    *,
    views: Sequence[DeclaredView] | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> AsyncIterator[Difference]:
    """As `verify`, but each difference is repaired before it is yielded.

    At the end, the documents of `views` are complete and all their indexes serve; by default these
    are all views of the categories. It may be interrupted and started again at any time, and other
    commits may go on meanwhile.
    """
    async for difference in _compare(store, categories, progress, repair=True):
        yield difference
    if views is None:
        views = [view for category in categories for view in category.fold.views]
    await store.declare(views)


async def repair_streams(store: Store, category: Category, streams: Iterable[str]) -> None:
    """Fold these streams of a category anew, and repair their documents that differ.

    Documents that no event names any more are not found by this.
    """
    for stream in streams:
        async for _ in _Folded(store, category, stream).differences(repair=True):
            pass


async def _compare(
    store: Store,
    categories: Sequence[Category],
    progress: Callable[[Progress], None],
    *,
    repair: bool,
) -> AsyncIterator[Difference]:
    count = Progress()

    def read(events: int) -> None:
        count.events += events
        progress(count)

    for category in categories:
        named: set[Ref] = set()
        async for head in all_streams(store, category.name):
            folded = _Folded(store, category, head.stream, read)
            async for difference in folded.differences(repair=repair):
                count.differences += 1
                yield difference
            named.update(folded.bodies)
            count.streams += 1
            count.documents += len(folded.bodies)
            progress(count)
        async for difference in _orphans(store, category, named, repair=repair):
            count.differences += 1
            progress(count)
            yield difference
    views = {view.name: view for category in categories for view in category.fold.views}
    for view in views:
        async for difference in _misindexed(store, view, repair=repair):
            count.differences += 1
            progress(count)
            yield difference


async def _misindexed(store: Store, view: str, *, repair: bool) -> AsyncIterator[Difference]:
    """The ids whose index rows do not agree with their documents."""
    if not isinstance(store, KeepsIndexRows):
        return
    cursor: str | None = None
    while True:
        ids, cursor = await store.misindexed(view, cursor=cursor, limit=PAGE)
        if repair and ids:
            await store.reindex(view, ids)
        for id in ids:
            yield Difference(view, id, "", "index")
        if cursor is None:
            return


async def _orphans(
    store: Store, category: Category, named: set[Ref], *, repair: bool
) -> AsyncIterator[Difference]:
    """Documents of the category's views that the fold of its streams did not name."""
    for view in category.fold.views:
        async for document in all_documents(store, view.name):
            its_own = document.stream.startswith(f"{category.name}-")
            if its_own and (view.name, document.id) not in named:
                folded = _Folded(store, category, document.stream)
                async for difference in folded.compare_one(document, repair=repair):
                    yield difference


class _Folded:
    """The documents of one stream, folded from the events read so far.

    `read` is told how many events each page had.
    """

    def __init__(
        self,
        store: Store,
        category: Category,
        stream: str,
        read: Callable[[int], None] = lambda events: None,
    ) -> None:
        self._store = store
        self._read = read
        self._category = category
        self._views: Mapping[str, View[Any]] = {view.name: view for view in category.fold.views}
        self._stream = stream
        self.version = 0
        self.bodies: dict[Ref, Any] = {}
        """Every document that the fold has named; None if it has no body now."""
        self.written: dict[Ref, int] = {}
        """The version of the last event that wrote the document's body."""
        self.touched: dict[Ref, int] = {}
        """The version of the last event that changed its body or its counters."""
        self.counters: dict[Ref, dict[str, int]] = {}
        self._erased: set[str] = set()
        """Subjects whose events do nothing, because the first one is blank."""
        self._subjects: set[str] = set()
        """Of the events so far, where `Category.erases_subjects`."""

    async def fold_on(self) -> bool:
        """Fold the events that were committed since; whether there were any."""
        before, pace = self.version, Pace()
        while events := await self._store.read_stream(
            self._stream, after=self.version, limit=min(PAGE, self._store.limits.page)
        ):
            for event in events:
                if pace.is_over():
                    await pace.give_way()
                payload = self._payload(event)
                if payload is not None:
                    self._fold(
                        Happened(self._stream, event.subject, event.time, payload), event.version
                    )
            self.version = events[-1].version
            self._read(len(events))
        return self.version > before

    def _payload(self, event: Recorded) -> Any:
        """The event as it is folded; None if it changes nothing, because it is blank or erased."""
        category, subject = self._category, event.subject
        if category.erases_subjects and subject not in self._subjects:
            self._subjects.add(subject)
            if event.is_blank:
                self._erased.add(subject)
        if event.is_blank or subject in self._erased:
            return category.blank_as(event)
        return category.codec.decode(event)

    def _fold(self, happened: Happened, version: int) -> None:
        fold = self._category.fold
        for ref in fold.keys(happened):
            self.bodies.setdefault(ref, None)
        for change in fold.evolve(self.bodies, happened):
            ref = change.view.ref(change.id)
            if change.body is not KEEP:
                self.bodies[ref] = None if change.body is DELETE else change.body
                self.written[ref] = version
            self.touched[ref] = version
            counters = self.counters.setdefault(ref, {}) if change.adds else {}
            for counter, amount in change.adds.items():
                counters[counter] = counters.get(counter, 0) + amount

    async def differences(self, *, repair: bool) -> AsyncIterator[Difference]:
        """Compare every document, chunk by chunk, and repair those that differ if asked to."""
        await self.fold_on()
        done: set[Ref] = set()
        while rest := [ref for ref in self.bodies if ref not in done]:
            for chunk in _chunks(rest):
                for difference in await self._settle(chunk, repair=repair):
                    yield difference
            done.update(rest)

    async def compare_one(self, document: Document, *, repair: bool) -> AsyncIterator[Difference]:
        """Compare one document that the fold had not named when its stream was last read."""
        await self.fold_on()
        ref = (document.view, document.id)
        self.bodies.setdefault(ref, None)
        for difference in await self._settle([ref], repair=repair):
            yield difference

    async def _settle(self, refs: Sequence[Ref], *, repair: bool) -> list[Difference]:
        """The differences among `refs`, all of one view; repaired if `repair` is set.

        Documents are read first, and new events of the stream are folded afterwards. A document
        that no event has changed since it was read must equal the fold. The others are compared
        again.
        """
        found: list[Difference] = []
        while refs:
            known = self.version
            documents = await self._store.get(refs)
            await self.fold_on()
            judged = [self._judged(r, d) for r, d in zip(refs, documents, strict=True)]
            wrong = [(ref, *verdict) for ref, verdict in zip(refs, judged, strict=True) if verdict]
            unsure = [ref for ref, _, _ in wrong if self.touched.get(ref, 0) > known]
            sure = [one for one in wrong if one[0] not in unsure]
            repaired = [True] * len(sure)
            if repair:
                repaired = await asyncio.gather(*[self._repair_now(write) for _, _, write in sure])
            for (ref, difference, _), is_done in zip(sure, repaired, strict=True):
                if is_done:
                    found.append(difference)
                else:
                    unsure.append(ref)
            refs = unsure
        return found

    async def _repair_now(self, write: Write | None) -> bool:
        """Write a repair; False if the document has changed meanwhile."""
        if write is None:
            return True
        try:
            await self._store.commit(Commit(writes=[write]))
        except Conflict:
            return False
        return True

    def _judged(self, ref: Ref, stored: Document | None) -> tuple[Difference, Write | None] | None:
        """What is wrong with a document, and the write that repairs it."""
        if stored is not None and stored.stream != self._stream:
            return None  # the id belongs to a document of another stream now
        body = self.bodies[ref]
        view, counters = self._views[ref[0]], self.counters.get(ref, {})
        encoded = None if body is None else encode(body)
        keys = {} if body is None else view.keys(body)
        what = self._wrong(ref, stored, encoded, keys, counters)
        if what is None:
            return None
        write = self._repair(ref, stored, encoded, keys, counters)
        return Difference(*ref, self._stream, what), write

    def _wrong(
        self,
        ref: Ref,
        stored: Document | None,
        encoded: bytes | None,
        keys: Mapping[str, IndexKey],
        counters: Mapping[str, int],
    ) -> str | None:
        if stored is None:
            return "missing" if encoded is not None or any(counters.values()) else None
        if encoded is None and stored.body is not None:
            return "orphan"
        if encoded != stored.body:
            return "body"
        if encoded is not None and keys != stored.index_keys:
            return "index"
        if _missing_counts(counters, stored.counters):
            return "counters"
        return (
            "stale" if stored.version < self.written.get(ref, 0) and encoded is not None else None
        )

    def _repair(
        self,
        ref: Ref,
        stored: Document | None,
        encoded: bytes | None,
        keys: Mapping[str, IndexKey],
        counters: Mapping[str, int],
    ) -> Write | None:
        """The write that repairs it; None if it would delete a document with counters."""
        adds = _missing_counts(counters, {} if stored is None else stored.counters)
        has_body = stored is not None and stored.body is not None
        if encoded is None and has_body and stored is not None and (stored.counters or adds):
            return None
        body: bytes | Body = KEEP
        if encoded is None and has_body:
            body = DELETE
        elif encoded is not None and self._wrong(
            ref, stored, encoded, keys, {} if stored is None else stored.counters
        ):
            body = encoded
        return Write(
            view=ref[0],
            id=ref[1],
            stream=self._stream,
            expects=0 if stored is None else stored.version,
            body=body,
            index_keys=keys,
            adds=adds,
            counted=(0 if stored is None else stored.counted) if adds else None,
            at=self.version,
            indexes=len(self._views[ref[0]].indexes),
        )


def _chunks(refs: Iterable[Ref]) -> Iterator[list[Ref]]:
    """The refs, view by view, in chunks of CHUNK."""
    by_view: dict[str, list[Ref]] = {}
    for ref in refs:
        by_view.setdefault(ref[0], []).append(ref)
    for some in by_view.values():
        for start in range(0, len(some), CHUNK):
            yield some[start : start + CHUNK]


def _missing_counts(folded: Mapping[str, int], stored: Mapping[str, int]) -> dict[str, int]:
    """What has to be added to the stored counters so that they equal the folded ones."""
    apart = {
        name: folded.get(name, 0) - stored.get(name, 0) for name in folded.keys() | stored.keys()
    }
    return {name: amount for name, amount in sorted(apart.items()) if amount}
