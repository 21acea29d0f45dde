"""The store contract: what every engine promises, and the types of its arguments and results.

A commit is a set of appends and document writes that happen together or not at all. `planner`
decides what a commit means, for all engines alike; an engine loads, writes and retries. The
numbered promises are in `docs/store.md`; `tests/contracts` proves them.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, Protocol, runtime_checkable

import msgspec

from gatherlog.core.eventstore.events import Event, Recorded

__all__ = [
    "ANY",
    "DELETE",
    "KEEP",
    "NEW",
    "VERSION_BYTES",
    "Append",
    "Commit",
    "Committed",
    "DeclaredView",
    "Document",
    "Heads",
    "IndexKey",
    "KeepsFreedSpace",
    "KeepsIndexRows",
    "KnowsItsSize",
    "KnowsViews",
    "Limits",
    "Page",
    "Query",
    "Recalled",
    "Ref",
    "Store",
    "StreamHead",
    "StreamPage",
    "Write",
]

ANY: Final = -1
"""As `Append.expected`: accept the stream at any version."""
VERSION_BYTES: Final = 8
"""Length of the version that `Commit.versioned` appends to the answer."""
NEW: Final = 0
"""As `Append.expected`: the stream must have no event. As `Write.expects`: the document must have
no body."""


class Body(Enum):
    """What a `Write` without a new body does to the present one."""

    KEEP = "keep"
    DELETE = "delete"


KEEP: Final = Body.KEEP
DELETE: Final = Body.DELETE

Ref = tuple[str, str]
"""A document's name: (view, id)."""
IndexKey = tuple[str, ...]
"""The partition key of an index entry, followed by the parts of its sort key."""
Heads = tuple[int, ...]
"""For each partition, the last position that can be read now. Compare heads partition by
partition."""


class Append(msgspec.Struct, frozen=True, gc=False):
    """Events for one stream, in order. `expected` is an exact version, NEW or ANY.

    Without events, it only demands that the stream is at the version `expected`.
    """

    stream: str
    events: Sequence[Event] = ()
    expected: int = ANY


