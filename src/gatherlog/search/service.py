"""The search of one process: an index that follows the log by itself, and answers queries.

One task follows the log, one thread writes to the index, and a few others answer queries. If
anything fails, the task begins again: with the index that is in the folder, if it is whole, or else
with a new one. Queries are answered from what was there before, as long as there is anything.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Busy, GatherlogError, SearchNotReady, StoreClosed
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.search.contract import SearchPage, SearchSource
from gatherlog.core.search.queries import SearchQuery, check_query
from gatherlog.core.subscriptions.waiting_events import WaitingEvents
from gatherlog.search.finding import find
from gatherlog.search.folders import take_folder
from gatherlog.search.follower import Follower, Report
from gatherlog.search.index import Index, Origin
from gatherlog.search.snapshots import Snapshot
from gatherlog.search.status import IndexStatus

__all__ = ["IndexFailed", "IndexedSearch"]

T = TypeVar("T")
_THREADS: Final = 2
_WAITING: Final = 64
"""Queries that may be under way or wait for a thread; more are refused as Busy."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
"""Seconds before it begins again after a failure, at first and at most."""
_CHECKED_EVERY: Final = 30.0
"""Seconds between two checks of the files because a query failed."""


class IndexFailed(Exception):
    """The index broke off what it was doing."""


class IndexedSearch:
    """A `Search` over the documents of one source. To be started and stopped on the store's loop.

    `folder` holds indexes; each process takes one of its own in it, and finds it again after a
    restart. None: the index is thrown away in the end. `report` is told of failures.
    """

    def __init__(
        self,
        store: Store,
        source: SearchSource,
        *,
        folder: Path | None,
        clock: Clock,
        report: Report,
    ) -> None:
        self._store = store
        self._source = source
        self._folder = folder
        self.root = folder
        """The folder in which the index is, once it was started."""
        self._clock = clock
        self._report = report
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="search-index")
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._snapshot: Snapshot | None = None
        self._positions: Heads | None = None
        self._moved = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._session: asyncio.Task[None] | None = None
        self._checked_at = float("-inf")
        self._failures = 0
        """In a row, without a success between them."""
        self._all_failures = 0
        self._is_building = False
        self._builds = 0
        self._waiting = WaitingEvents(store)
        self._queries = 0

    @property
    def is_started(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        """Begin to follow the log, and return at once. Starting twice does nothing."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop following the log, and let go of the folder; queries are refused from then on."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        self._snapshot = None
        self._readers.shutdown(wait=False)
        self._writer.shutdown(wait=False)

    async def find(self, query: SearchQuery) -> SearchPage:
        check_query(query)
        snapshot = self._snapshot
        if snapshot is None:
            raise SearchNotReady("the index for searching is being built")
        if self._queries >= _WAITING:
            raise Busy("there are too many searches at once")
        self._queries += 1
        try:
            return await _in(self._readers, lambda: self._find(snapshot, query))
        except GatherlogError:
            raise
        except Exception:
            self._check_files()
            raise
        finally:
            self._queries -= 1

    async def caught_up(self, heads: Heads) -> None:
        """Wait until everything up to these positions of the log can be found."""
        while self._positions is None or any(
            here < there for here, there in zip(self._positions, heads, strict=True)
        ):
            await self._moved.wait()

    async def status(self) -> IndexStatus:
        """How the index is doing. Raises what reading the log raises."""
        heads, snapshot = await self._store.heads(), self._snapshot
        positions = self._positions or (0,) * len(heads)
        lags = [
            await self._waiting.count(self._source.name, partition, positions[partition], head)
            for partition, head in enumerate(heads)
        ]
        documents = 0 if snapshot is None else snapshot.documents
        return IndexStatus(documents, self._is_building, self._builds, self._all_failures, lags)

    def _find(self, snapshot: Snapshot, query: SearchQuery) -> SearchPage:
        return find(snapshot, query, now=self._clock(), store_id=self._store.id)

    def _check_files(self) -> None:
        """Begin again, which checks the files first; not for every query that fails, though."""
        now = asyncio.get_running_loop().time()
        if self._session is not None and now - self._checked_at > _CHECKED_EVERY:
            self._checked_at = now
            self._session.cancel()

    async def _run(self) -> None:
        """Follow the log, and begin again after each failure."""
        root = self.root = self._folder or Path(await _in(self._writer, tempfile.mkdtemp))
        try:
            while True:
                self._session = asyncio.create_task(self._follow(root))
                await _ended(self._session)
                if not self._session.cancelled() and (error := self._session.exception()):
                    if isinstance(error, StoreClosed):
                        return
                    self._report(error if isinstance(error, Exception) else IndexFailed(str(error)))
                    self._failures += 1
                    self._all_failures += 1
                bound = pause_bound(
                    max(1, self._failures), first=_FIRST_PAUSE, longest=_LONGEST_PAUSE
                )
                await asyncio.sleep(bound)
        finally:
            if self._folder is None:
                await _in(self._writer, lambda: shutil.rmtree(root, ignore_errors=True))

    async def _follow(self, root: Path) -> None:
        """Follow the log with an index, until something fails or touches everything."""
        folder = await _in(self._writer, lambda: take_folder(root))
        try:
            index = await _in(self._writer, lambda: Index.open(folder.path, self._origin))
            try:
                await self._keep_up(index)
            finally:
                await _in(self._writer, index.close)
        finally:
            folder.release()

    async def _keep_up(self, index: Index) -> None:
        follower = Follower(
            self._store,
            self._source,
            index,
            in_thread=lambda work: _in(self._writer, work),
            clock=self._clock,
            report=self._report,
        )
        if index.reached is None:
            await self._build(follower)
        elif not await follower.is_of_this_log():
            await _in(self._writer, index.give_up)
            return
        self._show(index, follower)
        while await follower.step():
            self._failures = 0
            self._show(index, follower)
        await _in(self._writer, index.give_up)

    async def _build(self, follower: Follower) -> None:
        self._is_building = True
        try:
            await follower.build()
            self._builds += 1
        finally:
            self._is_building = False

    def _show(self, index: Index, follower: Follower) -> None:
        """Answer queries from what the index has now."""
        self._snapshot, self._positions = index.snapshot, follower.positions
        self._moved.set()
        self._moved = asyncio.Event()

    @property
    def _origin(self) -> Origin:
        return Origin(self._store.id, self._source.name, self._source.version)


async def _in(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Run `work` in a thread. If this is cancelled, it waits until the thread is done with it."""
    future = asyncio.get_running_loop().run_in_executor(threads, _guarded, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _guarded(work: Callable[[], T]) -> T:
    """Turn what the index raises when it breaks off, which is no Exception, into one."""
    try:
        return work()
    except Exception:
        raise
    except BaseException as panic:
        raise IndexFailed(str(panic)) from panic


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for a task to end in any way. If this is cancelled, so is the task."""
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
