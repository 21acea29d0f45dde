"""The engine of a PostgreSQL schema: one connection writes, a few read, and one wakes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.engine import (
    IndexPage,
    IndexRowEngine,
    OutcomeUnknown,
    Planned,
    RecordedView,
)
from gatherlog.core.eventstore.engine_store import IndexRowStore
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.known_rows import KnownRows
from gatherlog.core.eventstore.page_sizes import (
    bytes_of_documents,
    bytes_of_events,
    bytes_of_rows,
    cut_page,
)
from gatherlog.core.eventstore.planner import State, Wanted
from gatherlog.core.eventstore.store import (
    Committed,
    Document,
    Heads,
    Limits,
    Recalled,
    Ref,
    StreamHead,
)
from gatherlog.engines.postgres import rows
from gatherlog.engines.postgres.connections import Connection, Connections, Server, close_connection
from gatherlog.engines.postgres.failures import DRIVER_ERRORS, translate
from gatherlog.engines.postgres.given import GivenEvents
from gatherlog.engines.postgres.index_rows import read_misindexed, rewrite_rows
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres.outcomes import WriterMark, give_up
from gatherlog.engines.postgres.views import read_views, save_views
from gatherlog.engines.postgres.wakeups import Wakeups
from gatherlog.engines.postgres.writer import Writer
from gatherlog.engines.postgres.writing import arguments_of
from gatherlog.engines.postgres_address import Place

__all__ = ["PARTITIONS", "PostgresEngine", "PostgresStore"]

PARTITIONS: Final = 1
UNCOUNTED: Final = (0,)
"""Positions are drawn when a plan is written. Until then they are numbered from 1 in each group."""


class PostgresStore(IndexRowStore):
    """A `Store` in one schema of a PostgreSQL database."""

    engine: "PostgresEngine"

    async def sizes(self) -> Mapping[str, int]:
        """See `KnowsItsSize`."""
        self._check_open()
        return {"database": await self.engine.size()}


class PostgresEngine(IndexRowEngine):
    """The `Engine` of a `PostgresStore`."""

    tells = True

    def __init__(self, server: Server, store: str, limits: Limits) -> None:
        self.id = store
        self.limits = limits
        self.place: Place = server.place
        self._server = server
        self._reads = Connections(server)
        self._writer = Writer(server)
        self._wakeups = Wakeups(server, store)
        self._known = KnownRows()
        self._given = GivenEvents(server.place)
        self._horizon = 0
        self._moved: Callable[[Heads | None], None] = lambda heads: None
        server.on_connected = self._connected

    async def _connected(self, connection: Connection) -> None:
        """Rest on nothing that a server may have forgotten when it went down."""
        # Positions beyond the last event, which were drawn in vain, may be drawn once more.
        self._horizon = min(self._horizon, self._given.head)
        await self._given.demand(connection)

    # Writing.

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        known = self._known
        anew = anew or self._writer.locks
        streams, refs = (wanted.streams, wanted.documents) if anew else known.unknown(wanted)
        if not (anew or streams or refs):  # keys are taken to be unknown until the write
            loaded = rows.Loaded([])
        else:
            loaded = await self._load(wanted, streams, refs)
        return State(
            now,
            UNCOUNTED,
            loaded.keys,
            {
                name: loaded.streams.get(name, 0) if name in streams else known.streams.get(name, 0)
                for name in wanted.streams
            },
            {
                ref: found
                for ref in wanted.documents
                if (found := (loaded if ref in refs else known).documents.get(ref)) is not None
            },
            is_current=streams == wanted.streams and refs == wanted.documents,
        )

    async def _load(self, wanted: Wanted, streams: set[str], refs: set[Ref]) -> rows.Loaded:
        found = await self._writer.load(sorted(wanted.keys), sorted(streams), sorted(refs))
        loaded = rows.Loaded(found)
        self._known.note_streams({name: loaded.streams.get(name, 0) for name in streams})
        self._known.note({ref: loaded.documents.get(ref) for ref in refs}, self._known.writes)
        return loaded

    async def write(self, planned: Planned) -> None:
        values = arguments_of(planned)
        if values is None:
            await self._writer.abandon()
            return
        self._has_happened(planned, await self._writer.write(values))

    def _has_happened(self, planned: Planned, positions: Sequence[int]) -> None:
        """Tell the callers their positions, and everybody that there may be more to read."""
        for result in planned.results:
            if isinstance(result, Committed):
                for partition, number in result.positions.items():
                    result.positions[partition] = positions[number - 1]
        self._known.apply_own(planned.changes)
        if positions:
            self._given.note_commit(planned.changes.events, positions)
            self._moved(None)
            self._wakeups.send()

    async def abandon(self) -> None:
        await self._writer.abandon()

    async def happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        assert isinstance(unknown.write, WriterMark)
        if await give_up(self._fetch, unknown.write):
            return False
        events = planned.changes.events
        found = await self._fetch(
            rows.POSITIONS, [event.stream for event in events], [event.version for event in events]
        )
        self._has_happened(planned, [row[0] for row in found])
        return True

    async def forget(self, text: str) -> None:
        await self._reads.change(script(rows.FORGET, self.place), text.encode())

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        numbers = [_number(position) for position in positions]
        await self._reads.change(script(rows.BLANK, self.place), numbers)

    # Reading.

    async def recall(self, key: str) -> Recalled | None:
        if not may_exist(key):
            return None
        found = await self._fetch(rows.READ_KEY, key)
        return Recalled(*found[0]) if found else None

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]:
        if not may_exist(stream):
            return []
        sql = rows.STREAM_BACKWARDS if backwards else rows.STREAM
        return await self._events(sql, limit, stream, _number(after), _number(before))

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]:
        after, horizon = _number(after), self._horizon
        if after >= horizon:
            _, horizon = await self._head()
            if after >= horizon:
                return []
        page = await self._events(rows.FEED, limit, after, horizon)
        if horizon > self._horizon:  # it held until the server went down, a moment ago
            return await self.read_feed(partition, after, limit)
        self._given.note_page(page)
        return page

    async def _events(self, sql: str, limit: int, *values: Any) -> list[Recorded]:
        most = self.limits.page_bytes
        found = await self._fetch(sql, most, limit, *values)
        return list(cut_page([Recorded(*row) for row in found], most, bytes_of_events))

    async def heads(self) -> Heads:
        head, _ = await self._head()
        return (head,)

    async def _head(self) -> tuple[int, int]:
        """The head, and the horizon that the server tells now."""
        [(head, horizon)] = await self._fetch(rows.HEAD)
        self._horizon = max(self._horizon, horizon)
        self._given.note_head(head)
        return head, horizon

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        since = self._known.writes
        asked = [ref for ref in refs if may_exist(*ref)]
        found = await self._fetch(rows.GET, [view for view, _ in asked], [id for _, id in asked])
        documents = dict(zip(asked, map(rows.document_of, found), strict=True))
        self._known.note(documents, since)
        return [documents.get(ref) for ref in refs]

    async def read_index(self, wanted: IndexRange) -> IndexPage:
        if wanted.beyond is not None and not may_exist(*wanted.beyond):
            return IndexPage([], True)
        most = self.limits.page_bytes
        sql, values = rows.index_query(wanted, most)
        found = [(row[0], rows.document_of(row[1:9])) for row in await self._fetch(sql, *values)]
        listed = [(sort, document) for sort, document in found if document is not None]
        page = list(cut_page(listed[: wanted.limit], most, bytes_of_rows))
        return IndexPage(page, len(page) == len(listed) and bytes_of_rows(page) < most)

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        if not may_exist(category, after):
            return [], None
        low, high = max(after, category + "-"), category + "."  # "." follows "-"
        found = await self._fetch(rows.STREAMS, low, high, limit + 1)
        heads = [StreamHead(*row) for row in found[:limit]]
        return heads, heads[-1].stream if len(found) > limit else None

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        if not may_exist(view, after):
            return [], None
        most = self.limits.page_bytes
        found = [
            rows.document_of(row[:8])
            for row in await self._fetch(rows.VIEW, most, limit + 1, view, after)
        ]
        documents = [document for document in found if document is not None]
        page = list(cut_page(documents[:limit], most, bytes_of_documents))
        is_last = len(page) == len(documents) and bytes_of_documents(page) < most
        return page, None if is_last else page[-1].id

    async def read_misindexed(self, view: str, after: str, limit: int) -> list[str]:
        return await read_misindexed(self._fetch, view, after, limit)

    # Views, and repairs of index rows.

    async def rewrite_index_rows(self, view: str, ids: Sequence[str]) -> None:
        await self._alone(lambda connection: rewrite_rows(connection, self.place, view, ids))

    async def views(self) -> dict[str, RecordedView]:
        return read_views(await self._fetch(rows.READ_VIEWS))

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        await self._alone(
            lambda connection: save_views(connection, self.place, views, only_if_empty)
        )

    async def size(self) -> int:
        """Bytes of all tables of the store with their indexes."""
        [(size,)] = await self._reads.fetch(rows.SIZE, self.place.schema)
        return int(size)

    # Waking and closing.

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self._moved = moved
        self._wakeups.listen(lambda: self._moved(None))

    async def close(self) -> None:
        self._moved = lambda heads: None
        self._wakeups.close()
        await self._server.close()

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        return await self._reads.fetch(script(sql, self.place), *values)

    async def _alone(self, work: Callable[[Any], Any]) -> None:
        """Work in a transaction of its own, on a connection of its own."""
        connection = await self._server.connect()
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '5s'")
                await work(connection)
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            await close_connection(connection)


def may_exist(*names: str) -> bool:
    """Whether there can be anything of these names: they are text that a database can hold."""
    for name in names:
        if "\0" in name or not (name.isascii() or name.encode(errors="ignore").decode() == name):
            return False
    return True


def _number(version: int) -> int:
    """A number that fits, and stands at the same place among all versions and positions."""
    return max(-1, min(version, 2**63 - 1))
