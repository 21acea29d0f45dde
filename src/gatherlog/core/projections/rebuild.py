"""Rebuild and verify: the log folded anew, and compared with the documents that stand in the store.

Documents are nothing but the fold of their stream's events, so what differs from the fold is
wrong. A rebuild repairs it in place while commits go on: every repair demands that the document
is still what was compared, and a stream that has moved is folded on first. Bounds are not applied.
What the indexes list is then held against the documents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.store import (
    DELETE,
    KEEP,
    Body,
    Commit,
    Document,
    IndexKey,
    Ref,
    Store,
    Write,
)
from gatherlog.core.projections.folds import Category, Happened
from gatherlog.core.projections.paging import pages
from gatherlog.core.projections.views import View

__all__ = ["Difference", "Progress", "rebuild", "verify"]

PAGE = 1000
CHUNK = 50
"""Documents that are compared, and repaired, at a time."""

_encode = msgspec.json.Encoder().encode


class Difference(msgspec.Struct, frozen=True):
    """A document that is not what its events say; no word of what it says."""

    view: str
    id: str
    stream: str
    what: str
    """`missing`, `body`, `index`, `counters`, `stale` or `orphan` (no event speaks of it).

    `index` without a stream: the document says what lists it, but its rows in the indexes do not
    agree, or there are rows and no document.
    """


class Progress(msgspec.Struct):
    """How far it is; counts only ever grow."""

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
    """Every document that differs from the fold of its stream; writes nothing.

    Raises EventUnknown or EventUndecodable where the log has what the categories cannot read.
    """
    async for difference in _compare(store, categories, progress, repair=False):
        yield difference


async def rebuild(
    store: Store,
    categories: Sequence[Category],
    *,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> AsyncIterator[Difference]:
    """As `verify`, and each difference is repaired before it is given.

    At its end the views' documents are complete as declared, and all their indexes serve. It may
    be broken off and started again at any time, and while commits go on.
    """
    async for difference in _compare(store, categories, progress, repair=True):
        yield difference
    await store.declare([view for category in categories for view in category.fold.views])


async def _compare(
    store: Store,
    categories: Sequence[Category],
    progress: Callable[[Progress], None],
    *,
    repair: bool,
) -> AsyncIterator[Difference]:
    count = Progress()
    for category in categories:
        told: set[Ref] = set()
        async for stream in _streams(store, category.name):
            folded = _Folded(store, category, stream)
            async for difference in folded.differences(repair=repair):
                count.differences += 1
                yield difference
            told.update(folded.bodies)
            count.streams += 1
            count.events += folded.version
            count.documents += len(folded.bodies)
            progress(count)
        async for difference in _orphans(store, category, told, repair=repair):
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
    """What indexes list otherwise than the documents, as they are by now, say."""
    read = partial(store.misindexed, view, limit=PAGE)
    async for ids in pages(read, str):
        if repair:
            await store.reindex(view, ids)
        for id in ids:
            yield Difference(view, id, "", "index")


async def _streams(store: Store, category: str) -> AsyncIterator[str]:
    read = partial(store.streams, category, limit=PAGE)
    async for heads in pages(read, lambda head: head.stream):
        for head in heads:
            yield head.stream


async def _orphans(
    store: Store, category: Category, told: set[Ref], *, repair: bool
) -> AsyncIterator[Difference]:
    """Documents of the category's views that no event told of while its streams were folded."""
    for view in category.fold.views:
        read = partial(store.scan, view.name, limit=PAGE)
        async for documents in pages(read, lambda one: one.id):
            for document in documents:
                its_own = document.stream.startswith(f"{category.name}-")
                if its_own and (view.name, document.id) not in told:
                    folded = _Folded(store, category, document.stream)
                    async for difference in folded.unspoken(document, repair=repair):
                        yield difference


