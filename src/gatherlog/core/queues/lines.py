"""Adding messages to the ends of lines, and removing them from the front."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, Literal

from msgspec.structs import replace

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.store import DELETE, Append, Body, Write
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    Line,
    Message,
    line_id,
    message_id,
    stream_of,
    without_content,
)
from gatherlog.core.queues.events import MessageDied
from gatherlog.core.queues.queue_store import QueueStore, TypedDocument, in_line, line_changed
from gatherlog.core.queues.waiting_consumers import WaitingConsumers

__all__ = ["GIVEN_UP", "Lines"]

NOT_ACKNOWLEDGED: Final = "not acknowledged"
"""Why a message dies that was received as often as its queue allows."""
GIVEN_UP: Final = "given up by its consumer"


class Lines:
    """Every commit that changes which messages are in a line.

    All methods raise Conflict if a line has changed since it was read. Callers then read it again
    and repeat the attempt.
    """

    def __init__(self, store: QueueStore, consumers: WaitingConsumers, *, clock: Clock) -> None:
        self._store = store
        self._consumers = consumers
        self._clock = clock

    async def add(
        self,
        queue: str,
        messages: Sequence[TypedDocument[Message]],
        event: Append,
        writes: Sequence[Write] = (),
    ) -> None:
        """Put messages at the ends of their lines, in order, and commit `event` and `writes` too.

        A message whose version is 0 is new. Wakes one waiting consumer per line that was empty.
        """
        added = _by_line(queue, messages)
        lines = await self._store.get(LINES, list(added))
        lasts = await self._last_messages(queue, lines)
        changes = [*writes]
        for (id, new), line, last in zip(added.items(), lines, lasts, strict=True):
            if last is not None and last.id in {message.id for message in new}:
                raise line_changed(queue, last.body.id)  # another process has just sent it
            changes += self._linked(new if last is None else [last, *new])
            changes.append(self._longer(id, line, new))
        committed = await self._store.commit(changes, [event])
        self._consumers.skip_event(queue, committed.streams[stream_of(queue)])
        self._consumers.wake(queue, lines.count(None))

    async def acknowledge_first(
        self, line: TypedDocument[Line], first: TypedDocument[Message]
    ) -> None:
        """Remove the first message, which its receipt acknowledges.

        Wakes one waiting consumer if there is a message behind it.
        """
        done = without_content(first.body, done_at=self._clock(), receipt=line.body.receipt)
        if await self._remove_first(line, first, done):
            self._consumers.wake(line.body.queue)

    async def give_up_first(
        self,
        line: TypedDocument[Line],
        first: TypedDocument[Message],
        *,
        reason: str = NOT_ACKNOWLEDGED,
        detail: str = "",
    ) -> None:
        """Remove the first message, which is dead from now on.

        The log has the `reason`; the message has the `detail` instead, if there is one.
        """
        attempts = line.body.attempts
        dead = replace(
            first.body,
            next="",
            died_at=self._clock(),
            attempts=attempts,
            reason=detail or reason,
        )
        died = MessageDied(reason=reason, attempts=attempts)
        event = self._store.event(line.body.queue, died, first.body.id)
        await self._remove_first(line, first, dead, [event])

    async def discard_first(self, line: TypedDocument[Line], count: int, event: Append) -> None:
        """Remove the first `count` messages, whoever has them, and commit `event` too."""
        queue, id = line.body.queue, line.body.first
        discarded: list[TypedDocument[Message]] = []
        while id and len(discarded) < count:
            found = await self._store.get_one(MESSAGES, message_id(queue, id))
            discarded.append(in_line(found, queue, id))
            id = discarded[-1].body.next
        rest = None
        if id:
            found = await self._store.get_one(MESSAGES, message_id(queue, id))
            rest = in_line(found, queue, id).body
        now = self._clock()
        writes = [
            self._store.write(MESSAGES, one.id, one.version, without_content(one.body, done_at=now))
            for one in discarded
        ]
        shorter = _shorter(line.body, rest, by=len(discarded))
        await self._store.commit(
            [*writes, self._store.write(LINES, line.id, line.version, shorter)], [event]
        )

    async def _remove_first(
        self,
        line: TypedDocument[Line],
        first: TypedDocument[Message],
        body: Message,
        appends: Sequence[Append] = (),
    ) -> bool:
        """Whether there is a message behind the first one, which takes its place."""
        queue, second_id, second = first.body.queue, first.body.next, None
        if second_id:
            found = await self._store.get_one(MESSAGES, message_id(queue, second_id))
            second = in_line(found, queue, second_id).body
        writes = [
            self._store.write(LINES, line.id, line.version, _shorter(line.body, second)),
            self._store.write(MESSAGES, first.id, first.version, body),
        ]
        await self._store.commit(writes, appends)
        return second is not None

    async def _last_messages(
        self, queue: str, lines: Sequence[TypedDocument[Line] | None]
    ) -> list[TypedDocument[Message] | None]:
        """The last message of each line; None for a line that is empty."""
        ids = [line.body.last for line in lines if line is not None]
        found = await self._store.get(MESSAGES, [message_id(queue, id) for id in ids])
        lasts = (in_line(last, queue, id) for last, id in zip(found, ids, strict=True))
        return [None if line is None else next(lasts) for line in lines]

    def _linked(self, messages: Sequence[TypedDocument[Message]]) -> Iterator[Write]:
        """Writes after which each message names the one behind it."""
        for message, behind in zip_longest(messages, messages[1:]):
            next_id = "" if behind is None else behind.body.id
            linked = replace(message.body, next=next_id)
            yield self._store.write(MESSAGES, message.id, message.version, linked)

    def _longer(
        self, id: str, line: TypedDocument[Line] | None, added: Sequence[TypedDocument[Message]]
    ) -> Write:
        messages = [message.body for message in added]
        if line is None:
            return self._store.write(LINES, id, 0, _new_line(messages))
        longer = replace(line.body, last=messages[-1].id, length=line.body.length + len(messages))
        return self._store.write(LINES, id, line.version, longer)


def _by_line(
    queue: str, messages: Sequence[TypedDocument[Message]]
) -> dict[str, list[TypedDocument[Message]]]:
    by_line: dict[str, list[TypedDocument[Message]]] = {}
    for message in messages:
        id = line_id(queue, message.body.stream, message.body.subject)
        by_line.setdefault(id, []).append(message)
    return by_line


def _new_line(messages: Sequence[Message]) -> Line:
    first = messages[0]
    return Line(
        queue=first.queue,
        stream=first.stream,
        subject=first.subject,
        first=first.id,
        last=messages[-1].id,
        length=len(messages),
        first_sent_at=first.sent_at,
        visible_at=first.available_at,
    )


def _shorter(line: Line, second: Message | None, by: int = 1) -> Line | Literal[Body.DELETE]:
    """The line without its first `by` messages: `second` is the first one that is left."""
    if second is None:
        return DELETE
    return replace(
        line,
        first=second.id,
        length=line.length - by,
        first_sent_at=second.sent_at,
        attempts=0,
        receipt="",
        visible_at=second.available_at,
    )
