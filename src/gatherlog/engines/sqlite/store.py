"""The store in a SQLite file: reads on the loop or in a thread, writes by the group writer."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import apsw

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.commit_checks import check_commit
from gatherlog.core.eventstore.errors import (
    LimitExceeded,
    NotAStore,
    StoreClosed,
    StoreError,
    ViewNotBuilt,
)
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import next_cursor, query_range, split_key
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
    StreamHead,
)
from gatherlog.engines.sqlite import rows
from gatherlog.engines.sqlite.failures import translate
from gatherlog.engines.sqlite.file import connect, prepare
from gatherlog.engines.sqlite.index_rows import read_misindexed
from gatherlog.engines.sqlite.upkeep import declare, reindex
from gatherlog.engines.sqlite.wakeups import Wakeups
from gatherlog.engines.sqlite.writer import GroupWriter

__all__ = ["SqliteStore", "open_sqlite"]

T = TypeVar("T")

INLINE_ROWS = 64
"""Up to this many rows are read on the loop: handing them to a thread would cost more."""
PARTITIONS = 1
MAX_VERSION = 2**63 - 1
POLL_FIRST, POLL_LAST = 0.05, 2.0
"""Seconds between two polls of the file while anybody waits: at first, and at most."""


async def open_sqlite(
    path: str,
    views: Sequence[DeclaredView],
    *,
    create: bool,
    limits: Limits | None,
    clock: Clock,
) -> "SqliteStore":
    """Open or make the store in the file `path`; see `gatherlog.engines.open_store`."""
    limits = limits or Limits()
    if limits.partitions != PARTITIONS:
        raise NotAStore(f"{path}: SQLite has {PARTITIONS} partition, not {limits.partitions}")
    await asyncio.to_thread(prepare, path, create=create)
    try:
        unbuilt = await asyncio.to_thread(declare, path, views)
        return SqliteStore(path, views, unbuilt, limits=limits, clock=clock)
    except apsw.Error as error:
        raise translate(error) from error


class SqliteStore:
    """A `Store` in one SQLite file, for any number of processes on one machine."""

    def __init__(
        self,
        path: str,
        views: Sequence[DeclaredView],
        unbuilt: set[tuple[str, str]],
        *,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.limits = limits
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._connection = connect(path)
        self._reads = self._connection.cursor()
        self.id = str(self._reads.execute("SELECT id FROM store").get)
        self._unbuilt = unbuilt
        self._built = {(view.name, index) for view in views for index in view.indexes}
        self._built -= self._unbuilt
        self._pages = ThreadPoolExecutor(1, "gatherlog-reader")
        self._page_connection: apsw.Connection | None = None
        self._wakeups = Wakeups(path)
        self._writer = GroupWriter(path, clock=clock, on_commit=self._own_commit)
        self._committed = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._head = 0
        self._announced_head = 0
        self._waiting = 0
        self._closed = False

    async def commit(self, commit: Commit) -> Committed:
        self._check_open()
        return await self._writer.submit(commit, check_commit(commit, self.limits))

    async def recall(self, key: str) -> Recalled | None:
        return self._now(lambda reads: rows.read_key(reads, key, self._clock()))

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
        upper = MAX_VERSION if before is None else before
        head = min(limit, INLINE_ROWS)
        first = self._now(
            lambda reads: rows.read_stream(reads, stream, after, upper, head, backwards)
        )
        if limit <= INLINE_ROWS or len(first) < INLINE_ROWS:
            return first
        last = first[-1].version
        after, upper = (after, last) if backwards else (last, upper)
        return first + await self._in_thread(
            lambda reads: rows.read_stream(reads, stream, after, upper, limit - head, backwards)
        )

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        self._check_limit(limit)
        if partition != 0:
            raise ValueError(f"there is no partition {partition}")
        first = self._now(lambda reads: rows.read_feed(reads, after, min(limit, INLINE_ROWS)))
        if limit <= INLINE_ROWS or len(first) < INLINE_ROWS:
            return first
        beyond = first[-1].position
        return first + await self._in_thread(
            lambda reads: rows.read_feed(reads, beyond, limit - INLINE_ROWS)
        )

    async def heads(self) -> Heads:
        self._head = max(self._head, self._now(rows.read_head))
        return (self._head,)

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        self._check_open()
        self._wakeups.listen(self._loop, self._other_commit)
        deadline = self._loop.time() + timeout
        self._waiting += 1
        try:
            await self.heads()
            while True:
                self._check_open()
                committed, heads = self._committed, (self._head,)
                remaining = deadline - self._loop.time()
                if heads > beyond or remaining <= 0:
                    return heads
                if self._poller is None:
                    self._poller = asyncio.create_task(self._poll(heads))
                try:
                    async with asyncio.timeout(remaining):
                        await committed.wait()
                except TimeoutError:
                    return await self.heads()
        finally:
            self._waiting -= 1

    async def get(self, view: str, ids: Sequence[str]) -> list[Document | None]:
        self._check_open()
        known = self._translated(lambda: self._writer.documents(view, ids))
        if known is not None:
            return known
        found = await self._page(
            len(ids), lambda reads: [rows.read_document(reads, view, id) for id in ids]
        )
        if len(ids) <= INLINE_ROWS:
            self._writer.cache(found)
        return found

    async def query(self, query: Query) -> Page:
        self._check_limit(query.limit)
        self._check_built(query)
        wanted = query_range(query, self.id)
        partition, _ = split_key((query.partition,))
        found = await self._page(
            query.limit, lambda reads: rows.read_query(reads, query, partition, wanted)
        )
        documents = [document for _, document in found[: query.limit]]
        if len(found) <= query.limit:
            return Page(documents, None)
        return Page(documents, next_cursor(query, self.id, found[-2][0], documents[-1].id))

    async def streams(
        self, category: str, *, after: str = "", limit: int = 1000
    ) -> list[StreamHead]:
        self._check_limit(limit)
        return await self._page(
            limit, lambda reads: rows.read_streams(reads, category, after, limit)
        )

    async def scan(self, view: str, *, after: str = "", limit: int = 1000) -> list[Document]:
        self._check_limit(limit)
        return await self._page(limit, lambda reads: rows.read_scan(reads, view, after, limit))

    async def misindexed(self, view: str, *, after: str = "", limit: int = 1000) -> list[str]:
        self._check_limit(limit)
        return await self._in_thread(lambda reads: read_misindexed(reads, view, after, limit))

    async def reindex(self, view: str, ids: Sequence[str]) -> None:
        self._check_open()
        try:
            await asyncio.to_thread(reindex, self._path, view, ids)
        except apsw.Error as error:
            raise translate(error) from error

    async def declare(self, views: Sequence[DeclaredView]) -> None:
        self._check_open()
        try:
            await asyncio.to_thread(declare, self._path, views, complete=True)
        except apsw.Error as error:
            raise translate(error) from error
        indexes = {(view.name, index) for view in views for index in view.indexes}
        self._built |= indexes
        self._unbuilt -= indexes

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        if self._poller is not None:
            self._poller.cancel()
        self._wake()
        self._wakeups.close(self._loop)
        await self._loop.run_in_executor(self._pages, self._close_pages)
        self._pages.shutdown()
        self._connection.close()

    # Reading.

    def _now(self, read: Callable[[apsw.Cursor], T]) -> T:
        """A point read, on the loop."""
        self._check_open()
        self._writer.expire_confirmation()
        return self._translated(lambda: read(self._reads))

    def _translated(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except apsw.Error as error:
            raise translate(error) from error

    async def _page(self, size: int, read: Callable[[apsw.Cursor], T]) -> T:
        """A read of up to `size` rows: a short one on the loop, a long one in the thread."""
        return self._now(read) if size <= INLINE_ROWS else await self._in_thread(read)

    async def _in_thread(self, read: Callable[[apsw.Cursor], T]) -> T:
        self._check_open()
        try:
            return await self._loop.run_in_executor(self._pages, self._read_page, read)
        except apsw.Error as error:
            raise translate(error) from error
        finally:
            self._writer.expire_confirmation()

    def _read_page(self, read: Callable[[apsw.Cursor], T]) -> T:
        if self._page_connection is None:
            self._page_connection = connect(self._path)
        return read(self._page_connection.cursor())

    def _close_pages(self) -> None:
        if self._page_connection is not None:
            self._page_connection.close()

    # Waking.

    def _own_commit(self, head: int) -> None:
        """This process has committed up to the position `head`, which can be read now."""
        if head > self._announced_head:
            self._announced_head = head
            self._head = max(self._head, head)
            self._wake()
            self._wakeups.send()

    def _other_commit(self) -> None:
        """Another process has committed."""
        if self._waiting and not self._closed:
            with suppress(StoreError):  # those who are woken get the error
                self._head = max(self._head, self._now(rows.read_head))
            self._wake()

    def _wake(self) -> None:
        if self._waiting:
            self._committed.set()
            self._committed = asyncio.Event()

    async def _poll(self, seen: Heads) -> None:
        """Poll the file for all who wait, less and less often while nothing happens."""
        pause = POLL_FIRST
        try:
            while self._waiting and not self._closed:
                await asyncio.sleep(pause)
                with suppress(StoreError):  # it may pass; if not, those who read get the error
                    heads = await self.heads()
                    pause = POLL_FIRST if heads > seen else min(pause * 1.5, POLL_LAST)
                    if heads > seen:
                        seen = heads
                        self._wake()
        finally:
            self._poller = None

    # Refusing.

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed")
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("a store belongs to the event loop on which it was opened")

    def _check_limit(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit={limit}: at least 1")
        if limit > self.limits.page:
            raise LimitExceeded("a page", self.limits.page, limit)

    def _check_built(self, query: Query) -> None:
        index = (query.view, query.index)
        if index in self._unbuilt:
            raise ViewNotBuilt(
                f"{query.view}.{query.index} is not built yet: rebuild the view,"
                " as `gatherlog rebuild` does for those of the apps"
            )
        if index not in self._built:
            raise ValueError(
                f"no view that the store was opened with declares index {query.view}.{query.index}"
            )
