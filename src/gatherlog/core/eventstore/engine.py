"""What is left to an engine: load rows, write one net effect on a condition, read pages, wake up.

`EngineStore` makes a whole `Store` of an engine: it checks what is asked, groups commits, plans,
tries again after a collision, keeps cursors, and knows which views are built. An engine translates
the errors of its driver into those of `errors`, in one place.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import StoreError, StoreFailed
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.planner import Changes, State, Wanted
from gatherlog.core.eventstore.store import (
    Commit,
    Committed,
    Document,
    Heads,
    Limits,
    Recalled,
    Ref,
    StreamHead,
)

__all__ = [
    "Collision",
    "Engine",
    "GroupLimits",
    "IndexPage",
    "IndexRowEngine",
    "OutcomeUnknown",
    "Planned",
    "RecordedView",
]

T = TypeVar("T")


class Collision(Exception):
    """Somebody else has changed what a plan rests on; nothing of it was written.

    If it is said to be `shared`, the commits of the group are likely to collide one by one just as
    they did together, so a group is not divided at once.
    """

    def __init__(self, why: str = "", *, shared: bool = False) -> None:
        super().__init__(why)
        self.shared = shared


class OutcomeUnknown(StoreFailed):
    """The answer to a write was lost: whether it happened has to be found out.

    `write` is whatever the engine needs for that.
    """

    def __init__(self, text: str, write: object = None) -> None:
        super().__init__(text)
        self.write = write


class GroupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many commits an engine may be given together."""

    commits: int = 512
    bytes: int = 8 * 1024 * 1024
    actions: int = 1_000_000
    """As `count_actions` counts them. A commit that has more goes alone."""


class Planned(msgspec.Struct, frozen=True):
    """A group of commits, decided on what was loaded, and the effect that is to be written."""

    state: State
    commits: Sequence[Commit]
    results: Sequence[Committed | StoreError]
    changes: Changes


class RecordedView(msgspec.Struct, frozen=True):
    """What a view was declared as when its documents were last known to be complete."""

    name: str
    version: int
    indexes: frozenset[str]


class IndexPage(msgspec.Struct, frozen=True):
    """Rows of an index: the sort key of each, and its document. Only the last page may be empty."""

    rows: list[tuple[str, Document]]
    is_last: bool


class Engine(Protocol):
    """One kind of storage. `EngineStore` calls these on one event loop, with checked arguments.

    Pages obey `limits.page_bytes`. All methods raise what the store contract names, Busy and
    StoreFailed in particular; `load` and `write` are never called twice at once.
    """

    id: str
    """A UUID, made with the store."""
    limits: Limits
    group: GroupLimits = GroupLimits()
    tells: bool = False
    """Whether `watch` tells of the commits of all processes, so that looking is for lost news."""

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        """What `wanted` names, at the time `now`; it may be what this process knows of it.

        With `anew`, what this process knows has turned out to be old: everything is read. After
        this, either `write` or `abandon` is called. Raises Collision if somebody else holds what
        has to be locked for reading it.
        """
        ...

    async def write(self, planned: Planned) -> None:
        """Make the changes durable and visible, all or none.

        They may be empty, if every commit of the group was refused or repeated. Raises Collision
        if what the plan rests on has changed; OutcomeUnknown if nobody knows whether it happened.
        """
        ...

    async def abandon(self) -> None:
        """Give up what `load` began. By default there is nothing to give up."""
        return None

    async def happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        """After OutcomeUnknown: whether the write happened. It cannot happen any more if not.

        An engine that never raises OutcomeUnknown leaves this as it is.
        """
        raise AssertionError("this engine always knows the outcome of a write")

    async def forget(self, text: str) -> None:
        """Delete every key whose answer holds the bytes of this text in UTF-8."""
        ...

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        """Empty data and meta of the events at these positions, each one or none; durably.

        It is not called between `load` and the end of `write`. Raises OutcomeUnknown and Collision
        freely, because it is then done again.
        """
        ...

    async def recall(self, key: str) -> Recalled | None:
        """What a commit with this key left, also if that is older than a key's lifetime."""
        ...

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]: ...

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]: ...

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]: ...

    async def read_index(self, wanted: IndexRange) -> IndexPage: ...

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        """Streams beyond the place `after`, and the place of the next page; None: no more."""
        ...

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        """Documents beyond the place `after`, and the place of the next page; None: no more."""
        ...

    async def heads(self) -> Heads: ...

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        """From now on call `moved`, on the loop, when the heads may have moved.

        It gets them if they are known without asking.
        """
        ...

    async def views(self) -> dict[str, RecordedView]:
        """The views that are recorded as complete, by name."""
        ...

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        """Record each view in the place of what is recorded now.

        A view is passed over if something else is recorded now than the second of its pair, or,
        with `only_if_empty`, if it has any document.
        """
        ...

    async def close(self) -> None:
        """Release what the engine holds. By default it holds nothing."""
        return None


class IndexRowEngine(Engine, Protocol):
    """An engine that keeps index rows apart from its documents, so that they may disagree."""

    async def read_misindexed(self, view: str, after: str, limit: int) -> list[str]:
        """Ids after `after`, in order, whose index rows do not agree with their document."""
        ...

    async def rewrite_index_rows(self, view: str, ids: Sequence[str]) -> None:
        """Write the index rows of these ids again from their documents, beside other commits."""
        ...
