"""Group commit: commits that arrive in one turn of the loop become one transaction and one fsync.

The statements of a group run on the loop, where they cannot lose the interpreter lock between each
other; only what may block runs in the writer's thread: waiting for another process, and the
COMMIT with its fsync. A commit that is alone is committed on the spot, while the disk is quick.
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
"""A commit, its size, and who waits for it."""


class GroupWriter:
    """The one writer of this process on a file. All methods are called on its event loop."""

    def __init__(self, path: str, *, clock: Clock, moved: Callable[[int], None]) -> None:
        self._path = path
        self._clock = clock
        self._moved = moved
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
        self._thread = WriterThread(self._loop, self._let_go)

    def submit(self, commit: Commit, size: int) -> "asyncio.Future[Committed]":
        """Queue a commit of `size` bytes; the future is done when it is durable, or refused."""
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
        """The documents as last committed, if all are known here; None if the file must be read."""
        if not self._holding and time.monotonic() > self._confirmed_until:
            if self._group or self._connection is None:
                return None
            self._cache.confirm_outside(self._connection)
            self._confirmed_until = time.monotonic() + CONFIRMED_SECONDS
            self._loop.call_soon(self.doubt)
        known = self._cache.documents
        found = [known.get((view, id)) for id in ids]
        return None if None in found else found

    def doubt(self) -> None:
        """Ask the file again whether it has moved, before the next document is given.

        Once per turn of the loop is enough, and per millisecond of a long turn: what a request
        has learnt of the world it learnt before this turn. It is asked anew after every other
        read, which may have seen more.
        """
        self._confirmed_until = 0.0

    def keep(self, documents: Iterable[Document | None]) -> None:
        """Remember documents that were read just now, on the loop."""
        for document in documents:
            if document is not None:
                self._cache.keep(document)

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        if self._closing is None:
            self._closing = self._loop.create_future()
            self._finish_closing_if_idle()
        await asyncio.shield(self._closing)

    # A group's way: _start, (wait for the turn), _run, (COMMIT), _settle.

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
                self._thread.do(self._begin_in_turn, self._begun)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may hang
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

    def _begin_in_turn(self) -> None:
        """Wait for other processes, in the thread."""
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
        except Exception as failure:  # noqa: BLE001 - whatever it was, nobody may hang
            self._fail(failure)

    def _give_up(self) -> None:
        """The other process keeps the file: tell everyone, and refuse until it lets go."""
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
        """Release the file and answer everyone; those who were cancelled are passed over."""
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
        self._moved(changes.positions[0])
        self._go_on()

    def _fail(self, error: Exception) -> None:
        """Nothing of the group is there: tell everyone, and start afresh with the file."""
        self._cache.clear()
        self._holding = False
        self._abandon_connection()
        self._lock.release()
        group, self._group = self._group, []
        for _, _, future in group:
            if not future.done():
                future.set_exception(_one_for_each(error))
        self._go_on()

    def _go_on(self) -> None:
        """After those who were just answered had their turn: their next commits join the group."""
        if self._queue:
            self._schedule()
        else:
            self._finish_closing_if_idle()

    def _finish_closing_if_idle(self) -> None:
        if self._closing is None:
            return
        if not self._stuck and not self._queue and not self._group:
            self._let_go()
            self._thread.stop()
        elif not self._stuck:
            return
        if not self._closing.done():  # when stuck, the thread lets go once it has its turn
            self._closing.set_result(None)

    def _let_go(self) -> None:
        """Give up the file, in the thread if the loop is gone."""
        self._abandon_connection()
        self._lock.close()

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _abandon_connection(self) -> None:
        """Closing rolls back what is open; the next group connects anew."""
        if self._connection is not None:
            with suppress(apsw.Error):
                self._connection.close(True)
            self._connection = None


class WriterThread:
    """Runs what may block, one thing after the other, and reports to the loop."""

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
            except RuntimeError:  # the loop is closed: nobody is left to be told, or to let go
                self._orphaned()
                return


def _one_for_each(error: Exception) -> StoreError:
    """An instance of its own for every waiter: a shared one would share its traceback."""
    fresh: StoreError
    if isinstance(error, Busy):
        fresh = Busy(str(error))
    elif isinstance(error, StoreError):
        fresh = StoreFailed(str(error))
    else:
        fresh = translate(error)
    fresh.__cause__ = error
    return fresh
