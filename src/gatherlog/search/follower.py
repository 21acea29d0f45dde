"""Keeps one index up to date with the log, as long as nothing fails."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Final

from gatherlog.core.eventstore.clock import Clock, to_datetime
from gatherlog.core.eventstore.errors import Busy, StoreClosed, StoreFailed
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events, feed_page
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.search.contract import SearchSource, Touched
from gatherlog.core.search.documents import SearchDocument
from gatherlog.search.index import Index, Reached
from gatherlog.search.rows import Row, row_of

__all__ = ["Follower", "InThread", "NotIndexed", "Report"]

InThread = Callable[[Callable[[], None]], Awaitable[None]]
Report = Callable[[Exception], None]
_PAUSE: Final = 0.1
"""Seconds between two looks at the log, so that a busy log costs little to follow."""
_LONGEST_WAIT: Final = 30.0
"""Seconds after which it looks whether a day has begun, though nothing has happened."""
_EVENTS: Final = 1_000
"""Events that concern the documents, at most, of one look."""
_RENEWED: Final = 500
"""Documents, at most, that are asked for again at one look, so that changes are found meanwhile."""
_CHUNK: Final = 50
"""Documents that are read from the source, or handed to the index, at once."""
_NOTED_EVERY: Final = 10.0
"""Seconds between two notes of how far the log was read, where nothing of it was indexed."""
_PASSING: Final = (Busy, StoreFailed, StoreClosed, OSError)
"""Failures to read that say nothing of the documents."""


class NotIndexed(Exception):
    """One document or event cannot be indexed: what it is about is not found, but all else is."""


class Follower:
    """Builds an index from the documents of a source, and follows the log from there.

    `in_thread` runs what writes to the index, one call after the other. Any failure of the store,
    the source or the index is raised; a new follower of the same index misses nothing.
    """

    def __init__(
        self,
        store: Store,
        source: SearchSource,
        index: Index,
        *,
        in_thread: InThread,
        clock: Clock,
        report: Report,
    ) -> None:
        self._store = store
        self._source = source
        self._index = index
        self._in_thread = in_thread
        self._clock = clock
        self._report = report
        self._now = asyncio.get_running_loop().time
        self._noted_at = self._now()
        self._renewed_on = 0
        self._to_renew: list[str] = []
        partitions = store.limits.partitions
        reached = index.reached or Reached((0,) * partitions, ("",) * partitions)
        self._last_ids = [*reached.ids]
        self.positions: Heads = reached.positions
        """Up to where everything in the log can be found."""

    async def is_of_this_log(self) -> bool:
        """Whether the log is the one that the index has followed so far.

        After an older copy of the store was restored, it is not: events are missing that the index
        has, and others are at their positions.
        """
        heads = await self._store.heads()
        if any(head < here for here, head in zip(self.positions, heads, strict=True)):
            return False
        return await self._ids_at(self.positions) == self._last_ids

    async def build(self) -> None:
        """Index all documents of the source."""
        heads = await self._store.heads()
        chunk: list[SearchDocument] = []
        async for document in self._source.everything():
            chunk.append(document)
            if len(chunk) == _CHUNK:
                await self._add(chunk)
                chunk = []
        await self._add(chunk)
        self._last_ids = await self._ids_at(heads)
        await self._in_thread(lambda: self._index.commit(self._reached(heads)))
        self.positions = heads

    async def step(self) -> bool:
        """Wait for events, or a new day, and index what has changed.

        Returns False if an event has touched everything, so that the index has to be built anew.
        """
        is_idle = not (self._to_renew or self._is_new_day())
        await self._store.wait(self.positions, _LONGEST_WAIT if is_idle else 0)
        found: dict[tuple[int, int], Touched] = {}
        page = await feed_page(
            self._store, self.positions, limit=_EVENTS, wanted=lambda one: self._notes(one, found)
        )
        touched = [found[event.partition, event.position] for event in page.events]
        if any(one.everything for one in touched):
            return False
        ids = dict.fromkeys([*self._touched_ids(touched), *self._outdated_ids()])
        await self._refresh([*ids], page.positions)
        if page.is_end or page.positions == self.positions:
            await asyncio.sleep(_PAUSE)
        self.positions = page.positions
        return True

    def _notes(self, event: Recorded, found: dict[tuple[int, int], Touched]) -> bool:
        """Whether an event has touched anything, which is added to what was found.

        An event that the source cannot read has touched nothing.
        """
        self._last_ids[event.partition] = event.id
        try:
            touched = self._source.touched(event)
        except Exception as error:  # noqa: BLE001 - it may raise anything, and the log goes on
            place = f"event {event.version} of {event.stream}"
            self._report(_because(NotIndexed(place), error))
            return False
        if touched is not None:
            found[event.partition, event.position] = touched
        return touched is not None

    async def _ids_at(self, positions: Heads) -> list[str]:
        """The ids of the events at these positions, which the heads have reached."""
        ids = [""] * len(positions)
        for partition, position in enumerate(positions):
            before = max(0, position - 1)
            pages = feed_events(self._store, partition, before, position, limit=1)
            async with aclosing(pages):
                async for page in pages:
                    ids[partition] = page[0].id
                    break
        return ids

    def _reached(self, positions: Heads) -> Reached:
        return Reached(positions, tuple(self._last_ids))

    def _touched_ids(self, touched: Iterable[Touched]) -> list[str]:
        """All documents that were touched; those of an owner as far as they are in the index."""
        ids = [id for one in touched for id in one.ids]
        owners = {owner for one in touched for owner in one.owners}
        return ids + self._index.snapshot.ids_of_owners(owners)

    def _outdated_ids(self) -> list[str]:
        """Some of the documents that are to be asked for again today."""
        if self._is_new_day():
            self._renewed_on = self._today()
            self._to_renew = self._index.snapshot.ids_to_renew(self._renewed_on)
        ids, self._to_renew = self._to_renew[:_RENEWED], self._to_renew[_RENEWED:]
        return ids

    def _is_new_day(self) -> bool:
        return self._today() != self._renewed_on

    def _today(self) -> int:
        return to_datetime(self._clock()).toordinal()

    async def _refresh(self, ids: Sequence[str], positions: Heads) -> None:
        """Put the present documents in the place of those that are in the index."""
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            documents = await self._read(chunk)
            await self._in_thread(lambda: self._replace(chunk, documents))  # noqa: B023
        if ids:
            await self._in_thread(lambda: self._index.commit(self._reached(positions)))
        elif self._now() - self._noted_at > _NOTED_EVERY:
            await self._in_thread(lambda: self._index.note(self._reached(positions)))
        else:
            return
        self._noted_at = self._now()

    async def _read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        """The present documents; None for one that the source fails to read."""
        try:
            return await self._source.read(ids)
        except _PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged document holds up no other
            if len(ids) > 1:
                return [document for id in ids for document in await self._read([id])]
            self._report(_because(NotIndexed(f"{self._source.name}/{ids[0]}"), error))
            return [None]

    async def _add(self, documents: Sequence[SearchDocument]) -> None:
        chunk = [*documents]
        await self._in_thread(lambda: self._index.add(self._rows(chunk).values()))

    def _replace(self, ids: Sequence[str], documents: Iterable[SearchDocument | None]) -> None:
        rows = self._rows(document for document in documents if document is not None)
        self._index.replace({id: rows.get(id) for id in ids})

    def _rows(self, documents: Iterable[SearchDocument]) -> dict[str, Row]:
        """The rows of documents, by id, without those that cannot be indexed."""
        rows: dict[str, Row] = {}
        for document in documents:
            try:
                rows[document.id] = row_of(document)
            except (ValueError, TypeError) as error:
                self._report(_because(NotIndexed(f"{self._source.name}/{document.id}"), error))
        return rows


def _because(failure: NotIndexed, error: Exception) -> NotIndexed:
    failure.__cause__ = error
    failure.add_note(str(error))
    return failure
