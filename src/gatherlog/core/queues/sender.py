"""Sending: messages are put into a queue once per id, and are durable when `send` returns."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import Conflict, Flaw, Invalid, LimitExceeded
from gatherlog.core.eventstore.exact_json import DEPTH, decode, is_deep
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.queues.checks import (
    LONGEST_TIMEOUT,
    MICROS,
    MOST_BYTES,
    check_queue,
    check_range,
)
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    QUEUES,
    Message,
    Queue,
    message_id,
    sort_key,
)
from gatherlog.core.queues.events import MessagesSent
from gatherlog.core.queues.lines import Lines
from gatherlog.core.queues.queue_store import QueueStore, TypedDocument

__all__ = ["Outgoing", "Sender"]

REMEMBERED: Final = 86_400_000_000
"""Microseconds for which the id of a message that is done is remembered: a day."""
_LONGEST_ID: Final = 64


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent."""

    id: str
    """Printable ASCII, 64 characters at most. A message with the same id is not sent twice."""
    stream: str
    subject: str
    version: int
    """With the stream, the event that the message was made of."""
    content: bytes
    """JSON, up to MOST_BYTES."""
    delay: float = 0.0
    """Seconds until it can be received, 43,200 at most; those behind it in its line wait, too."""


class Sender:
    """Puts messages at the ends of their lines."""

    def __init__(self, store: QueueStore, lines: Lines, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._clock = clock

    async def send(self, queue: str, messages: Sequence[Outgoing]) -> None:
        """See `Queues.send`."""
        check_queue(queue)
        for message in messages:
            _check(message)
        limits = self._store.limits
        others = actions_of(limits, events=1, streams=1, views=[QUEUES])
        each = actions_of(
            limits, views=[MESSAGES, MESSAGES, LINES]
        )  # itself, the one before, the line
        most = max(1, (limits.commit_actions - others) // each)
        for start in range(0, len(messages), most):
            await self._send_part(queue, messages[start : start + most], start)
        await self._delete_done(queue, 2 * len(messages))

    async def _send_part(self, queue: str, messages: Sequence[Outgoing], number: int) -> None:
        """Send in one commit, or in two halves if the messages have too many bytes for one.

        `number` messages of the same `send` come before these.
        """
        try:
            await until_no_conflict(lambda: self._try_to_send(queue, messages, number))
        except LimitExceeded:
            if len(messages) == 1:
                raise
            half = len(messages) // 2
            await self._send_part(queue, messages[:half], number)
            await self._send_part(queue, messages[half:], number + half)

    async def _try_to_send(self, queue: str, messages: Sequence[Outgoing], number: int) -> None:
        new = await self._unknown(queue, messages)
        if not new:
            return
        now = self._clock()
        # Times differ, so that lines are received from in the order in which they were made.
        batch = [_new_message(queue, one, now + at) for at, one in enumerate(new, number)]
        settings = await self._store.get_one(QUEUES, queue)
        if settings is None:
            made = Queue(name=queue, created_at=now)
            write = self._store.write(QUEUES, queue, 0, made)
        else:  # the queue must not be removed meanwhile
            write = self._store.demand(QUEUES, queue, settings.version)
        event = self._store.event(queue, MessagesSent(messages=len(new)))
        await self._lines.add(queue, batch, event, [write])

    async def _unknown(self, queue: str, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """The messages whose ids the queue does not know, the first one of each id."""
        by_id = {message.id: message for message in reversed(messages)}
        ids = list(dict.fromkeys(message.id for message in messages))
        found = await self._store.get(MESSAGES, [message_id(queue, id) for id in ids])
        return [by_id[id] for id, known in zip(ids, found, strict=True) if known is None]

    async def _delete_done(self, queue: str, most: int) -> None:
        """Delete up to `most` messages that were done a day ago or earlier."""
        limits, until = self._store.limits, max(0, self._clock() - REMEMBERED)
        size = max(1, limits.commit_actions // actions_of(limits, views=[MESSAGES]))
        ids = await self._done(queue, until, most)
        for start in range(0, len(ids), size):
            writes = [
                self._store.write(MESSAGES, message.id, message.version, DELETE)
                for message in await self._store.get(MESSAGES, ids[start : start + size])
                if message is not None and message.body.done_at is not None
                if message.body.done_at < until
            ]
            if writes:
                try:
                    await self._store.commit(writes)
                except Conflict:
                    return  # another process deletes the same

    async def _done(self, queue: str, until: int, limit: int) -> list[str]:
        """Ids of up to `limit` messages that were done before a time.

        Where queries lag, some may have been deleted or sent again since.
        """
        ids: list[str] = []
        query = MESSAGES.query("by_done", queue, until=(sort_key(until),), limit=max(1, limit))
        async for document in self._store.documents(query):
            if len(ids) >= limit:
                break
            ids.append(document.id)
        return ids


def _new_message(queue: str, message: Outgoing, sent_at: int) -> TypedDocument[Message]:
    delay = round(message.delay * MICROS)
    body = Message(
        queue=queue,
        id=message.id,
        stream=message.stream,
        subject=message.subject,
        version=message.version,
        sent_at=sent_at,
        available_at=sent_at + delay if delay else None,
        content=msgspec.Raw(message.content),
    )
    return TypedDocument(message_id(queue, message.id), 0, body)


def _check(message: Outgoing) -> None:
    if not (message.id.isascii() and message.id.isprintable() and message.id):
        raise Invalid(Flaw("/id", "an id is printable ASCII, and not empty"))
    if len(message.id) > _LONGEST_ID:
        raise Invalid(Flaw("/id", f"at most {_LONGEST_ID} characters"))
    check_range("/delay", message.delay, 0, LONGEST_TIMEOUT)
    if len(message.content) > MOST_BYTES:
        raise LimitExceeded("a message", "bytes", MOST_BYTES, len(message.content))
    try:
        is_too_deep = is_deep(decode(message.content))
    except ValueError as error:
        raise Invalid(Flaw("/content", f"is not JSON: {error}")) from None
    if is_too_deep:
        raise Invalid(Flaw("/content", f"is nested beyond {DEPTH} levels"))