class Write(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one commit changes in one document, and what it demands of it.

    The version of a new body is the version that `stream` has after the append of the same commit.
    A rebuild appends nothing: it gives the version in `at`, and demands with `counted` that the
    counters have not changed since they were read.
    """

    view: str
    id: str
    stream: str
    """The stream that owns the document. It is not checked if the write changes nothing."""
    expects: int | None = None
    """The version that the document must have: NEW (no body), an exact version, or None for any."""
    body: bytes | Literal[Body.KEEP, Body.DELETE] = KEEP
    index_keys: Mapping[str, IndexKey] = {}
    """Given with a body: its key in each index of the view. An index without a key here does not
    list the document."""
    adds: Mapping[str, int] = {}
    """What is added to each counter. A missing one starts at 0. Adds do not change the version."""
    at_most: Mapping[str, int] = {}
    """The highest value that each counter may have after the adds; it need not be added to."""
    at_least: Mapping[str, int] = {}
    """The lowest value that each counter may have after the adds."""
    counted: int | None = None
    at: int | None = None
    indexes: int = 0
    """How many indexes the view declares, for engines that count index rows as actions. Not fewer
    than `index_keys` has keys."""

    @property
    def changes_anything(self) -> bool:
        """Whether it changes the document; otherwise it only demands something of it."""
        return self.body is not KEEP or any(self.adds.values())


class Commit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Appends and writes that happen together or not at all.

    A stream or a document may appear once in a commit.
    """

    appends: Sequence[Append] = ()
    writes: Sequence[Write] = ()
    key: str | None = None
    """Idempotency key of at most 400 bytes, scoped by the caller; it is remembered for 24 hours."""
    fingerprint: bytes = b""
    """A hash of the command. Raises KeyReused if the key was used with another fingerprint."""
    answer: bytes = b""
    """What is returned when a commit with the same key is repeated."""
    versioned: Ref | None = None
    """One of the commit's documents. The version that it has after the commit is appended to the
    answer, as VERSION_BYTES big-endian bytes, because the caller cannot know it beforehand."""


class Committed(msgspec.Struct, frozen=True, gc=False):
    """What a commit did.

    If `repeated`, the key was known: nothing was written, and only `answer` is filled.
    """

    streams: dict[str, int] = {}
    """The version of each stream appended to."""
    documents: dict[Ref, int] = {}
    """The version of each document written with a body."""
    positions: dict[int, int] = {}
    """The last position in each partition appended to."""
    repeated: bool = False
    answer: bytes = b""


class Recalled(msgspec.Struct, frozen=True, gc=False):
    """The fingerprint and answer of an earlier commit with the same key."""

    fingerprint: bytes
    answer: bytes
    at: int
    """When it was committed: microseconds since the epoch, by the store's clock."""


class Document(msgspec.Struct, frozen=True, gc=False):
    """One document of a view. `body` is None, and `version` 0, where only counters exist."""

    view: str
    id: str
    stream: str
    version: int
    """The stream's version after the commit that last wrote the body."""
    counted: int
    """The stream's version after the commit that last changed the counters."""
    body: bytes | None
    index_keys: Mapping[str, IndexKey]
    counters: Mapping[str, int]


class Query(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Documents of one partition of a declared index, in order of their sort key.

    `prefix` fixes the leading parts of the sort key. `since` (inclusive) and `until` (exclusive)
    are compared, part by part, with the parts that follow those of `prefix`.
    """

    view: str
    index: str
    partition: str
    prefix: IndexKey = ()
    since: IndexKey = ()
    until: IndexKey = ()
    backwards: bool = False
    limit: int = 100
    cursor: str | None = None
    """`Page.cursor` of the same query on the same store. Raises CursorInvalid for any other."""


class Page(msgspec.Struct, frozen=True, gc=False):
    """A part of the documents that a query or a scan finds; `cursor` is None on the last page."""

    documents: list[Document]
    cursor: str | None


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """A stream and the version of its last event."""

    stream: str
    version: int


class StreamPage(msgspec.Struct, frozen=True, gc=False):
    """A part of the streams of a category; `cursor` is None on the last page."""

    streams: list[StreamHead]
    cursor: str | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine accepts. Raises LimitExceeded, before anything is written, for more."""

    partitions: int = 1
    commit_actions: int = 10_000
    """The most that `commit_checks.count_actions` may count for one commit."""
    index_rows: int = 0
    """Rows that count as actions for each index of a document that is written; 0: none do."""
    commit_bytes: int = 16 * 1024 * 1024
    event_bytes: int = 1024 * 1024
    body_bytes: int = 1024 * 1024
    answer_bytes: int = 16 * 1024 * 1024
    """Of the answer of a commit with its fingerprint."""
    page: int = 10_000
    """The highest `limit=` of any reading method."""
    page_bytes: int = 8 * 1024 * 1024
    """A page ends when it has so many bytes of data and bodies, but holds one item at least."""
    queries_lag: bool = False
    """Whether `query` may not yet show what was just committed."""


class DeclaredView(Protocol):
    """What a store has to know of a view: its name, its version and the names of its indexes."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def indexes(self) -> Collection[str]: ...


class Store(Protocol):
    """One log with its documents. All methods may be called concurrently, on one event loop."""

    id: str
    """A UUID, made with the store. Cursors contain it."""
    limits: Limits

    async def commit(self, commit: Commit) -> Committed:
        """Do all of `commit` or nothing. It is durable when this returns.

        Raises Conflict, CounterOutOfBounds, KeyReused, LimitExceeded, Busy, DiskFull and
        StoreFailed; and for mistakes of the program HasCounters, OwnedElsewhere and ValueError.
        Cancelling the await does not cancel the commit: `recall` of its key tells whether it
        happened.
        """
        ...

    async def recall(self, key: str) -> Recalled | None:
        """The answer of a commit with this key in the last 24 hours; None if there was none."""
        ...

    async def forget(self, text: str) -> None:
        """Forget every key whose stored answer holds this text: it is as if it had expired.

        `text` has at least one character. Repeating it does nothing.
        """
        ...

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        """Empty the data and the meta of the events at these positions, for good.

        Their envelopes, versions and positions stay, and nobody is woken. It is durable when this
        returns. Events are blanked one by one, not all or none: if this raises Busy, DiskFull or
        StoreFailed, some of them may be blank, and the same may be asked for again. Positions
        without an event are passed over. There may be as many as `Limits.page` has items.
        """
        ...

    async def read_stream(
        self,
        stream: str,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        backwards: bool = False,
    ) -> list[Recorded]:
        """Events with after < version < before, oldest first, or newest first if `backwards`.

        A page may be shorter than `limit`. Only an empty page means that there are no more.
        """
        ...

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        """Events of a partition after position `after`, in order.

        No event appears later at or before a position that a reader has seen. A page may be shorter
        than `limit`. Only an empty page means that there are no more; if `heads()` is beyond
        `after` all the same, read it again.
        """
        ...

    async def heads(self) -> Heads:
        """The last position of each partition that can be read now. Heads never decrease.

        They reach an acknowledged commit soon, by themselves, but not always at once.
        """
        ...

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        """The heads, as soon as one of them is beyond `beyond`, or after `timeout` seconds."""
        ...

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        """Documents by name, in the order of `refs`; None where there is none.

        A view that was never written has no documents; `get` does not check its name.
        It takes one round trip. Each document is the latest committed state, but they are not one
        snapshot, nor are the body and the counters of a document, and no order of reading is
        promised.
        """
        ...

    async def query(self, query: Query) -> Page:
        """Documents by a declared index. It may lag, so decisions must not rest on it.

        A page may be shorter than `query.limit`. Only a cursor of None means that there are no
        more. Raises ValueError for an index that no view of this process declares, ViewNotBuilt
        for one that is newer than the documents, and CursorInvalid.
        """
        ...

    async def streams(
        self, category: str, *, cursor: str | None = None, limit: int = 1000
    ) -> StreamPage:
        """Streams of a category, each once, in no particular order.

        Streams that are made meanwhile may be missing. A category that nobody has used, or that
        cannot exist, has no streams.
        """
        ...

    async def scan(self, view: str, *, cursor: str | None = None, limit: int = 1000) -> Page:
        """All documents of a view, each once, in no particular order.

        Documents that are made or deleted meanwhile may be missing. A view that was never written
        has no documents.
        """
        ...

    async def declare(self, views: Sequence[DeclaredView]) -> None:
        """State that the documents of these views are complete, so that all their indexes serve."""
        ...

    async def close(self) -> None:
        """Finish the commits that were accepted, then close. Closing twice does nothing."""
        ...


@runtime_checkable
class KeepsIndexRows(Protocol):
    """A store that keeps index rows apart from its documents, so that they may come to disagree.

    They agree as long as nobody but the engine changes its data.
    """

    async def misindexed(
        self, view: str, *, cursor: str | None = None, limit: int = 1000
    ) -> tuple[list[str], str | None]:
        """Ids whose index rows do not agree with their document, and the cursor of the next page.

        Ids of index rows without a document are included.
        """
        ...

    async def reindex(self, view: str, ids: Sequence[str]) -> None:
        """Write the index rows of these ids again from their documents, beside other commits."""
        ...


@runtime_checkable
class KnowsViews(Protocol):
    """A store that says which of its views have to be built before they serve."""

    async def unbuilt(self) -> list[str]:
        """The declared views whose documents are those of an earlier version, by name.

        Their queries are refused with ViewNotBuilt. Raises ViewOutdated if the store has a newer
        version of any.
        """
        ...

    async def undeclared(self) -> list[str]:
        """The views in this store that this process does not declare, by name."""
        ...


@runtime_checkable
class KnowsItsSize(Protocol):
    """A store that says how much room its data take."""

    async def sizes(self) -> Mapping[str, int]:
        """Bytes: `database`, and, for a file, `wal` for what has not been moved there yet."""
        ...


@runtime_checkable
class KeepsFreedSpace(Protocol):
    """A store whose files may hold what was deleted or blanked until it is overwritten."""

    async def overwrite_freed(self, *, documents: bool) -> None:
        """Overwrite what blank events have left in the files, and cut off the write-ahead log.

        With `documents`, the whole file is written anew, so that nothing is left of deleted
        documents and forgotten keys either; commits wait meanwhile. Raises Busy if somebody reads
        or writes for so long that it cannot be done now, and DiskFull.
        """
        ...
