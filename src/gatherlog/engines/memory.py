"""The reference engine: the planner and dictionaries. Nothing outlives the process."""

import asyncio
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.commit_checks import check_commit
from gatherlog.core.eventstore.errors import LimitExceeded, StoreClosed, StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import next_cursor, query_range, split_key
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, plan
from gatherlog.core.eventstore.store import (
    Commit,
    Committed,
    DeclaredView,
    Document,
    Heads,
    Limits,
    Page,
    Query,
    Recalled,
    Ref,
    StreamHead,
)

__all__ = ["MemoryStore"]

Row = tuple[str, str]
"""(sort key, id) of a document in an index; code points order as their UTF-8 bytes do."""


class MemoryStore:
    """A `Store` in dictionaries, for one event loop. Nothing is durable."""

    def __init__(
        self,
        views: Sequence[DeclaredView] = (),
        *,
        limits: Limits | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.limits = limits or Limits()
        self._declared = {(view.name, index) for view in views for index in view.indexes}
        self._clock = clock
        self._feeds: list[list[Recorded]] = [[] for _ in range(self.limits.partitions)]
        self._positions = [0] * self.limits.partitions
        self._streams: dict[str, list[Recorded]] = {}
        self._versions: dict[str, int] = {}
        self._keys: dict[str, Recalled] = {}
        self._documents: dict[Ref, Document] = {}
        self._indexes: dict[tuple[str, str, str], list[Row]] = {}
        self._committed = asyncio.Event()
        self._closed = False

    async def commit(self, commit: Commit) -> Committed:
        self._check_open()
        check_commit(commit, self.limits)
        state = State(self._clock(), self._positions, self._keys, self._versions, self._documents)
        [result], changes = plan(state, [commit])
        if isinstance(result, StoreError):
            raise result
        self._apply(changes)
        return result

    def _apply(self, changes: Changes) -> None:
        self._positions = changes.positions
        self._versions.update(changes.streams)
        for key, recalled in changes.keys.items():
            self._keys.pop(key, None)
            self._keys[key] = recalled
            self._forget_keys(2)
        for event in changes.events:
            self._feeds[event.partition].append(event)
            self._streams.setdefault(event.stream, []).append(event)
        for ref, document in changes.documents.items():
            self._index(self._documents.get(ref), document)
            if document is None:
                self._documents.pop(ref, None)
            else:
                self._documents[ref] = document
        self._committed.set()
        self._committed = asyncio.Event()

    def _forget_keys(self, most: int) -> None:
        """Forget up to `most` of the keys that have expired; the oldest come first."""
        for key in list(islice(self._keys, most)):
            if self._keys[key].at <= self._clock() - KEY_LIFETIME:
                del self._keys[key]

    def _index(self, before: Document | None, after: Document | None) -> None:
        for document, present in ((before, False), (after, True)):
            if document is None:
                continue
            for index, key in document.index_keys.items():
                partition, sort = split_key(key)
                rows = self._indexes.setdefault((document.view, index, partition), [])
                row = (sort, document.id)
                at = bisect_left(rows, row)
                is_there = rows[at : at + 1] == [row]
                if present and not is_there:
                    rows.insert(at, row)
                elif is_there and not present:
                    del rows[at]

    async def recall(self, key: str) -> Recalled | None:
        self._check_open()
        recalled = self._keys.get(key)
        if recalled is None or recalled.at <= self._clock() - KEY_LIFETIME:
            return None
        return recalled

    async def read_stream(
        self,
        stream: str,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        backwards: bool = False,
    ) -> list[Recorded]:
        self._check_limit(limit)
        events = self._streams.get(stream, [])
        end = len(events) if before is None else min(max(before - 1, 0), len(events))
        start = max(after, 0)
        if backwards:
            return events[max(start, end - limit) : end][::-1]
        return events[start : min(end, start + limit)]

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        self._check_limit(limit)
        if not 0 <= partition < self.limits.partitions:
            raise ValueError(f"there is no partition {partition}")
        return self._feeds[partition][max(after, 0) : max(after, 0) + limit]

    async def heads(self) -> Heads:
        self._check_open()
        return tuple(self._positions)

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        try:
            async with asyncio.timeout(timeout):
                while all(p <= b for p, b in zip(await self.heads(), beyond, strict=True)):
                    await self._committed.wait()
        except TimeoutError:
            pass
        return await self.heads()

    async def get(self, view: str, ids: Sequence[str]) -> list[Document | None]:
        self._check_open()
        return [self._documents.get((view, id)) for id in ids]

    async def query(self, query: Query) -> Page:
        self._check_limit(query.limit)
        if (query.view, query.index) not in self._declared:
            raise ValueError(
                f"no view that the store was opened with declares index {query.view}.{query.index}"
            )
        wanted = query_range(query, self.id)
        partition, _ = split_key((query.partition,))
        rows = [
            row
            for row in self._indexes.get((query.view, query.index, partition), [])
            if wanted.low <= row[0] and (wanted.high is None or row[0] < wanted.high)
            if (query.view, row[1]) in self._documents
        ]
        if query.backwards:
            rows.reverse()
        if wanted.beyond is not None:
            beyond = wanted.beyond
            rows = [row for row in rows if (row < beyond if query.backwards else row > beyond)]
        page, more = rows[: query.limit], len(rows) > query.limit
        cursor = next_cursor(query, self.id, *page[-1]) if more else None
        return Page([self._documents[query.view, id] for _, id in page], cursor)

    async def streams(
        self, category: str, *, after: str = "", limit: int = 1000
    ) -> list[StreamHead]:
        self._check_limit(limit)
        names = sorted(name for name in self._versions if name.startswith(category + "-"))
        start = bisect_right(names, after)
        return [StreamHead(name, self._versions[name]) for name in names[start : start + limit]]

    async def scan(self, view: str, *, after: str = "", limit: int = 1000) -> list[Document]:
        self._check_limit(limit)
        ids = sorted(id for name, id in self._documents if name == view)
        start = bisect_right(ids, after)
        return [self._documents[view, id] for id in ids[start : start + limit]]

    async def misindexed(self, view: str, *, after: str = "", limit: int = 1000) -> list[str]:
        self._check_limit(limit)
        wanted = [
            (id, index, *split_key(key))
            for (name, id), document in self._documents.items()
            for index, key in document.index_keys.items()
            if name == view
        ]
        listed = [
            (id, index, partition, sort)
            for (name, index, partition), rows in self._indexes.items()
            for sort, id in rows
            if name == view
        ]
        apart = {id for id, *_ in set(wanted) ^ set(listed)}
        return sorted(id for id in apart if id > after)[:limit]

    async def reindex(self, view: str, ids: Sequence[str]) -> None:
        self._check_open()
        gone = set(ids)
        for (name, *_), rows in self._indexes.items():
            if name == view:
                rows[:] = [row for row in rows if row[1] not in gone]
        for id in ids:
            self._index(None, self._documents.get((view, id)))

    async def declare(self, views: Sequence[DeclaredView]) -> None:
        self._check_open()
        self._declared.update((view.name, index) for view in views for index in view.indexes)

    async def close(self) -> None:
        self._closed = True
        self._committed.set()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed")

    def _check_limit(self, limit: int) -> None:
        self._check_open()
        if limit < 1:
            raise ValueError(f"limit={limit}: at least 1")
        if limit > self.limits.page:
            raise LimitExceeded("a page", self.limits.page, limit)
