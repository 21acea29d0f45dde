"""The store contract: what every engine promises, and the shapes in which it is asked.

A commit is a set of appends and document writes that happen together or not at all. What a commit
means is decided by `planner`, the same for every engine; an engine loads, writes and retries.
The numbered promises are in `docs/store.md`; `tests/contracts` proves them.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, Protocol

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
    "Limits",
    "Page",
    "Query",
    "Recalled",
    "Ref",
    "Store",
    "StreamHead",
    "Write",
]

ANY: Final = -1
"""As `Append.expected`: whatever version the stream is at."""
VERSION_BYTES: Final = 8
NEW: Final = 0
"""As `expected` or `expects`: the stream, or the document's body, must not exist yet."""


class Body(Enum):
    """What a `Write` does to the body when it brings none."""

    KEEP = "keep"
    DELETE = "delete"


KEEP: Final = Body.KEEP
DELETE: Final = Body.DELETE

Ref = tuple[str, str]
"""A document's name: (view, id)."""
IndexKey = tuple[str, ...]
"""Partition key first, then the parts of the sort key."""
Heads = tuple[int, ...]
"""Per partition, the last position that a reader may be given. Compare part by part."""


class Append(msgspec.Struct, frozen=True, gc=False):
    """Events for one stream, in order; `expected` is an exact version, NEW or ANY."""

    stream: str
    events: Sequence[Event]
    expected: int = ANY


class Write(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything one commit does to, or demands of, one document.

    A body is stamped with the version that `stream` has after this commit's append. A rebuild
    appends nothing: it gives `at` as the stamp and demands, with `counted`, that the counters
    have not moved since they were read.
    """

    view: str
    id: str
    stream: str
    """The document's owner; for a mere demand, any name of the owner will do."""
    expects: int | None = None
    """The version demanded: NEW (no body), an exact version, or None for any."""
    body: bytes | Literal[Body.KEEP, Body.DELETE] = KEEP
    index_keys: Mapping[str, IndexKey] = {}
    """With a body: its key in each index of the view; an index left out does not list it."""
    adds: Mapping[str, int] = {}
    """Counter by counter, what to add; a missing counter starts at 0. Adds move no version."""
    at_most: Mapping[str, int] = {}
    """Bounds on counters after the adds; a counter may be bounded without an add."""
    at_least: Mapping[str, int] = {}
    counted: int | None = None
    at: int | None = None

    @property
    def changes_anything(self) -> bool:
        """Whether it changes the document; otherwise it only demands something of it."""
        return self.body is not KEEP or any(self.adds.values())


class Commit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What happens together or not at all. Each stream and each document at most once."""

    appends: Sequence[Append] = ()
    writes: Sequence[Write] = ()
    key: str | None = None
    """Idempotency key, at most 255 characters, scoped by the caller; remembered for 24 hours."""
    fingerprint: bytes = b""
    """Of the command: the same key with another fingerprint is KeyReused."""
    answer: bytes = b""
    """Given back when the key is repeated."""
    versioned: Ref | None = None
    """One of the documents written or demanded: the version that it has after this commit, which
    nobody knows before, is put behind the answer, as VERSION_BYTES big-endian bytes."""


class Committed(msgspec.Struct, frozen=True, gc=False):
    """What a commit did. When `repeated`, it did nothing now, and only `answer` is filled."""

    streams: dict[str, int] = {}
    """The version of each stream appended to."""
    documents: dict[Ref, int] = {}
    """The version of each document written with a body."""
    positions: dict[int, int] = {}
    """The last position in each partition appended to."""
    repeated: bool = False
    answer: bytes = b""


class Recalled(msgspec.Struct, frozen=True, gc=False):
    """What an earlier commit with this key was, and answered."""

    fingerprint: bytes
    answer: bytes
    at: int
    """When: microseconds since the epoch, by the store's clock."""


class Document(msgspec.Struct, frozen=True, gc=False):
    """One document of a view. `body` is None, and `version` 0, where only counters exist."""

    view: str
    id: str
    stream: str
    version: int
    """The stream version of the last event folded into the body."""
    counted: int
    """The stream version of the last event folded into the counters."""
    body: bytes | None
    index_keys: Mapping[str, IndexKey]
    counters: Mapping[str, int]


class Query(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Documents of one partition of a declared index, in order of their sort key.

    `prefix` fixes the leading parts of the sort key; `since` includes, `until` excludes, and both
    are compared, part by part, with the parts after those of `prefix`.
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
    """`Page.cursor` of the same query on the same store; another one is CursorInvalid."""


class Page(msgspec.Struct, frozen=True, gc=False):
    """Part of a query's answer; `cursor` is None on the last page."""

    documents: list[Document]
    cursor: str | None


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """A stream and the version of its last event."""

    stream: str
    version: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine can take. Beyond it, LimitExceeded before anything is written."""

    partitions: int = 1
    commit_actions: int = 10_000
    """Events, writes and streams of one commit, together."""
    commit_bytes: int = 16 * 1024 * 1024
    event_bytes: int = 1024 * 1024
    body_bytes: int = 1024 * 1024
    page: int = 10_000
    """`limit=` of any read."""
    queries_lag: bool = False
    """Whether `query` may miss what was just committed."""


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
    """Made with the store; cursors carry it."""
    limits: Limits

    async def commit(self, commit: Commit) -> Committed:
        """Do all of `commit` or nothing; durable before it answers.

        Raises Conflict, CounterOutOfBounds, KeyReused, LimitExceeded, Busy, DiskFull,
        StoreFailed; and for mistakes of the program HasCounters, OwnedElsewhere, ValueError.
        Cancelling the await does not cancel the commit; its key answers.
        """
        ...

    async def recall(self, key: str) -> Recalled | None:
        """What a commit with this key answered in the last 24 hours."""
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
        """Events with after < version < before, oldest first, or newest first if `backwards`."""
        ...

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        """Events of a partition beyond position `after`, in order.

        What was once given is never preceded by anything later: nothing ever appears at or below
        a position that was given. An empty page below `heads()` is to be asked for again.
        """
        ...

    async def heads(self) -> Heads:
        """Per partition, the last position that may be read; never steps back."""
        ...

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        """Heads as soon as any is beyond `beyond`, or after `timeout` seconds as they are."""
        ...

    async def get(self, view: str, ids: Sequence[str]) -> list[Document | None]:
        """Documents by id, in the order asked for; consistent, but not one snapshot."""
        ...

    async def query(self, query: Query) -> Page:
        """Documents by a declared index; for showing, not for deciding."""
        ...

    async def streams(
        self, category: str, *, after: str = "", limit: int = 1000
    ) -> list[StreamHead]:
        """Streams of a category by name, beyond the name `after`."""
        ...

    async def scan(self, view: str, *, after: str = "", limit: int = 1000) -> list[Document]:
        """All documents of a view by id, beyond the id `after`."""
        ...

    async def misindexed(self, view: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """Ids, beyond the id `after`, whose rows in the indexes are not what their document says.

        Also of rows without a document. None as long as nobody but the engine touches its data.
        """
        ...

    async def reindex(self, view: str, ids: Sequence[str]) -> None:
        """Make the rows of these ids anew from their documents; commits may go on meanwhile."""
        ...

    async def declare(self, views: Sequence[DeclaredView]) -> None:
        """The documents of these views are complete as declared: from now on every index serves."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go. Closing twice does nothing."""
        ...
