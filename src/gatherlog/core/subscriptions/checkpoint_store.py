"""What the store has of one partition of one subscription: checkpoint, backlogs, dead letters.

Every write is fenced by the lease. What is saved together is the state of one moment. Where limits
split it into several commits, dead letters go first and the checkpoint last, so that the
checkpoint never passes an event that nothing else accounts for. After a write that failed nothing
more is written: the processor ends, and the next one begins with what is stored.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.core.eventstore.events import Event, event_type_of
from gatherlog.core.eventstore.store import DELETE, Body, Store, Write
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
    versioned_write,
)
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    FOLD,
    DeadLetter,
    DeliveryRedriven,
    RedriveDone,
)
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.fenced_commits import RESERVED_ACTIONS, FencedCommits
from gatherlog.core.subscriptions.leases import LeaseHolder

__all__ = ["CheckpointStore", "DeadLetterEvent", "Redrive", "UnsavedChanges"]

_CHUNK: Final = 100
"""Documents that are read at a time, and dead letters that are written at a time, at most."""
_STREAM_PAGE: Final = 1000
"""Events of the own stream that are read at a time, at most."""
_REDRIVEN: Final = event_type_of(DeliveryRedriven)


class DeadLetterEvent(NamedTuple):
    """What happened to a dead letter."""

    dead_letter: str
    """Its id."""
    payload: msgspec.Struct
    version: int | None
    """If that is the outcome of a redrive: the version that the dead letter has had since."""


class Redrive(NamedTuple):
    """A redrive that was begun."""

    command: int
    """Version of its command in the subscription's own stream."""
    version: int
    """Version of the dead letter, which another command would change."""


class UnsavedChanges(msgspec.Struct, frozen=True):
    """What has changed since the last time that the state of a partition was saved."""

    checkpoint: Checkpoint
    dead_letter_events: Sequence[DeadLetterEvent]
    destinations: Sequence[DestinationState]
    """Those whose backlog has changed."""
    removed: Sequence[DestinationState]
    """Those that the subscription has no more, whose backlog is deleted."""
    documents: Sequence[Write]
    """Documents of a projection, as of the checkpoint."""


