"""The engine of a SQLite file: reads on the loop or in a thread, writes by the one writer."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

import apsw

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.engine import (
    IndexPage,
    IndexRowEngine,
    Planned,
    RecordedView,
)
from gatherlog.core.eventstore.engine_store import IndexRowStore
from gatherlog.core.eventstore.errors import NotAStore, StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.giving_way import Pace, Steps, at_once, in_turns
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.page_sizes import bytes_of_events
from gatherlog.core.eventstore.planner import State, Wanted
from gatherlog.core.eventstore.store import (
    DeclaredView,
    Document,
    Heads,
    Limits,
    Recalled,
    Ref,
    StreamHead,
)
from gatherlog.engines.sqlite import rows
from gatherlog.engines.sqlite.cache import FileCache
from gatherlog.engines.sqlite.failures import DRIVER_ERRORS, translate
from gatherlog.engines.sqlite.file import connect, connect_to_read, prepare, tidy_up
from gatherlog.engines.sqlite.freed_space import overwrite_freed
from gatherlog.engines.sqlite.index_rows import read_misindexed, rewrite_rows
from gatherlog.engines.sqlite.upkeep import demand_layout, upgrade, write_alone
from gatherlog.engines.sqlite.wakeups import Wakeups
from gatherlog.engines.sqlite.wal import MOST_BYTES, WalLimit
from gatherlog.engines.sqlite.watch import FileWatch
from gatherlog.engines.sqlite.writer import NoWriter, Writer

__all__ = ["SqliteEngine", "SqliteStore", "open_sqlite"]

T = TypeVar("T")
ReadEvents = Callable[[apsw.Cursor, Recorded | None, int, int], rows.EventPage]
"""Reads a page that begins after an event, given the most events and the most bytes that it may
have."""

INLINE_ROWS: Final = 64
"""Up to this many rows are read at once on the loop."""
INLINE_BYTES: Final = 256 * 1024
"""A page of events of up to this many bytes is read on the loop, and of a longer one the beginning:
so many bytes, or the first FIRST_CHUNK events if these have more (`take_page`)."""
PARTITIONS: Final = 1


async def open_sqlite(
    path: str,
    views: Sequence[DeclaredView],
    *,
    create: bool,
    read_only: bool,
    limits: Limits | None,
    clock: Clock,
) -> "SqliteStore":
    """Open or make the store in the file `path`; see `gatherlog.engines.open_store`."""
    limits = limits or Limits()
    if limits.partitions != PARTITIONS:
        raise NotAStore(f"{path}: SQLite has {PARTITIONS} partition, not {limits.partitions}")
    path = await asyncio.to_thread(prepare, path, create=create)
    is_alone = read_only and not await asyncio.to_thread(os.path.exists, f"{path}-shm")
    try:
        await asyncio.to_thread(demand_layout if read_only else upgrade, path)
        engine = SqliteEngine(path, limits, read_only=read_only, is_alone=is_alone)
    except DRIVER_ERRORS as error:
        raise translate(error) from error
    return await SqliteStore.open(engine, views, clock=clock, read_only=read_only)


class SqliteStore(IndexRowStore):
    """A `Store` in one SQLite file, for any number of processes on one machine."""

    engine: "SqliteEngine"

    async def sizes(self) -> Mapping[str, int]:
        """See `KnowsItsSize`."""
        self._check_open()
        return self.engine.file_bytes()

    async def overwrite_freed(self, *, documents: bool) -> None:
        """See `KeepsFreedSpace`."""
        self._check_writable()
        await self.engine.overwrite_freed(documents=documents)


class SqliteEngine(IndexRowEngine):
    """The `Engine` of a `SqliteStore`.

    With `read_only` it writes nothing, so that the file, and its folder, need not be writable;
    `is_alone` says that nobody had the file open before.
    """

    def __init__(
        self, path: str, limits: Limits, *, read_only: bool = False, is_alone: bool = False
    ) -> None:
        self.limits = limits
        self.path = path
        self._is_alone = is_alone
        self._connect = connect_to_read if read_only else connect
        self._connection = self._connect(path)
        self._reads = self._connection.cursor()
        self.id = str(self._reads.execute("SELECT id FROM store").get)
        self._pages = ThreadPoolExecutor(1, "gatherlog-reader")
        self._page_connection: apsw.Connection | None = None
        self._lists: apsw.Cursor | None = None
        self._one_list = asyncio.Lock()
        self._wakeups = Wakeups(path)
        self._watch = FileWatch(path)
        self._wal = WalLimit(path)
        self._writer = NoWriter() if read_only else Writer(path, self._watch)
        self._cache = FileCache(self._writer)
        self._moved: Callable[[Heads | None], None] = lambda heads: None

    # Writing.

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        try:
            cursor = await self._begin()
            try:
                return rows.load(cursor, wanted, now, self._cache)
            except BaseException:
                self._writer.abandon()
                raise
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    async def _begin(self) -> apsw.Cursor:
        """Begin a transaction, in which the cache is up to date."""
        self._watch.glance()
        if self._watch.wal_bytes > MOST_BYTES:
            await self._wal.empty()
        cursor = self._writer.begin_at_once() or await self._writer.begin()
        try:
            self._cache.confirm_inside(cursor)
        except BaseException:
            self._writer.abandon()
            raise
        return cursor

    async def write(self, planned: Planned) -> None:
        changes = planned.changes
        self._cache.being_written = changes.documents.keys()
        try:
            cursor = self._writer.open()
            steps = rows.saving(cursor, changes, planned.state)
            if len(changes.documents) <= INLINE_ROWS:
                at_once(steps)
            else:
                await _write_in_steps(steps)
            is_lone = len(planned.commits) == 1
            if not (is_lone and self._writer.commit_at_once()):
                await self._writer.commit()
            self._watch.confirm()
        except BaseException as error:
            await self._writer.give_up()
            if isinstance(error, Exception):
                raise translate(error) from error
            raise
        finally:
            self._cache.being_written = frozenset()
        self._cache.apply_own(changes, cursor)
        position = changes.positions[0]
        self._moved((position,))
        self._wakeups.send(position)

    async def abandon(self) -> None:
        self._writer.abandon()

    async def forget(self, text: str) -> None:
        await self._alone(lambda cursor: rows.forget(cursor, text))

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        try:
            cursor = await self._begin()
            try:
                rows.blank(cursor, positions)
                await self._writer.commit()
                self._watch.confirm()
            except BaseException:
                await self._writer.give_up()
                raise
            self._cache.keep_all(cursor)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    async def overwrite_freed(self, *, documents: bool) -> None:
        """See `KeepsFreedSpace`."""
        try:
            self._watch.check()
            await asyncio.to_thread(overwrite_freed, self.path, documents=documents)
            self._watch.check()
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    # Reading.

    async def recall(self, key: str) -> Recalled | None:
        return self._now(lambda reads: rows.read_key(reads, key))

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]:
        def read(reads: apsw.Cursor, last: Recorded | None, most: int, size: int) -> rows.EventPage:
            low, high = after, before
            if last is not None:
                low, high = (low, last.version) if backwards else (last.version, high)
            return rows.read_stream(reads, stream, low, high, most, size, backwards)

        return await self._events(limit, read)

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]:
        def read(reads: apsw.Cursor, last: Recorded | None, most: int, size: int) -> rows.EventPage:
            return rows.read_feed(reads, after if last is None else last.position, most, size)

        return await self._events(limit, read)

    async def heads(self) -> Heads:
        return (self._now(rows.read_head),)

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        try:
            self._watch.glance()
            found = self._cache.read(refs)
            known = self._cache.read_some(refs) if found is None else {}
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        if found is not None:
            return found
        missing = [ref for ref in refs if ref not in known]
        if len(missing) > INLINE_ROWS:
            return await self._in_steps(rows.reading_documents(self._reads, refs))
        self._read_into(known, missing)
        return [known[ref] for ref in refs]

    def _read_into(self, known: dict[Ref, Document | None], refs: Sequence[Ref]) -> None:
        """Read a few documents from the file, and cache them."""
        found = self._now(lambda reads: [rows.read_document(reads, ref) for ref in refs])
        for ref, document in zip(refs, found, strict=True):
            known[ref] = document
            if document is None:
                self._cache.keep_absence(ref)
            else:
                self._cache.keep(document)

    async def read_index(self, wanted: IndexRange) -> IndexPage:
        most = self.limits.page_bytes
        return await self._page(wanted.limit, lambda reads: rows.reading_index(reads, wanted, most))

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        return await self._in_steps(rows.reading_streams(self._reads, category, after, limit))

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        most = self.limits.page_bytes
        return await self._page(
            limit, lambda reads: rows.reading_view(reads, view, after, limit, most)
        )

    async def read_misindexed(self, view: str, after: str, limit: int) -> list[str]:
        return await self._in_thread(lambda reads: read_misindexed(reads, view, after, limit))

    # Views, and repairs of index rows.

    async def rewrite_index_rows(self, view: str, ids: Sequence[str]) -> None:
        await self._alone(lambda cursor: rewrite_rows(cursor, view, ids))

    async def views(self) -> dict[str, RecordedView]:
        return self._now(rows.read_views)

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        await self._alone(lambda cursor: rows.save_views(cursor, views, only_if_empty))

    async def _alone(self, work: Callable[[apsw.Cursor], None]) -> None:
        try:
            self._watch.check()
            await asyncio.to_thread(write_alone, self.path, work)
            self._watch.check()
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    # Waking and closing.

    def file_bytes(self) -> Mapping[str, int]:
        """The size of the file and of its write-ahead log."""
        try:
            self._watch.check()
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        return {"database": self._watch.file_bytes, "wal": self._watch.wal_bytes}

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self._moved = moved
        self._wakeups.listen(asyncio.get_running_loop(), self._woken)

    def _woken(self, position: int | None) -> None:
        """Another process has committed, up to this position if it is known."""
        self._cache.expire_confirmation()
        with suppress(StoreError):  # those who are woken get the error
            self._moved((self._now(rows.read_head) if position is None else position,))

    async def close(self) -> None:
        self._moved = lambda heads: None
        await self._writer.close()
        loop = asyncio.get_running_loop()
        self._wakeups.close(loop)
        await loop.run_in_executor(self._pages, self._close_pages)
        self._pages.shutdown()
        async with self._one_list:
            if self._lists is not None:
                self._lists.connection.close()
        self._connection.close()
        self._watch.close()
        if self._is_alone:
            await asyncio.to_thread(tidy_up, self.path)

    # How reads are done.

    def _now(self, read: Callable[[apsw.Cursor], T]) -> T:
        """A short read, on the loop."""
        self._cache.expire_confirmation()
        try:
            self._watch.glance()
            return read(self._reads)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    async def _page(self, size: int, read: Callable[[apsw.Cursor], Steps[T]]) -> T:
        """A read of up to `size` rows by one statement: a short one at once, a long one in steps.

        Statements that are open at the same time on one connection see the database as it was when
        the first of them began. So long ones have a connection of their own, one after the other.
        """
        if size <= INLINE_ROWS:
            return self._now(lambda reads: at_once(read(reads)))
        async with self._one_list:
            await asyncio.sleep(0)  # so that many of them in a row do not hold the loop either
            return await self._in_steps(read(await self._list_cursor()))

    async def _list_cursor(self) -> apsw.Cursor:
        if self._lists is None:
            try:
                self._lists = (await asyncio.to_thread(self._connect, self.path)).cursor()
            except DRIVER_ERRORS as error:
                raise translate(error) from error
        return self._lists

    async def _in_steps(self, steps: Steps[T]) -> T:
        """A long read on the loop, which gives way to others.

        In a thread it would take the interpreter whenever the loop lets go of it for a moment, and
        keep it for longer than a step.
        """
        try:
            self._watch.glance()
            return await in_turns(steps)
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._cache.expire_confirmation()

    async def _events(self, limit: int, read: ReadEvents) -> list[Recorded]:
        """A page of events: the first rows on the loop, the rest in the thread."""
        page_bytes = self.limits.page_bytes
        most, size = min(limit, INLINE_ROWS), min(page_bytes, INLINE_BYTES)
        first, is_last = self._now(lambda reads: read(reads, None, most, size))
        if is_last or len(first) == limit:
            return first
        more = limit - len(first), page_bytes - bytes_of_events(first)
        if more[1] <= 0:
            return first
        rest, _ = await self._in_thread(lambda reads: read(reads, first[-1], *more))
        return first if bytes_of_events(rest[:1]) > more[1] else first + rest

    async def _in_thread(self, read: Callable[[apsw.Cursor], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            self._watch.glance()
            return await loop.run_in_executor(self._pages, self._read_page, read)
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._cache.expire_confirmation()

    def _read_page(self, read: Callable[[apsw.Cursor], T]) -> T:
        """Read in the thread, and close the cursor there: the traceback of a read that broke off
        would keep it, and with it the state that the file had then."""
        if self._page_connection is None:
            self._page_connection = self._connect(self.path)
        cursor = self._page_connection.cursor()
        try:
            return read(cursor)
        finally:
            cursor.close(True)

    def _close_pages(self) -> None:
        if self._page_connection is not None:
            self._page_connection.close()


async def _write_in_steps(steps: Steps[None]) -> None:
    """Write many rows; others go first now and then.

    It only shares the loop (see `giving_way`), since all other commits wait for it, also those of
    other processes.
    """
    pace = Pace()
    for _ in steps:
        if pace.is_over():
            await pace.share()
