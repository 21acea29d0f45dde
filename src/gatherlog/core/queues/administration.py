"""Administration: status and settings of queues, and what operators do with dead messages."""

from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from msgspec.structs import replace

from gatherlog.core.commands.service import no_such
from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.queues.available_lines import AvailableLines, is_available
from gatherlog.core.queues.checks import (
    LONGEST_REASON,
    MICROS,
    MOST_AT_ONCE,
    MOST_ATTEMPTS,
    check_queue,
    check_range,
)
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    QUEUES,
    Line,
    Message,
    Queue,
    message_id,
    without_content,
)
from gatherlog.core.queues.events import MessageDiscarded, MessageRedriven, QueueChanged
from gatherlog.core.queues.lines import Lines
from gatherlog.core.queues.purging import Purger
from gatherlog.core.queues.queue_store import QueueStore, TypedDocument

__all__ = ["DeadMessagePage", "QueueAdmin", "QueueStatus"]


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages of a queue are in which state, as of a moment ago."""

    name: str
    most_attempts: int
    ready: int
    """Messages that can be received now."""
    in_flight: int
    """Messages that a consumer has."""
    waiting: int
    """Messages that were released with a delay, or are not the first of their line."""
    dead: int
    oldest: float | None
    """Seconds since the oldest message that is not dead was sent; None if there is none."""


class DeadMessagePage(msgspec.Struct, frozen=True):
    """A page of dead messages; `cursor` is None on the last page."""

    messages: list[Message]
    cursor: str | None


class QueueAdmin:
    """Administration of queues, used as `Queues.admin`.

    `by` says who decides, as in `key:0198…`; the event keeps it.
    """

    def __init__(
        self, store: QueueStore, lines: Lines, available: AvailableLines, *, clock: Clock
    ) -> None:
        self._purger = Purger(store, lines, clock=clock)
        self._store = store
        self._lines = lines
        self._available = available
        self._clock = clock

    async def queues(self) -> list[Queue]:
        """All queues, by name."""
        query = QUEUES.query("by_all", "all", limit=1000)
        return [queue async for queue in self._store.bodies(QUEUES, query)]

    async def queue(self, name: str) -> Queue:
        """A queue's settings. Raises NotFound if it was never sent to nor changed."""
        check_queue(name)
        settings = await self._store.get_one(QUEUES, name)
        if settings is None:
            raise no_such("queue", name)
        return settings.body

    async def change_queue(self, name: str, *, most_attempts: int, by: str) -> Queue:
        """Set how often a message is received before it dies (1 to 1000).

        This also holds for messages that are in the queue already. A queue that does not exist is
        made. Raises Invalid and Busy.
        """
        check_queue(name)
        check_range("/most_attempts", most_attempts, 1, MOST_ATTEMPTS)

        async def attempt() -> Queue:
            found = await self._store.get_one(QUEUES, name)
            before = Queue(name=name, created_at=self._clock()) if found is None else found.body
            changed = replace(before, most_attempts=most_attempts)
            if found is None or changed != before:
                version = 0 if found is None else found.version
                write = self._store.write(QUEUES, name, version, changed)
                event = self._store.event(name, QueueChanged(most_attempts=most_attempts, by=by))
                await self._store.commit([write], [event])
            return changed

        return await until_no_conflict(attempt)

    async def status(self, name: str) -> QueueStatus:
        """Count the messages of a queue. Raises NotFound.

        This reads every line and every dead message: do not ask every second.
        """
        settings = await self.queue(name)
        now = self._clock()
        ready = in_flight = length = 0
        oldest: int | None = None
        async for line in self._all_lines(name):
            length += line.length
            oldest = line.first_sent_at if oldest is None else min(oldest, line.first_sent_at)
            if is_available(line, now):
                ready += 1
            elif line.receipt:
                in_flight += 1
        return QueueStatus(
            name=name,
            most_attempts=settings.most_attempts,
            ready=ready,
            in_flight=in_flight,
            waiting=length - ready - in_flight,
            dead=await self._store.count(MESSAGES.query("by_dead", name, limit=1000)),
            oldest=None if oldest is None else max(0, now - oldest) / MICROS,
        )

    async def statuses(self) -> list[QueueStatus]:
        """The status of every queue, by name; without those that are removed meanwhile."""
        found = []
        for queue in await self.queues():
            with suppress(NotFound):
                found.append(await self.status(queue.name))
        return found

    async def peek(self, name: str, *, limit: int = 10) -> list[Message]:
        """Up to `limit` messages (1 to 100) that `receive` would return now. It changes nothing."""
        check_queue(name)
        check_range("/limit", limit, 1, MOST_AT_ONCE)
        lines = await self._store.get(LINES, (await self._available.ids(name, limit))[:limit])
        firsts = [message_id(name, line.body.first) for line in lines if line is not None]
        found = await self._store.get(MESSAGES, firsts)
        return [one.body for one in found if one is not None and not one.body.done_at]

    async def dead_messages(
        self, name: str, *, limit: int = 100, cursor: str | None = None
    ) -> DeadMessagePage:
        """Dead messages, those that died first before the others."""
        check_queue(name)
        size = min(limit, self._store.limits.page)
        page = await self._store.query(MESSAGES.query("by_dead", name, limit=size, cursor=cursor))
        found = [MESSAGES.read(document) for document in page.documents]
        dead = [message for message in found if message and message.died_at is not None]
        return DeadMessagePage(dead, page.cursor)

    async def redrive(self, name: str, id: str, *, by: str) -> None:
        """Put a dead message at the end of its line, with no attempts counted.

        Raises NotFound if there is no such message, or if it is not dead, and Busy.
        """

        async def attempt() -> None:
            dead = await self._dead_message(name, id)
            alive = replace(dead.body, died_at=None, attempts=0, reason="")
            event = self._store.event(name, MessageRedriven(by=by), id)
            await self._lines.add(name, [replace(dead, body=alive)], event)

        await until_no_conflict(attempt)

    async def discard(self, name: str, id: str, reason: str, *, by: str) -> None:
        """Give a dead message up for good. `reason` has 1 to 500 characters.

        Raises Invalid, NotFound if there is no such message, or if it is not dead, and Busy.
        """
        reason = " ".join(reason.split())
        if not reason or len(reason) > LONGEST_REASON:
            raise Invalid(Flaw("/reason", f"say why, in up to {LONGEST_REASON} characters"))

        async def attempt() -> None:
            dead = await self._dead_message(name, id)
            done = without_content(dead.body, done_at=self._clock())
            write = self._store.write(MESSAGES, dead.id, dead.version, done)
            event = self._store.event(name, MessageDiscarded(by=by, reason=reason), id)
            await self._store.commit([write], [event])

        await until_no_conflict(attempt)

    async def purge(self, name: str, *, by: str) -> int:
        """Give up all messages of a queue: those that wait, those with consumers, and dead ones.

        Receipts of these messages count no more. Like messages that are done, they are not put in
        again for a day. Returns how many there were. Messages that are sent meanwhile may stay; a
        purge that is interrupted has given up some, and may be repeated. Raises NotFound and Busy.
        """
        return await self._purger.purge(name, by=by)

    async def remove(self, name: str, *, by: str) -> None:
        """Remove a queue with all its messages and its settings. The next message makes it anew.

        It is not known any more which messages the queue had: the same ids may be sent again.
        Repeats the purge while others send; remove the rules that do first. Raises NotFound and
        Busy.
        """
        await self._purger.remove(name, by=by)

    async def _all_lines(self, name: str) -> AsyncIterator[Line]:
        for index in ("by_ready", "by_until"):
            async for line in self._store.bodies(LINES, LINES.query(index, name, limit=1000)):
                yield line

    async def _dead_message(self, name: str, id: str) -> TypedDocument[Message]:
        check_queue(name)
        message = await self._store.get_one(MESSAGES, message_id(name, id))
        if message is None or message.body.died_at is None:
            raise NotFound(f"there is no dead message {id!r} in the queue {name!r}")
        return message