class _Folded:
    """One stream, folded as far as it has been read."""

    def __init__(self, store: Store, category: Category, stream: str) -> None:
        self._store = store
        self._category = category
        self._views: Mapping[str, View[Any]] = {view.name: view for view in category.fold.views}
        self._stream = stream
        self.version = 0
        self.bodies: dict[Ref, Any] = {}
        """Everything that events spoke of; None where it has no body by now."""
        self.spoken: dict[Ref, int] = {}
        """The version of the last event that wrote the document's body."""
        self.touched: dict[Ref, int] = {}
        """The version of the last event that wrote its body or its counters."""
        self.counters: dict[Ref, dict[str, int]] = {}

    async def fold_on(self) -> bool:
        """Fold what was committed since; whether there was anything."""
        before = self.version
        while events := await self._store.read_stream(
            self._stream, after=self.version, limit=min(PAGE, self._store.limits.page)
        ):
            for event in events:
                payload = self._category.codec.decode(event)
                self._take(
                    Happened(self._stream, event.subject, event.time, payload), event.version
                )
            self.version = events[-1].version
        return self.version > before

    def _take(self, happened: Happened, version: int) -> None:
        fold = self._category.fold
        for ref in fold.keys(happened):
            self.bodies.setdefault(ref, None)
        for change in fold.evolve(self.bodies, happened):
            ref = change.view.ref(change.id)
            if change.body is not KEEP:
                self.bodies[ref] = None if change.body is DELETE else change.body
                self.spoken[ref] = version
            self.touched[ref] = version
            counters = self.counters.setdefault(ref, {}) if change.adds else {}
            for counter, amount in change.adds.items():
                counters[counter] = counters.get(counter, 0) + amount

    async def differences(self, *, repair: bool) -> AsyncIterator[Difference]:
        """Compare every document, chunk by chunk, and mend what differs if asked to."""
        await self.fold_on()
        done: set[Ref] = set()
        while rest := [ref for ref in self.bodies if ref not in done]:
            chunk = [ref for ref in rest if ref[0] == rest[0][0]][:CHUNK]
            for difference in await self._settle(chunk, repair=repair):
                yield difference
            done.update(chunk)

    async def unspoken(self, document: Document, *, repair: bool) -> AsyncIterator[Difference]:
        """Compare one document that was not spoken of when its stream was last folded."""
        await self.fold_on()
        ref = (document.view, document.id)
        self.bodies.setdefault(ref, None)
        for difference in await self._settle([ref], repair=repair):
            yield difference

    async def _settle(self, refs: Sequence[Ref], *, repair: bool) -> list[Difference]:
        """What differs among `refs`, all of one view, and is mended by now if it was asked for.

        Documents are read first and the stream is folded on after: a document that no event has
        touched since before it was read must equal the fold. The others are looked at again.
        """
        found: list[Difference] = []
        while refs:
            known = self.version
            documents = await self._store.get(refs[0][0], [id for _, id in refs])
            await self.fold_on()
            judged = [self._judged(r, d) for r, d in zip(refs, documents, strict=True)]
            wrong = [(ref, *verdict) for ref, verdict in zip(refs, judged, strict=True) if verdict]
            unsure = [ref for ref, _, _ in wrong if self.touched.get(ref, 0) > known]
            sure = [one for one in wrong if one[0] not in unsure]
            mended = [True] * len(sure)
            if repair:
                mended = await asyncio.gather(*[self._mend(write) for _, _, write in sure])
            for (ref, difference, _), is_done in zip(sure, mended, strict=True):
                if is_done:
                    found.append(difference)
                else:
                    unsure.append(ref)
            refs = unsure
        return found

    async def _mend(self, write: Write | None) -> bool:
        """Write a repair; False if the document has moved meanwhile."""
        if write is None:
            return True
        try:
            await self._store.commit(Commit(writes=[write]))
        except Conflict:
            return False
        return True

    def _judged(self, ref: Ref, live: Document | None) -> tuple[Difference, Write | None] | None:
        """What is wrong with a document, and the write that mends it."""
        if live is not None and live.stream != self._stream:
            return None  # by now the name is another stream's
        body = self.bodies[ref]
        view, counters = self._views[ref[0]], self.counters.get(ref, {})
        encoded = None if body is None else _encode(body)
        keys = {} if body is None else view.keys(body)
        what = self._wrong(ref, live, encoded, keys, counters)
        if what is None:
            return None
        write = self._repair(ref, live, encoded, keys, counters)
        return Difference(*ref, self._stream, what), write

    def _wrong(
        self,
        ref: Ref,
        live: Document | None,
        encoded: bytes | None,
        keys: Mapping[str, IndexKey],
        counters: Mapping[str, int],
    ) -> str | None:
        if live is None:
            return "missing" if encoded is not None or any(counters.values()) else None
        if encoded is None and live.body is not None:
            return "orphan"
        if encoded != live.body:
            return "body"
        if encoded is not None and keys != live.index_keys:
            return "index"
        if _apart(counters, live.counters):
            return "counters"
        return "stale" if live.version < self.spoken.get(ref, 0) and encoded is not None else None

    def _repair(
        self,
        ref: Ref,
        live: Document | None,
        encoded: bytes | None,
        keys: Mapping[str, IndexKey],
        counters: Mapping[str, int],
    ) -> Write | None:
        """None where a body without events has counters: the store deletes no such document."""
        adds = _apart(counters, {} if live is None else live.counters)
        has_body = live is not None and live.body is not None
        if encoded is None and has_body and live is not None and (live.counters or adds):
            return None
        body: bytes | Body = KEEP
        if encoded is None and has_body:
            body = DELETE
        elif encoded is not None and self._wrong(
            ref, live, encoded, keys, {} if live is None else live.counters
        ):
            body = encoded
        return Write(
            view=ref[0],
            id=ref[1],
            stream=self._stream,
            expects=0 if live is None else live.version,
            body=body,
            index_keys=keys,
            adds=adds,
            counted=(0 if live is None else live.counted) if adds else None,
            at=self.version,
        )


def _apart(folded: Mapping[str, int], live: Mapping[str, int]) -> dict[str, int]:
    """What to add to the live counters so that they become the folded ones."""
    apart = {name: folded.get(name, 0) - live.get(name, 0) for name in folded.keys() | live.keys()}
    return {name: amount for name, amount in sorted(apart.items()) if amount}
