"""Group commit: commits that arrive in one turn of the loop become one transaction and one fsync.

The statements of a group run on the loop: in a thread, the interpreter lock might be taken away
between any two of them. Only what may block runs in the writer's thread: waiting for another
process, and COMMIT with its fsync. A single commit is committed on the loop as long as fsyncs are
quick.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from queue import SimpleQueue

import apsw

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Busy, StoreClosed, StoreError, StoreFailed
from gatherlog.core.eventstore.planner import Changes, plan, wanted
from gatherlog.core.eventstore.store import Commit, Committed, Document
from gatherlog.engines.sqlite import rows
from gatherlog.engines.sqlite.cache import RowCache
from gatherlog.engines.sqlite.failures import translate
from gatherlog.engines.sqlite.file import FileLock, connect

__all__ = ["GroupWriter"]

GROUP_COMMITS = 512
GROUP_BYTES = 8 * 1024 * 1024
QUEUE_COMMITS = 16_384
QUEUE_BYTES = 128 * 1024 * 1024
CONFIRMED_SECONDS = 0.001
LOCK_SECONDS = 5.0
"""How long a group waits for another process before it is refused as Busy."""
QUICK_SECONDS = 0.001
"""An fsync up to this long may be waited for on the loop."""

Outcome = Committed | StoreError
Pending = tuple[Commit, int, "asyncio.Future[Committed]"]
"""A commit, its size in bytes, and the future of its caller."""


class GroupWriter:
    """The only writer of this process on a file. All methods are called on its event loop."""

    def __init__(self, path: str, *, clock: Clock, on_commit: Callable[[int], None]) -> None:
        self._path = path
        self._clock = clock
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._lock = FileLock(path)
        self._connection: apsw.Connection | None = None
        self._queue: deque[Pending] = deque()
        self._queued_bytes = 0
        self._group: list[Pending] = []
        self._scheduled = False
        self._holding = False
        self._confirmed_until = 0.0
        self._cache = RowCache()
        self._fsync_seconds = 0.0
        self._closing: asyncio.Future[None] | None = None
        self._giving_up: asyncio.TimerHandle | None = None
        self._stuck = False
        self._thread = WriterThread(self._loop, self._release_file)

    def submit(self, commit: Commit, size: int) -> "asyncio.Future[Committed]":
        """Queue a commit of `size` bytes; the future is done when it is durable or refused.

        Raises StoreClosed, and Busy if the queue is full or another process holds the store.
        """
        if self._closing is not None:
            raise StoreClosed("the store is closed")
        if self._stuck:
            raise Busy("another process holds the store")
        if len(self._queue) >= QUEUE_COMMITS or self._queued_bytes + size > QUEUE_BYTES:
            raise Busy("too many commits are waiting already")
        future: asyncio.Future[Committed] = self._loop.create_future()
        self._queue.append((commit, size, future))
        self._queued_bytes += size
        self._schedule()
        return future

    def documents(self, view: str, ids: Sequence[str]) -> list[Document | None] | None:
        """The documents as last committed, if all are cached; None if the file must be read."""
        if not self._holding and time.monotonic() > self._confirmed_until:
            if self._group or self._connection is None:
                return None
            self._cache.confirm_outside(self._connection)
            self._confirmed_until = time.monotonic() + CONFIRMED_SECONDS
            self._loop.call_soon(self.expire_confirmation)
        known = self._cache.documents
        found = [known.get((view, id)) for id in ids]
        return None if None in found else found

    def expire_confirmation(self) -> None:
        """Before the next cached document is given, check again whether others have committed.

        That is checked once per turn of the loop, and once per millisecond of a long turn: all
        that a caller can know of other processes' commits is from before this turn. It is also
        checked after every read of the file, since that may have seen newer commits.
        """
        self._confirmed_until = 0.0

    def cache(self, documents: Iterable[Document | None]) -> None:
        """Cache documents that were read just now, on the loop."""
        for document in documents:
            if document is not None:
                self._cache.keep(document)

    async def close(self) -> None:
        """Finish the commits that were accepted, then close the file."""
        if self._closing is None:
            self._closing = self._loop.create_future()
            self._finish_closing_if_idle()
        await asyncio.shield(self._closing)

    # The steps of a group: _start, (wait for the lock), _run, (COMMIT), _settle.

    def _schedule(self) -> None:
        """Start a group at the end of this turn of the loop, unless one is under way."""
        if not self._scheduled and not self._group:
            self._scheduled = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        self._scheduled = False
        size = 0
        while self._queue and len(self._group) < GROUP_COMMITS and size < GROUP_BYTES:
            pending = self._queue.popleft()
            size += pending[1]
            self._group.append(pending)
        self._queued_bytes -= size
        if not self._group:
            return
        try:
            if self._begin_at_once():
                self._run()
            else:
                self._giving_up = self._loop.call_later(LOCK_SECONDS, self._give_up)
                self._thread.do(self._wait_and_begin, self._begun)
        except Exception as error:  # noqa: BLE001 - whatever it is, no caller may hang
            self._fail(error)

    def _begin_at_once(self) -> bool:
        """Take the write lock if nobody else holds it."""
        if not self._lock.try_acquire():
            return False
        try:
            self._open().execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._lock.release()
            return False
        return True

    def _wait_and_begin(self) -> None:
        """Wait for the write lock, in the thread."""
        self._lock.acquire()
        connection = self._open()
        connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
        try:
            connection.execute("BEGIN IMMEDIATE")
        finally:
            connection.set_busy_timeout(0)

    def _begun(self, error: Exception | None) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        if error is None and self._stuck:
            error = Busy("too late: everyone was told that the store is busy")
        self._stuck = False
        if error is not None:
            self._fail(error)
            return
        try:
            self._run()
        except Exception as failure:  # noqa: BLE001 - whatever it is, no caller may hang
            self._fail(failure)

    def _give_up(self) -> None:
        """Another process keeps the lock: refuse all commits as Busy until it releases it."""
        self._stuck = True
        for _, _, future in (*self._group, *self._queue):
            if not future.done():
                future.set_exception(
                    Busy(f"another process has held the store for {LOCK_SECONDS:g} s")
                )
        self._queue.clear()
        self._queued_bytes = 0
        self._finish_closing_if_idle()

    def _run(self) -> None:
        """Plan and write the group, then commit it."""
        connection = self._open()
        commits = [pending[0] for pending in self._group]
        now = self._clock()
        self._holding = True
        self._cache.confirm_inside(connection)
        with closing(connection.cursor()) as cursor:
            state = rows.load(cursor, wanted(commits), now, self._cache)
            results, changes = plan(state, commits)
            rows.save(cursor, changes, state)
            if changes.keys:
                rows.forget_keys(cursor, 2 * len(changes.keys), now)
        if len(commits) == 1 and self._fsync_seconds < QUICK_SECONDS:
            self._commit()
            self._settle(results, changes)
        else:
            self._thread.do(self._commit, lambda error: self._committed(error, results, changes))

    def _commit(self) -> None:
        started = time.perf_counter()
        self._open().execute("COMMIT")
        self._fsync_seconds = 0.8 * self._fsync_seconds + 0.2 * (time.perf_counter() - started)

    def _committed(self, error: Exception | None, results: list[Outcome], changes: Changes) -> None:
        if error is not None:
            self._fail(error)
        else:
            self._settle(results, changes)

    def _settle(self, results: list[Outcome], changes: Changes) -> None:
        """Release the lock and answer all callers, except those that were cancelled."""
        self._cache.apply(changes, self._open())
        self._holding = False
        self._lock.release()
        group, self._group = self._group, []
        for (_, _, future), result in zip(group, results, strict=True):
            if future.done():
                continue
            if isinstance(result, StoreError):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._on_commit(changes.positions[0])
        self._start_next()

    def _fail(self, error: Exception) -> None:
        """Nothing of the group was committed: answer all callers with the error, and reconnect."""
        self._cache.clear()
        self._holding = False
        self._abandon_connection()
        self._lock.release()
        group, self._group = self._group, []
        for _, _, future in group:
            if not future.done():
                future.set_exception(_one_for_each(error))
        self._start_next()

    def _start_next(self) -> None:
        """Start the next group once the callers just answered have run: their commits join it."""
        if self._queue:
            self._schedule()
        else:
            self._finish_closing_if_idle()

    def _finish_closing_if_idle(self) -> None:
        if self._closing is None:
            return
        if not self._stuck and not self._queue and not self._group:
            self._release_file()
            self._thread.stop()
        elif not self._stuck:
            return
        if not self._closing.done():  # if stuck, the thread closes the file once it has the lock
            self._closing.set_result(None)

    def _release_file(self) -> None:
        """Close the connection and the lock; in the thread if the loop is closed."""
        self._abandon_connection()
        self._lock.close()

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _abandon_connection(self) -> None:
        """Close the connection, which rolls back an open transaction; the next group reconnects."""
        if self._connection is not None:
            with suppress(apsw.Error):
                self._connection.close(True)
            self._connection = None


class WriterThread:
    """Runs calls that may block, one after the other, and reports to the loop.

    `orphaned` is called in the thread if the loop is closed by then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, orphaned: Callable[[], None]) -> None:
        self._loop = loop
        self._orphaned = orphaned
        self._work: SimpleQueue[
            tuple[Callable[[], None], Callable[[Exception | None], None]] | None
        ] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="gatherlog-writer", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], None], then: Callable[[Exception | None], None]) -> None:
        """Run `work` in the thread, then `then` on the loop with what it raised."""
        self._work.put((work, then))

    def stop(self) -> None:
        self._work.put(None)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, then = item
            error: Exception | None = None
            try:
                work()
            except Exception as raised:  # noqa: BLE001 - reported on the loop
                error = raised
            try:
                self._loop.call_soon_threadsafe(then, error)
            except RuntimeError:  # the loop is closed: the lock is released here
                self._orphaned()
                return


def _one_for_each(error: Exception) -> StoreError:
    """A new error for each caller: a shared one would collect the tracebacks of all."""
    fresh: StoreError
    if isinstance(error, Busy):
        fresh = Busy(str(error))
    elif isinstance(error, StoreError):
        fresh = StoreFailed(str(error))
    else:
        fresh = translate(error)
    fresh.__cause__ = error
    return fresh
