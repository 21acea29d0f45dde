"""Purging and removing queues: all messages of a queue are given up, whoever has them."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from gatherlog.core.commands.service import no_such
from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.queues.checks import check_queue
from gatherlog.core.queues.documents import LINES, MESSAGES, QUEUES, stream_of, without_content
from gatherlog.core.queues.events import QueuePurged, QueueRemoved
from gatherlog.core.queues.lines import Lines
from gatherlog.core.queues.queue_store import QueueStore

__all__ = ["Purger"]

_MOST: Final = 20
"""Messages in one commit: each of them is read with its content first."""


class Purger:
    """Gives up all messages of a queue, in commits of a few messages."""

    def __init__(self, store: QueueStore, lines: Lines, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._clock = clock

    async def purge(self, queue: str, *, by: str) -> int:
        """See `QueueAdmin.purge`."""
        check_queue(queue)
        if await self._store.get_one(QUEUES, queue) is None:
            raise no_such("queue", queue)
        purged = 0
        for id in await self._store.ids_of(LINES, queue, "by_ready", "by_until"):
            while done := await until_no_conflict(partial(self._purge_line, queue, id, by)):
                purged += done
        dead = await self._store.ids_of(MESSAGES, queue, "by_dead")
        for start in range(0, len(dead), self._most):
            part = dead[start : start + self._most]
            purged += await until_no_conflict(partial(self._purge_dead, queue, part, by))
        return purged

    async def remove(self, queue: str, *, by: str) -> None:
        """See `QueueAdmin.remove`."""
        await self.purge(queue, by=by)
        await until_no_conflict(partial(self._remove_if_empty, queue, by))

    async def _remove_if_empty(self, queue: str, by: str) -> None:
        """Raises Conflict if messages were put in since it began, after giving those up."""
        head = await self._store.head(queue)
        settings = await self._store.get_one(QUEUES, queue)
        if settings is None:
            raise no_such("queue", queue)
        if purged := await self.purge(queue, by=by):
            raise Conflict("stream", stream_of(queue), head, head + purged)
        await self._forget(queue)
        removed = self._store.event(queue, QueueRemoved(by=by), expected=head)
        write = self._store.write(QUEUES, queue, settings.version, DELETE)
        await self._store.commit([write], [removed])

    @property
    def _most(self) -> int:
        limits = self._store.limits
        others = actions_of(limits, events=1, streams=1, views=[LINES])
        each = actions_of(limits, views=[MESSAGES])
        return max(1, min(_MOST, (limits.commit_actions - others) // each))

    async def _purge_line(self, queue: str, id: str, by: str) -> int:
        line = await self._store.get_one(LINES, id)
        if line is None:
            return 0
        count = min(self._most, line.body.length)
        event = self._store.event(queue, QueuePurged(messages=count, by=by))
        await self._lines.discard_first(line, count, event)
        return count

    async def _purge_dead(self, queue: str, ids: Sequence[str], by: str) -> int:
        found = await self._store.get(MESSAGES, ids)
        dead = [one for one in found if one is not None and one.body.died_at is not None]
        if not dead:
            return 0
        now = self._clock()
        writes = [
            self._store.write(MESSAGES, one.id, one.version, without_content(one.body, done_at=now))
            for one in dead
        ]
        event = self._store.event(queue, QueuePurged(messages=len(dead), by=by))
        await self._store.commit(writes, [event])
        return len(dead)

    async def _forget(self, queue: str) -> None:
        """Delete what is kept of messages that are done."""
        ids = await self._store.ids_of(MESSAGES, queue, "by_done")
        for start in range(0, len(ids), self._most):
            part = ids[start : start + self._most]
            await until_no_conflict(partial(self._delete_done, part))

    async def _delete_done(self, ids: Sequence[str]) -> None:
        found = await self._store.get(MESSAGES, ids)
        writes = [
            self._store.write(MESSAGES, one.id, one.version, DELETE)
            for one in found
            if one is not None and one.body.done_at is not None
        ]
        if writes:
            await self._store.commit(writes)
