"""The reference engine: the planner and dictionaries. Nothing outlives the process."""

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.engine import Engine, IndexPage, Planned, RecordedView
from gatherlog.core.eventstore.engine_store import EngineStore
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange, split_key
from gatherlog.core.eventstore.page_sizes import (
    bytes_of_documents,
    bytes_of_events,
    bytes_of_rows,
    cut_page,
)
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, Wanted
from gatherlog.core.eventstore.store import (
    DeclaredView,
    Document,
    Heads,
    Limits,
    Recalled,
    Ref,
    StreamHead,
)
from gatherlog.core.eventstore.view_catalogue import record_of

__all__ = ["MemoryEngine", "MemoryStore"]

Row = tuple[str, str]
"""Sort key and id of a document in an index; code points order as their UTF-8 bytes do."""


class MemoryStore(EngineStore):
    """A `Store` in dictionaries. Nothing is durable."""

    def __init__(
        self,
        views: Sequence[DeclaredView] = (),
        *,
        limits: Limits | None = None,
        clock: Clock = system_clock,
    ) -> None:
        engine = MemoryEngine(limits or Limits(), views)
        super().__init__(engine, views, engine.recorded, clock=clock)


class MemoryEngine(Engine):
    """The engine of a `MemoryStore`."""

    def __init__(self, limits: Limits, views: Sequence[DeclaredView] = ()) -> None:
        self.id = str(uuid.uuid4())
        self.limits = limits
        self._feeds: list[list[Recorded]] = [[] for _ in range(limits.partitions)]
        self._streams: dict[str, list[Recorded]] = {}
        self.versions: dict[str, int] = {}
        self.keys: dict[str, Recalled] = {}
        self.documents: dict[Ref, Document] = {}
        self._indexes: dict[tuple[str, str, str], list[Row]] = {}
        self.recorded = {view.name: record_of(view) for view in views}
        self._moved: Callable[[Heads | None], None] = lambda heads: None

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        return State(now, await self.heads(), self.keys, self.versions, self.documents)

    async def write(self, planned: Planned) -> None:
        self.apply(planned.changes, planned.state.now)
        self._moved(await self.heads())

    def apply(self, changes: Changes, now: int) -> None:
        """Make the changes of a plan."""
        self.versions.update(changes.streams)
        for key, recalled in changes.keys.items():
            self.keys.pop(key, None)
            self.keys[key] = recalled
            self._forget_keys(2, now)
        for event in changes.events:
            self._feeds[event.partition].append(event)
            self._streams.setdefault(event.stream, []).append(event)
        for ref, document in changes.documents.items():
            self._index(self.documents.get(ref), document)
            if document is None:
                self.documents.pop(ref, None)
            else:
                self.documents[ref] = document

    async def forget(self, text: str) -> None:
        found = text.encode()
        for key in [key for key, one in self.keys.items() if found in one.answer]:
            del self.keys[key]

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        feed = self._feeds[partition]
        for position in positions:
            if position <= len(feed):
                event = msgspec.structs.replace(feed[position - 1], data=b"", meta=b"")
                feed[position - 1] = self._streams[event.stream][event.version - 1] = event

    async def recall(self, key: str) -> Recalled | None:
        return self.keys.get(key)

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]:
        events = self._streams.get(stream, [])
        start, end = max(after, 0), min(max(before - 1, 0), len(events))
        page = (
            events[max(start, end - limit) : end][::-1] if backwards else events[start:end][:limit]
        )
        return list(cut_page(page, self.limits.page_bytes, bytes_of_events))

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]:
        page = self._feeds[partition][max(after, 0) : max(after, 0) + limit]
        return list(cut_page(page, self.limits.page_bytes, bytes_of_events))

    async def heads(self) -> Heads:
        return self.positions()

    def positions(self) -> Heads:
        """The last position of each partition."""
        return tuple(map(len, self._feeds))

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self._moved = moved

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        return [self.documents.get(ref) for ref in refs]

    async def read_index(self, wanted: IndexRange) -> IndexPage:
        rows = [
            row
            for row in self._indexes.get((wanted.view, wanted.index, wanted.partition), [])
            if wanted.low <= row[0] and (wanted.high is None or row[0] < wanted.high)
        ]
        if wanted.backwards:
            rows.reverse()
        if (at := wanted.beyond) is not None:
            rows = [row for row in rows if (row < at if wanted.backwards else row > at)]
        found = [(sort, self.documents[wanted.view, id]) for sort, id in rows]
        page = found[: wanted.limit]
        page = list(cut_page(page, self.limits.page_bytes, bytes_of_rows))
        return IndexPage(page, len(page) == len(found))

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        names = sorted(name for name in self.versions if name.startswith(category + "-"))
        start = bisect_right(names, after)
        page = names[start : start + limit]
        heads = [StreamHead(name, self.versions[name]) for name in page]
        return heads, page[-1] if start + limit < len(names) else None

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        ids = sorted(id for name, id in self.documents if name == view)
        rest = [self.documents[view, id] for id in ids[bisect_right(ids, after) :]]
        page = list(cut_page(rest[:limit], self.limits.page_bytes, bytes_of_documents))
        return page, page[-1].id if len(page) < len(rest) else None

    async def views(self) -> dict[str, RecordedView]:
        return dict(self.recorded)

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        filled = {view for view, _ in self.documents} if only_if_empty else set()
        for view, before in views:
            if view.name not in filled and self.recorded.get(view.name) == before:
                self.recorded[view.name] = view

    def _forget_keys(self, most: int, now: int) -> None:
        """Forget up to `most` of the keys that have expired; the oldest come first."""
        for key in list(islice(self.keys, most)):
            if self.keys[key].at <= now - KEY_LIFETIME:
                del self.keys[key]

    def _index(self, before: Document | None, after: Document | None) -> None:
        for document, is_listed in ((before, False), (after, True)):
            if document is None:
                continue
            for index, key in document.index_keys.items():
                partition, sort = split_key(key)
                rows = self._indexes.setdefault((document.view, index, partition), [])
                at, row = bisect_left(rows, (sort, document.id)), (sort, document.id)
                if is_listed:
                    rows.insert(at, row)
                else:
                    del rows[at]
