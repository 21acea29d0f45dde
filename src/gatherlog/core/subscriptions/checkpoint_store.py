"""What a hold has in the store: its checkpoint, the backlogs, and what it tells of dead letters.

Every write is fenced by the lease. What is written down together is a picture of one moment; where
limits split it, dead letters go first and the checkpoint last, so that nothing is ever passed by
that is not accounted for. After a write that failed nothing more is written: the hold ends, and the
next one begins with what is in the store.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict, StoreFailed
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import ANY, DELETE, Append, Body, Commit, Store, Write
from gatherlog.core.projections.folds import Happened
from gatherlog.core.projections.paging import bodies
from gatherlog.core.subscriptions.checkpoints import (
    BACKLOGS,
    CHECKPOINTS,
    Backlog,
    Checkpoint,
    backlog_id,
    checkpoint_id,
    stream_of,
    succeed,
)
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    FOLD,
    DeadLetter,
    RedriveDone,
)
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder

__all__ = ["CheckpointStore", "DeadLetterEvent"]

DeadLetterEvent = tuple[str, msgspec.Struct]
"""The id of a dead letter, and what has happened to it."""
_ROOM: Final = 4
"""Actions of a commit besides those that are counted out: the fence, the stream, to spare."""
_CHUNK: Final = 100
"""Documents that are read at a time."""


class CheckpointStore:
    """The documents of one partition of one subscription, while a worker has its lease."""

    def __init__(
        self,
        store: Store,
        name: str,
        partition: int,
        lease: LeaseHolder,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._name = name
        self._stream = stream_of(name)
        self._partition = partition
        self._lease = lease
        self._clock = clock
        self._ids = ids
        self.turn = asyncio.Lock()
        """Held by whoever writes."""
        self._kept: Checkpoint | None = None
        self._version = 0
        self._failed: Exception | None = None
        self._renewal: asyncio.Task[None] | None = None

    def has(self, checkpoint: Checkpoint) -> bool:
        """Whether this is the checkpoint as it is written down."""
        return self._kept == checkpoint

    async def checkpoint(self) -> Checkpoint | None:
        """The checkpoint as the store has it; None the first time."""
        id = checkpoint_id(self._name, self._partition)
        [document] = await self._store.get(CHECKPOINTS.name, [id])
        self._kept = CHECKPOINTS.read(document)
        self._version = 0 if document is None else document.version
        return self._kept

    async def backlogs(self, destinations: Sequence[tuple[str, str]]) -> list[tuple[int, Backlog]]:
        """Those of destinations, by name and `made`, that have one, each with its version."""
        found: list[tuple[int, Backlog]] = []
        for start in range(0, len(destinations), _CHUNK):
            some = destinations[start : start + _CHUNK]
            ids = [backlog_id(self._name, self._partition, name, made) for name, made in some]
            for document in await self._store.get(BACKLOGS.name, ids):
                if document is not None and (body := BACKLOGS.read(document)) is not None:
                    found.append((document.version, body))
        return found

    async def all_backlogs(self) -> list[Backlog]:
        """Every backlog that a query shows; the newest may be missing where queries lag."""
        prefix = (f"{self._partition:06}",)
        query = BACKLOGS.query("by_subscription", self._name, prefix=prefix, limit=_CHUNK)
        return [backlog async for backlog in bodies(self._store, BACKLOGS, query)]

    async def redriving(self) -> list[DeadLetter]:
        """The dead letters of this partition that are to be tried again."""
        query = DEAD_LETTERS.query(
            "by_subscription", self._name, prefix=("redriving",), limit=_CHUNK
        )
        found = bodies(self._store, DEAD_LETTERS, query)
        return [letter async for letter in found if letter.partition == self._partition]

    async def write(
        self,
        checkpoint: Checkpoint,
        told: Sequence[DeadLetterEvent],
        outlets: Sequence[DestinationState],
        gone: Sequence[DestinationState],
        documents: Sequence[Write],
    ) -> None:
        """Write down what was told and what waits, then the documents with the checkpoint.

        Documents, their checkpoint and the backlogs of a projection stand in one commit, whatever
        the limits. To be called by who has the turn. Raises LeaseLost, and what the store raises.
        """
        if self._failed is not None:
            raise self._failed
        try:
            await self._write(checkpoint, told, outlets, gone, documents)
        except BaseException as error:
            ended = StoreFailed("a write was broken off")
            self._failed = error if isinstance(error, Exception) else ended
            raise

    async def _write(
        self,
        checkpoint: Checkpoint,
        told: Sequence[DeadLetterEvent],
        outlets: Sequence[DestinationState],
        gone: Sequence[DestinationState],
        documents: Sequence[Write],
    ) -> None:
        last = list(documents)
        if moved := checkpoint != self._kept:
            id = checkpoint_id(self._name, self._partition)
            last.append(succeed(CHECKPOINTS, id, self._name, self._version, checkpoint))
        backlogs = [*map(self._backlog, outlets), *map(self._gone, gone)]
        kept = [write for write in backlogs if write is not None]
        events, letters = self._letters(told)
        if self._fits(events, [*letters, *kept, *last]):
            await self._commit(events, [*letters, *kept, *last])
        else:
            for some in self._chunks(told):
                await self._commit(*self._letters(some))
            if documents:
                last, kept = [*kept, *last], []
            for writes in self._packed(kept):
                await self._commit([], writes)
            await self._commit([], last)
        for outlet, write in zip([*outlets, *gone], backlogs, strict=True):
            if write is not None:
                outlet.version = 0 if write.body is DELETE else outlet.version + 1
        if moved:
            self._kept, self._version = checkpoint, self._version + 1

    async def forget(self, documents: Sequence[Write]) -> None:
        """Write documents that nothing else belongs to, by who has the turn."""
        for writes in self._packed(documents):
            await self._commit([], writes)
            if not self._lease.is_good():
                await self._lease.renew()

    async def renew(self) -> None:
        """Keep the lease, in turn with what is written; once for all who ask at one time."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(_look_at)
        await asyncio.shield(self._renewal)

    async def _renew(self) -> None:
        async with self.turn:
            await self._lease.renew()

    async def check(self) -> None:
        """See whether the lease is still ours, in turn with what is written; else LeaseLost."""
        async with self.turn:
            await self._lease.check()

    # Commits.

    async def _commit(self, events: Sequence[Event], writes: Sequence[Write]) -> None:
        """Commit under the lease; LeaseLost if that is another's. Being asked for it is no loss."""
        if not events and not writes:
            return
        appends = [Append(self._stream, events, ANY)] if events else []
        while True:
            demanded = [self._lease.demand(), *writes]
            try:
                await self._store.commit(Commit(appends=appends, writes=demanded))
            except Conflict as conflict:
                await self._lease.check()
                if not conflict.name.startswith(f"{LEASES.name}/"):
                    raise
            else:
                return

    def _fits(self, events: Sequence[Event], writes: Sequence[Write]) -> bool:
        limits = self._store.limits
        size = sum(len(event.data) + 100 for event in events) + sum(map(_size, writes))
        actions = len(events) + len(writes) + _ROOM
        return actions <= limits.commit_actions and size <= limits.commit_bytes

    def _packed(self, writes: Iterable[Write]) -> Iterable[list[Write]]:
        """The writes in as few commits as limits allow."""
        some: list[Write] = []
        for write in writes:
            if some and not self._fits([], [*some, write]):
                yield some
                some = []
            some.append(write)
        if some:
            yield some

    def _chunks(self, told: Sequence[DeadLetterEvent]) -> Iterable[Sequence[DeadLetterEvent]]:
        """So few that each, an event and a document of some kilobytes, fits into a commit."""
        size = max(1, min(_CHUNK, self._store.limits.commit_actions // 2 - _ROOM))
        for start in range(0, len(told), size):
            yield told[start : start + size]

    # What is written.

    def _backlog(self, outlet: DestinationState) -> Write | None:
        body = outlet.backlog(self._name, self._partition, self._clock())
        return self._gone(outlet) if body is None else self._succeed(outlet, body)

    def _gone(self, outlet: DestinationState) -> Write | None:
        return self._succeed(outlet, DELETE) if outlet.version else None

    def _succeed(self, outlet: DestinationState, body: Any) -> Write:
        destination = outlet.destination
        id = backlog_id(self._name, self._partition, destination.name, destination.made)
        return succeed(BACKLOGS, id, self._name, outlet.version, body)

    def _letters(self, told: Sequence[DeadLetterEvent]) -> tuple[list[Event], list[Write]]:
        """Events about dead letters, and the letters as they leave them."""
        now, stream = self._clock(), self._stream
        events, letters = [], {}
        for id, payload in told:
            type, schema, data = CODEC.encode(payload)
            events.append(Event(self._ids(), type, now, now, data, schema, id))
            if isinstance(payload, RedriveDone):
                letters[id] = DEAD_LETTERS.write(id, stream, DELETE)
                continue
            happened = Happened(stream, id, now, payload)
            for change in FOLD.evolve({DEAD_LETTERS.ref(id): None}, happened):
                letters[id] = DEAD_LETTERS.write(id, stream, change.body)  # type: ignore[arg-type]
        return events, list(letters.values())


def _look_at(renewal: "asyncio.Task[None]") -> None:
    """Whoever asked hears how it went; nobody has to."""
    if not renewal.cancelled():
        renewal.exception()


def _size(write: Write) -> int:
    return 0 if isinstance(write.body, Body) else len(write.body)
