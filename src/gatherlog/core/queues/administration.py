"""What an operator asks of queues and tells them: how full they are, what is dead, and why."""

from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import Commit
from gatherlog.core.projections.paging import bodies, documents
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    QUEUES,
    Message,
    Queue,
    check_queue,
    message_id,
    put,
)
from gatherlog.core.queues.events import MessageDiscarded, MessageRedriven, QueueChanged
from gatherlog.core.queues.receipts import Returning
from gatherlog.core.queues.receiving import MOST_AT_ONCE, check_range, is_open
from gatherlog.core.queues.sending import Sending

__all__ = ["DeadPage", "Desk", "QueueStatus"]

LONGEST_REASON: Final = 500
"""Characters."""
MOST_MOST_ATTEMPTS: Final = 1000


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages of a queue are where, as of a moment ago."""

    name: str
    most_attempts: int
    ready: int
    """May be taken now."""
    in_flight: int
    """Out with a consumer."""
    waiting: int
    """For their next try, or for those before them in their lines."""
    dead: int
    oldest: float | None
    """Seconds since the oldest one was sent that is not dead; None: there is none."""


class DeadPage(msgspec.Struct, frozen=True):
    """A page of dead messages; `cursor` is None on the last."""

    messages: list[Message]
    cursor: str | None


class Desk(Sending, Returning):
    """Questions and commands. `by` says who commands, as in `key:0198…`; it is kept."""

    async def queues(self) -> list[Queue]:
        """All queues, by name."""
        query = QUEUES.query("by_all", "all", limit=1000)
        return [queue async for queue in bodies(self._store, QUEUES, query)]

    async def queue(self, name: str) -> Queue:
        """NotFound if nothing was ever put into it, nor said of it."""
        check_queue(name)
        settings, _ = await self._queue(name)
        if settings is None:
            raise NotFound(f"there is no queue {name!r}")
        return settings

    async def change_queue(self, name: str, *, most_attempts: int, by: str) -> Queue:
        """Say how often a message is given before it is dead; makes the queue if need be."""
        check_queue(name)
        check_range("/most_attempts", most_attempts, 1, MOST_MOST_ATTEMPTS)

        async def attempt() -> Queue:
            before, version = await self._queue(name)
            kept = before or Queue(name=name, created_at=self._clock())
            changed = msgspec.structs.replace(kept, most_attempts=most_attempts)
            if changed != before:
                append = self._append(name, QueueChanged(most_attempts=most_attempts, by=by))
                write = put(QUEUES, name, name, version, changed)
                await self._store.commit(Commit(appends=[append], writes=[write]))
            return changed

        return await until_no_conflict(attempt)

    async def status(self, name: str) -> QueueStatus:
        """Counted line by line, and dead one by one: for people, not for every second. NotFound."""
        settings = await self.queue(name)
        now = self._clock()
        ready = in_flight = length = 0
        oldest: int | None = None
        for index in ("by_ready", "by_until"):
            query = LINES.query(index, name, limit=1000)
            async for line in bodies(self._store, LINES, query):
                length += line.length
                oldest = line.since if oldest is None else min(oldest, line.since)
                if is_open(line, now):
                    ready += 1
                elif line.receipt:
                    in_flight += 1
        dead = 0
        async for _ in documents(self._store, MESSAGES.query("by_dead", name, limit=1000)):
            dead += 1
        return QueueStatus(
            name=name,
            most_attempts=settings.most_attempts,
            ready=ready,
            in_flight=in_flight,
            waiting=length - ready - in_flight,
            dead=dead,
            oldest=None if oldest is None else max(0, now - oldest) / 1_000_000,
        )

    async def peek(self, name: str, *, limit: int = 10) -> list[Message]:
        """What `receive` would give now, left where it is."""
        check_queue(name)
        check_range("/limit", limit, 1, MOST_AT_ONCE)
        lines = await self._get(LINES, (await self._open_lines(name, limit))[:limit])
        firsts = [message_id(name, line.first) for line, _ in lines if line is not None]
        found = await self._get(MESSAGES, firsts)
        return [message for message, _ in found if message is not None and not message.done_at]

    async def dead(self, name: str, *, limit: int = 100, cursor: str | None = None) -> DeadPage:
        """Dead messages, the one that died first before the others."""
        check_queue(name)
        page = await self._store.query(MESSAGES.query("by_dead", name, limit=limit, cursor=cursor))
        found = [MESSAGES.read(document) for document in page.documents]
        return DeadPage([one for one in found if one and one.died_at is not None], page.cursor)

    async def dead_message(self, name: str, id: str) -> Message:
        """NotFound if there is none, or it is not dead any more."""
        return (await self._dead(name, id))[0]

    async def redrive(self, name: str, id: str, *, by: str) -> None:
        """Put a dead message at the end of its line, as if it had never been given. NotFound."""

        async def attempt() -> None:
            message, version = await self._dead(name, id)
            alive = msgspec.structs.replace(message, died_at=None, attempts=0, reason="")
            writes, ready = await self._link(name, [alive], [version])
            append = self._append(name, MessageRedriven(by=by), id)
            await self._commit_sent(name, Commit(appends=[append], writes=writes), ready)

        await until_no_conflict(attempt)

    async def discard(self, name: str, id: str, reason: str, *, by: str) -> None:
        """Give a dead message up for good. Invalid without a reason; NotFound."""
        reason = " ".join(reason.split())
        if not reason or len(reason) > LONGEST_REASON:
            raise Invalid(Flaw("/reason", f"say why, in up to {LONGEST_REASON} characters"))

        async def attempt() -> None:
            message, version = await self._dead(name, id)
            append = self._append(name, MessageDiscarded(by=by, reason=reason), id)
            write = put(MESSAGES, message_id(name, id), name, version, self._done(message, ""))
            await self._store.commit(Commit(appends=[append], writes=[write]))

        await until_no_conflict(attempt)

    async def _dead(self, name: str, id: str) -> tuple[Message, int]:
        check_queue(name)
        message, version = await self._message(name, id)
        if message is None or message.died_at is None:
            raise NotFound(f"there is no dead message {id!r} in the queue {name!r}")
        return message, version