class CheckpointStore:
    """The documents of one partition of one subscription, for the worker that has its lease."""

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
        self._commits = FencedCommits(store, self._stream, lease)
        self._clock = clock
        self._ids = ids
        self.lock = asyncio.Lock()
        """To be held while anything is written: writes of one partition take turns."""
        self._saved: Checkpoint | None = None
        self._version = 0
        self._failure: Exception | None = None
        self._renewal: asyncio.Task[None] | None = None

    # Reading.

    async def load(self) -> Checkpoint | None:
        """The stored checkpoint; None if there is none yet."""
        id = checkpoint_id(self._name, self._partition)
        [document] = await self._store.get([CHECKPOINTS.ref(id)])
        self._saved = CHECKPOINTS.read(document)
        self._version = 0 if document is None else document.version
        return self._saved

    def is_saved(self, checkpoint: Checkpoint) -> bool:
        """Whether this is the stored checkpoint."""
        return self._saved == checkpoint

    async def backlogs(self, destinations: Sequence[tuple[str, str]]) -> list[tuple[int, Backlog]]:
        """The backlogs of destinations, given by name and generation, each with its version.

        Destinations without a backlog are left out.
        """
        found: list[tuple[int, Backlog]] = []
        for start in range(0, len(destinations), _CHUNK):
            some = destinations[start : start + _CHUNK]
            ids = [backlog_id(self._name, self._partition, *destination) for destination in some]
            for document in await self._store.get([BACKLOGS.ref(id) for id in ids]):
                if document is not None and (body := BACKLOGS.read(document)) is not None:
                    found.append((document.version, body))
        return found

    async def all_backlogs(self) -> list[Backlog]:
        """The backlogs of all destinations; the newest may be missing where queries lag."""
        prefix = (f"{self._partition:06}",)
        query = BACKLOGS.query("by_subscription", self._name, prefix=prefix, limit=_CHUNK)
        return [backlog async for backlog in bodies(self._store, BACKLOGS, query)]

    async def unfinished_redrives(self, checkpoint: Checkpoint) -> list[tuple[Redrive, DeadLetter]]:
        """The redrives of this partition that were begun and have not ended, in that order.

        They are found by their commands, because a query may lag.
        """
        versions = await self._redrives(checkpoint.redrives_done, checkpoint.commands_done)
        ids, found = list(versions), []
        for start in range(0, len(ids), _CHUNK):
            refs = [DEAD_LETTERS.ref(id) for id in ids[start : start + _CHUNK]]
            found += [one for one in await self._store.get(refs) if one is not None]
        unfinished = [
            (Redrive(versions[document.id], document.version), one)
            for document in found
            if (one := DEAD_LETTERS.read(document)) is not None
            and one.state == "redriving"
            and one.partition == self._partition
        ]
        return sorted(unfinished, key=lambda one: one[0].command)

    async def _redrives(self, after: int, until: int) -> dict[str, int]:
        """The dead letters that operators redrove last in these versions of the own stream."""
        versions: dict[str, int] = {}
        size = min(_STREAM_PAGE, self._store.limits.page)
        while after < until:
            page = await self._store.read_stream(
                self._stream, after=after, before=until + 1, limit=size
            )
            if not page:
                break
            for event in page:
                if event.type == _REDRIVEN:
                    versions[event.subject] = event.version
            after = page[-1].version
        return versions

    # Writing.

    async def save(self, changes: UnsavedChanges) -> None:
        """Write all changes. The caller has the lock.

        The documents of a projection, the checkpoint and the backlogs are always in one commit.
        Raises LeaseLost, and what the store raises; every later call raises the same again.
        """
        if self._failure is not None:
            raise self._failure
        try:
            await self._save(changes)
        except BaseException as error:
            interrupted = StoreFailed("a write was broken off")
            self._failure = error if isinstance(error, Exception) else interrupted
            raise

    async def delete(self, deletions: Sequence[Write]) -> None:
        """Delete documents of earlier times that nothing depends on. The caller has the lock."""
        await self._commits.commit_in_parts(deletions)

    async def delete_backlogs(self, destinations: Sequence[tuple[str, str]]) -> None:
        """Delete the backlogs of destinations, given by name and generation. Takes the lock."""
        async with self.lock:
            deletions = [
                self._backlog_write(backlog.destination, backlog.generation, version, DELETE)
                for version, backlog in await self.backlogs(destinations)
            ]
            await self.delete(deletions)

    async def _save(self, changes: UnsavedChanges) -> None:
        changed = [(one, self._changed_backlog(one)) for one in changes.destinations]
        changed += [(one, self._deleted_backlog(one)) for one in changes.removed]
        backlogs = [write for _, write in changed if write is not None]
        documents = list(changes.documents)
        if is_new := changes.checkpoint != self._saved:
            documents.append(self._checkpoint_write(changes.checkpoint))
        events, dead_letters = self._dead_letters(changes.dead_letter_events)
        if self._commits.fits(events, [*dead_letters, *backlogs, *documents]):
            await self._commits.commit(events, [*dead_letters, *backlogs, *documents])
        else:
            await self._save_in_parts(changes, backlogs, documents)
        for destination, write in changed:
            if write is not None:
                version = destination.backlog_version
                destination.backlog_version = 0 if write.body is DELETE else version + 1
        if is_new:
            self._saved, self._version = changes.checkpoint, self._version + 1

    async def _save_in_parts(
        self, changes: UnsavedChanges, backlogs: Sequence[Write], documents: Sequence[Write]
    ) -> None:
        for some in self._chunks(changes.dead_letter_events):
            await self._commits.commit(*self._dead_letters(some))
        if changes.documents:
            await self._commits.commit([], [*backlogs, *documents])
        else:
            await self._commits.commit_in_parts(backlogs)
            await self._commits.commit([], documents)

    def _chunks(self, events: Sequence[DeadLetterEvent]) -> Iterable[Sequence[DeadLetterEvent]]:
        """So few at a time that one commit takes them, each as an event and a document."""
        limits = self._store.limits
        others = actions_of(limits, streams=1) + RESERVED_ACTIONS
        each = actions_of(limits, events=1, views=[DEAD_LETTERS])
        size = max(1, min(_CHUNK, (limits.commit_actions - others) // each))
        for start in range(0, len(events), size):
            yield events[start : start + size]

    def _checkpoint_write(self, checkpoint: Checkpoint) -> Write:
        id = checkpoint_id(self._name, self._partition)
        return versioned_write(CHECKPOINTS, id, self._name, self._version, checkpoint)

    def _changed_backlog(self, destination: DestinationState) -> Write | None:
        backlog = destination.to_backlog(self._name, self._partition, self._clock())
        if backlog is None:
            return self._deleted_backlog(destination)
        config, version = destination.config, destination.backlog_version
        return self._backlog_write(config.name, config.generation, version, backlog)

    def _deleted_backlog(self, destination: DestinationState) -> Write | None:
        config, version = destination.config, destination.backlog_version
        if not version:
            return None
        return self._backlog_write(config.name, config.generation, version, DELETE)

    def _backlog_write(
        self, name: str, generation: str, version: int, body: Backlog | Literal[Body.DELETE]
    ) -> Write:
        id = backlog_id(self._name, self._partition, name, generation)
        return versioned_write(BACKLOGS, id, self._name, version, body)

    def _dead_letters(
        self, dead_letter_events: Sequence[DeadLetterEvent]
    ) -> tuple[list[Event], list[Write]]:
        """The events about dead letters, and the documents that follow from them.

        The outcome of a redrive demands that the dead letter has not changed since: if another
        command has followed, the next processor carries that out.
        """
        now, stream = self._clock(), self._stream
        events, writes = [], {}
        for id, payload, version in dead_letter_events:
            type, schema, data = CODEC.encode(payload)
            events.append(Event(self._ids(), type, now, now, data, schema, id))
            if isinstance(payload, RedriveDone):
                writes[id] = DEAD_LETTERS.write(id, stream, DELETE, expects=version)
                continue
            happened = Happened(stream, id, now, payload)
            for change in FOLD.evolve({DEAD_LETTERS.ref(id): None}, happened):
                # A fold is typed for any body; this one makes dead letters only.
                body: DeadLetter = change.body  # type: ignore[assignment]
                writes[id] = DEAD_LETTERS.write(id, stream, body, expects=version)
        return events, list(writes.values())

    # The lease.

    async def renew_lease(self) -> None:
        """Renew the lease when no write is under way, once for all who ask at the same time."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew_lease())
            self._renewal.add_done_callback(_retrieve)
        await asyncio.shield(self._renewal)

    async def check_lease(self) -> None:
        """Raise LeaseLost if another worker has the lease; when no write is under way.

        It is for a partition without work: what happened a moment ago may be overlooked.
        """
        async with self.lock:
            await self._lease.glance()

    async def _renew_lease(self) -> None:
        async with self.lock:
            await self._lease.renew()


def _retrieve(renewal: "asyncio.Task[None]") -> None:
    """Retrieve the exception, which those who wait get, so that asyncio never warns about it."""
    if not renewal.cancelled():
        renewal.exception()
