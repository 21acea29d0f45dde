"""The engine of a DynamoDB table: one transaction a commit or group, and reads beside it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gatherlog.core.eventstore.engine import (
    Collision,
    Engine,
    GroupLimits,
    IndexPage,
    OutcomeUnknown,
    Planned,
    RecordedView,
)
from gatherlog.core.eventstore.engine_store import EngineStore
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.known_rows import KnownRows
from gatherlog.core.eventstore.planner import State, Wanted
from gatherlog.core.eventstore.store import Document, Heads, Limits, Recalled, Ref, StreamHead
from gatherlog.engines.dynamodb.erasing import blank_events, forget_keys
from gatherlog.engines.dynamodb.getting import DocumentReads
from gatherlog.engines.dynamodb.items import Item, documents_of, recalled_of
from gatherlog.engines.dynamodb.keys import (
    HEADS,
    idempotency_key,
    stream_key,
)
from gatherlog.engines.dynamodb.reading import LAST, Reader
from gatherlog.engines.dynamodb.sharing import Shared
from gatherlog.engines.dynamodb.table import Range, Table
from gatherlog.engines.dynamodb.views import IndexPlaces, read_views, save_views
from gatherlog.engines.dynamodb.writer import Writer
from gatherlog.engines.dynamodb.writing import Transaction
from gatherlog.engines.dynamodb_address import PARTITIONS

__all__ = ["LIMITS", "DynamoEngine", "DynamoStore"]

LIMITS: Final = Limits(
    partitions=PARTITIONS,
    commit_actions=90,
    commit_bytes=2_900 * 1024,
    event_bytes=300 * 1024,
    body_bytes=300 * 1024,
    answer_bytes=300 * 1024,
    page=1_000,
    page_bytes=1024 * 1024,
    queries_lag=True,
)
"""A transaction has 100 actions and 4 MB, an item 400 KB."""
GROUP: Final = GroupLimits(commits=100, bytes=LIMITS.commit_bytes, actions=100)
LONGEST_NAME: Final = 1_000
"""Bytes; longer names cannot be stored, and the service refuses to be asked for them."""


class DynamoStore(EngineStore):
    """A `Store` in one table of DynamoDB."""

    engine: "DynamoEngine"


class DynamoEngine(Engine):
    """The `Engine` of a `DynamoStore`."""

    group = GROUP

    def __init__(self, table: Table, store: str, limits: Limits) -> None:
        self.id = store
        self.limits = limits
        self.table = table
        self._reader = Reader(table, limits.page_bytes)
        self._places = IndexPlaces(table)
        self._writer = Writer(table.client, table.name, (0,) * limits.partitions)
        self._known = KnownRows()
        self._documents = DocumentReads(table)
        self._heads = Shared(self._read_heads)
        self._moved: Callable[[Heads | None], None] = lambda heads: None

    # Writing.

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        known = self._known
        anew = anew or self._writer.is_careful
        streams, refs = (wanted.streams, wanted.documents) if anew else known.unknown(wanted)
        loaded = _Loaded([])
        if streams or refs or (anew and wanted.keys):  # else keys are taken to be unknown
            loaded = await self._load(wanted.keys, streams, refs)
        return State(
            now,
            (0,) * self.limits.partitions,
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

    async def _load(self, keys: Iterable[str], streams: set[str], refs: set[Ref]) -> "_Loaded":
        others = [*map(idempotency_key, keys), *map(stream_key, streams)]
        loaded = _Loaded(await self._documents.with_items(refs, others))
        self._known.note_streams({name: loaded.streams.get(name, 0) for name in streams})
        self._known.note({ref: loaded.documents.get(ref) for ref in refs}, self._known.writes)
        return loaded

    async def write(self, planned: Planned) -> None:
        await self._demand_unused_keys(planned)
        indexes = (
            (view, index)
            for documents in (planned.changes.documents, planned.state.documents)
            for (view, _), document in documents.items()
            if document is not None
            for index in document.index_keys
        )
        transaction = Transaction(planned, await self._places.find(indexes))
        if not transaction.is_empty:
            await self._writer.write(transaction)
            self._has_happened(planned)

    async def _demand_unused_keys(self, planned: Planned) -> None:
        """Raise Collision if a commit is refused whose key has come to be known meanwhile.

        What is loaded is not one snapshot: the first attempt of the same commit may have happened
        after its key was read, and before the stream was with which it conflicts then.
        """
        refused = [
            commit.key
            for commit, result in zip(planned.commits, planned.results, strict=True)
            if isinstance(result, StoreError) and commit.key is not None
        ]
        unknown = set(refused) - planned.state.keys.keys()
        if unknown and await self.table.get(map(idempotency_key, sorted(unknown))):
            raise Collision("a key has come to be known")

    async def happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        happened = await self._writer.happened(unknown)
        if happened:
            self._has_happened(planned)
        return happened

    async def forget(self, text: str) -> None:
        await forget_keys(self.table, text)

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        head = (await self.heads())[partition]
        await blank_events(self.table, partition, [one for one in positions if one <= head])

    def _has_happened(self, planned: Planned) -> None:
        self._known.apply_own(planned.changes)
        if planned.changes.events:
            self._moved(tuple(self._writer.heads))

    # Reading.

    async def recall(self, key: str) -> Recalled | None:
        if not key or not may_exist(key):
            return None
        item = await self.table.get_one(idempotency_key(key))
        return None if item is None else recalled_of(item)

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]:
        if not may_exist(stream):
            return []
        after, before = max(0, min(after, LAST - 1)), max(0, min(before, LAST))
        read = self._reader.stream_backwards if backwards else self._reader.stream
        return await read(stream, after, before, limit)

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]:
        after = max(0, after)
        if after >= self._writer.heads[partition]:
            await self.heads()
        head = self._writer.heads[partition]
        return await self._reader.feed(partition, after, head, limit) if after < head else []

    async def heads(self) -> Heads:
        return await self._heads.get()

    async def _read_heads(self) -> Heads:
        items = self.table.items(Range(partition=HEADS))
        heads = tuple([int(item["p"].N) async for item in items])
        self._writer.note_heads(heads)
        return heads

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        since = self._known.writes
        asked = {ref for ref in refs if ref[1] and may_exist(*ref)}
        documents = await self._documents.get(asked)
        self._known.note({ref: documents.get(ref) for ref in asked}, since)
        return [documents.get(ref) for ref in refs]

    async def read_index(self, wanted: IndexRange) -> IndexPage:
        if wanted.beyond is not None and not may_exist(*wanted.beyond):
            return IndexPage([], True)
        places = await self._places.find([(wanted.view, wanted.index)])
        place = places[wanted.view, wanted.index]
        assert place is not None
        return await self._reader.listed(wanted, place)

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        if not may_exist(category, after):
            return [], None
        return await self._reader.streams(category, after, limit)

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        if not may_exist(view, after):
            return [], None
        return await self._reader.documents(view, after, limit)

    async def views(self) -> dict[str, RecordedView]:
        return await read_views(self.table)

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        is_new = not any(await self.heads())  # then there are no documents either
        await save_views(
            self.table, self._reader, views, only_if_empty=only_if_empty and not is_new
        )

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self._moved = moved

    async def close(self) -> None:
        self._moved = lambda heads: None
        self.table.client.close()


class _Loaded:
    """Items sorted by what they hold."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.keys: dict[str, Recalled] = {}
        self.streams: dict[str, int] = {}
        documents: list[Item] = []
        for item in items:
            pk = item["pk"].S
            if pk.startswith("k#"):
                self.keys[item["sk"].S] = recalled_of(item)
            elif pk.startswith("h#"):
                self.streams[item["sk"].S] = int(item["v"].N)
            else:
                documents.append(item)
        self.documents = documents_of(documents)


def may_exist(*names: str) -> bool:
    """Whether there can be anything of these names: they are text that an item can have."""
    for name in names:
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return False
        if "\0" in name or size > LONGEST_NAME:
            return False
    return True
