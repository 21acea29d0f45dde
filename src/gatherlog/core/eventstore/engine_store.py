"""A `Store` made of an `Engine`: everything that is the same for all kinds of storage."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType
from typing import Self

from gatherlog.core.eventstore import events
from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.commit_checks import check_commit
from gatherlog.core.eventstore.commit_queue import CommitQueue
from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.engine import Collision, Engine, IndexRowEngine, OutcomeUnknown
from gatherlog.core.eventstore.errors import LimitExceeded, StoreClosed
from gatherlog.core.eventstore.head_watcher import HeadWatcher
from gatherlog.core.eventstore.index_keys import index_range, next_cursor
from gatherlog.core.eventstore.planner import KEY_LIFETIME
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import (
    Commit,
    Committed,
    DeclaredView,
    Document,
    Heads,
    Page,
    Query,
    Recalled,
    Ref,
    StreamPage,
)
from gatherlog.core.eventstore.view_catalogue import (
    Recorded,
    ViewCatalogue,
    declare_views,
    empty_views,
)

__all__ = ["EngineStore", "IndexRowStore"]

MAX_VERSION = 2**63 - 1


class EngineStore:
    """A `Store` for any kind of storage, used on one event loop.

    `views` are those that this process declares, `recorded` those that the store has as complete;
    see `declare_views`, and for `empty` `empty_views`.
    """

    def __init__(
        self,
        engine: Engine,
        views: Sequence[DeclaredView],
        recorded: Recorded,
        *,
        clock: Clock,
        read_only: bool = False,
        empty: Recorded = MappingProxyType({}),
    ) -> None:
        self.id = engine.id
        self.limits = engine.limits
        self.engine = engine
        self._clock = clock
        self._read_only = read_only
        self._views = ViewCatalogue(engine, views, recorded, empty)
        self._heads = HeadWatcher(engine)
        self._commits = CommitQueue(engine, clock=clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    async def open(
        cls,
        engine: Engine,
        views: Sequence[DeclaredView],
        *,
        clock: Clock,
        read_only: bool = False,
    ) -> Self:
        """Declare the views and make a store of an engine, which is closed if that fails.

        With `read_only` they are only compared with those of the store. Raises ViewOutdated if the
        store holds documents of a newer version of a view.
        """
        try:
            if read_only:
                empty = await empty_views(engine, views)
                recorded: Recorded = await engine.views()
            else:
                recorded, empty = await declare_views(engine, views), {}
        except BaseException:
            await engine.close()
            raise
        return cls(engine, views, recorded, clock=clock, read_only=read_only, empty=empty)

    async def commit(self, commit: Commit) -> Committed:
        self._check_writable()
        try:
            size, actions = check_commit(commit, self.limits)
        except (AttributeError, TypeError) as mistake:
            raise ValueError(f"not a well-formed commit: {mistake}") from mistake
        return await self._commits.submit(commit, size, actions)

    async def recall(self, key: str) -> Recalled | None:
        self._check_open()
        recalled = await self.engine.recall(key)
        if recalled is None or recalled.at <= self._clock() - KEY_LIFETIME:
            return None
        return recalled

    async def forget(self, text: str) -> None:
        self._check_writable()
        if not text:
            raise ValueError("the text of what is to be forgotten is empty")
        await _until_done(lambda: self.engine.forget(text))

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        self._check_writable()
        self._check_partition(partition)
        if len(positions) > self.limits.page:
            raise LimitExceeded("what is blanked", "events", self.limits.page, len(positions))
        if not all(type(one) is int and one > 0 for one in positions):
            raise ValueError("positions are integers from 1")
        if positions:
            await _until_done(
                lambda: self._commits.alone(lambda: self.engine.blank(partition, positions))
            )

    async def read_stream(
        self,
        stream: str,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        backwards: bool = False,
    ) -> list[events.Recorded]:
        self._check_page(limit)
        upper = MAX_VERSION if before is None else before
        return await self.engine.read_stream(stream, after, upper, limit, backwards)

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[events.Recorded]:
        self._check_page(limit)
        self._check_partition(partition)
        return await self.engine.read_feed(partition, after, limit)

    async def heads(self) -> Heads:
        self._check_open()
        return await self._heads.latest()

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        self._check_open()
        heads = await self._heads.wait(beyond, timeout)
        self._check_open()
        return heads

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        self._check_open()
        return await self.engine.get(refs) if refs else []

    async def query(self, query: Query) -> Page:
        self._check_page(query.limit)
        await self._views.check(query.view, query.index)
        found = await self.engine.read_index(index_range(query, self.id))
        documents = [document for _, document in found.rows]
        if found.is_last:
            return Page(documents, None)
        sort, last = found.rows[-1]
        return Page(documents, next_cursor(query, self.id, sort, last.id))

    async def streams(
        self, category: str, *, cursor: str | None = None, limit: int = 1000
    ) -> StreamPage:
        self._check_page(limit)
        of = fingerprint("streams", category)
        streams, place = await self.engine.read_streams(category, self._place(cursor, of), limit)
        return StreamPage(streams, self._cursor(of, place))

    async def scan(self, view: str, *, cursor: str | None = None, limit: int = 1000) -> Page:
        self._check_page(limit)
        of = fingerprint("view", view)
        documents, place = await self.engine.read_view(view, self._place(cursor, of), limit)
        return Page(documents, self._cursor(of, place))

    async def unbuilt(self) -> list[str]:
        """See `KnowsViews`."""
        self._check_open()
        return await self._views.unbuilt()

    async def undeclared(self) -> list[str]:
        """See `KnowsViews`."""
        self._check_open()
        return await self._views.undeclared()

    async def declare(self, views: Sequence[DeclaredView]) -> None:
        self._check_writable()
        await self._views.complete(views)

    async def close(self) -> None:
        if self._closing is None:
            self._check_open()
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._commits.close()
        self._heads.close()
        await self.engine.close()

    def _place(self, cursor: str | None, of: int) -> str:
        return "" if cursor is None else read_cursor(cursor, self.id, of, str)

    def _cursor(self, of: int, place: str | None) -> str | None:
        return None if place is None else write_cursor(self.id, of, place)

    def _check_writable(self) -> None:
        self._check_open()
        if self._read_only:
            raise RuntimeError("this store was opened for reading only")

    def _check_open(self) -> None:
        if self._closing is not None:
            raise StoreClosed("the store is closed")
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None:
                raise RuntimeError("a store belongs to the event loop on which it was first used")
            self._loop = loop

    def _check_partition(self, partition: int) -> None:
        if type(partition) is not int or not 0 <= partition < self.limits.partitions:
            raise ValueError(f"there is no partition {partition}")

    def _check_page(self, limit: int) -> None:
        self._check_open()
        if limit < 1:
            raise ValueError(f"limit={limit}: at least 1")
        if limit > self.limits.page:
            raise LimitExceeded("a page", "items", self.limits.page, limit)


class IndexRowStore(EngineStore):
    """A `Store` whose engine keeps index rows apart from its documents: `KeepsIndexRows`."""

    engine: IndexRowEngine

    async def misindexed(
        self, view: str, *, cursor: str | None = None, limit: int = 1000
    ) -> tuple[list[str], str | None]:
        self._check_page(limit)
        of = fingerprint("misindexed", view)
        ids = await self.engine.read_misindexed(view, self._place(cursor, of), limit)
        return ids, self._cursor(of, ids[-1] if len(ids) == limit else None)

    async def reindex(self, view: str, ids: Sequence[str]) -> None:
        self._check_writable()
        await self.engine.rewrite_index_rows(view, ids)


async def _until_done(work: Callable[[], Awaitable[None]]) -> None:
    """Do what may be done twice, again after a collision or a lost answer; Busy after DEADLINE."""
    backoff = Backoff()
    while True:
        try:
            return await work()
        except (Collision, OutcomeUnknown) as reason:
            await backoff.pause(reason)
