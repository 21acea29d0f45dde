"""Putting messages into queues: each once, at the end of its line, durable before it is said."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import Conflict, Flaw, Invalid, LimitExceeded
from gatherlog.core.eventstore.exact_json import DEPTH, decode, is_deep
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import DELETE, Commit, Write
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    MOST_BYTES,
    QUEUES,
    Line,
    Message,
    Queue,
    check_queue,
    line_id,
    message_id,
    put,
    stream_of,
)
from gatherlog.core.queues.events import MessagesSent
from gatherlog.core.queues.queue_store import Keeping, torn

__all__ = ["Outgoing", "Sending"]

REMEMBERED: Final = 86_400_000_000
"""Microseconds for which a message that is done with does not come again: a day."""
_ACTIONS: Final = 3
"""Documents that a message may change: itself, the one before it, their line."""
_OTHER_ACTIONS: Final = 4
"""Of a commit: the event, its stream, the queue's settings, one to spare."""
_LONGEST_ID: Final = 64


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What is put into a queue."""

    id: str
    """Of the delivery: one that was put in before is not put in again."""
    stream: str
    subject: str
    version: int
    content: bytes
    """JSON, up to MOST_BYTES."""


class Sending(Keeping):
    """The way in."""

    async def send(self, queue: str, messages: Sequence[Outgoing]) -> None:
        """Put all messages into the queue, in order, unless they are there; make it if need be.

        A message counts once per id: while it is in the queue or dead, and for a day after it was
        acknowledged or discarded. All are durable when this returns; if it raises, some may be.
        Raises Invalid, LimitExceeded for content beyond MOST_BYTES, Busy.
        """
        check_queue(queue)
        for message in messages:
            _check(message)
        most = max(1, (self._store.limits.commit_actions - _OTHER_ACTIONS) // _ACTIONS)
        for start in range(0, len(messages), most):
            await self._send(queue, messages[start : start + most])
        await self._forget_done(queue, 2 * len(messages))

    async def _send(self, queue: str, messages: Sequence[Outgoing]) -> None:
        try:
            await until_no_conflict(lambda: self._try_to_send(queue, messages))
        except LimitExceeded:
            if len(messages) == 1:
                raise
            half = len(messages) // 2
            await self._send(queue, messages[:half])
            await self._send(queue, messages[half:])

    async def _try_to_send(self, queue: str, messages: Sequence[Outgoing]) -> None:
        ids = list(dict.fromkeys(message.id for message in messages))
        known = await self._get(MESSAGES, [message_id(queue, id) for id in ids])
        by_id = {message.id: message for message in reversed(messages)}
        new = [by_id[id] for id, (body, _) in zip(ids, known, strict=True) if body is None]
        if not new:
            return
        now = self._clock()
        batch = [
            Message(
                queue=queue,
                id=message.id,
                stream=message.stream,
                subject=message.subject,
                version=message.version,
                sent_at=now + number,  # so that lines are taken in the order in which they came
                content=msgspec.Raw(message.content),
            )
            for number, message in enumerate(new)
        ]
        writes, ready = await self._link(queue, batch, [0] * len(batch))
        settings, version = await self._queue(queue)
        if settings is None:
            made = Queue(name=queue, created_at=now)
            writes.append(put(QUEUES, queue, queue, version, made))
        append = self._append(queue, MessagesSent(messages=len(new)))
        await self._commit_sent(queue, Commit(appends=[append], writes=writes), ready)

    async def _commit_sent(self, queue: str, commit: Commit, ready: int) -> None:
        committed = await self._store.commit(commit)
        self._waiting.appended(queue, committed.streams[stream_of(queue)])
        self._waiting.stir(queue, ready)

    async def _link(
        self, queue: str, batch: Sequence[Message], versions: Sequence[int]
    ) -> tuple[list[Write], int]:
        """The writes that put messages, now at `versions`, at the end of their lines, in order.

        Also how many lines have something to take that were empty before.
        """
        by_line: dict[str, list[tuple[Message, int]]] = {}
        for message, version in zip(batch, versions, strict=True):
            id = line_id(queue, message.stream, message.subject)
            by_line.setdefault(id, []).append((message, version))
        lines = dict(zip(by_line, await self._get(LINES, list(by_line)), strict=True))
        lasts = await self._lasts(queue, [line for line, _ in lines.values() if line is not None])
        writes: list[Write] = []
        for id, added in by_line.items():
            line, version = lines[id]
            if line is not None and line.last in {message.id for message, _ in added}:
                raise torn(queue, line.last)  # somebody has put it in just now
            chain = added if line is None else [lasts[line.last], *added]
            for number, (message, at) in enumerate(chain):
                behind = chain[number + 1][0].id if number + 1 < len(chain) else ""
                linked = msgspec.structs.replace(message, next=behind)
                writes.append(put(MESSAGES, message_id(queue, message.id), queue, at, linked))
            longer = _longer(line, [message for message, _ in added])
            writes.append(put(LINES, id, queue, version, longer))
        return writes, sum(line is None for line, _ in lines.values())

    async def _lasts(self, queue: str, lines: Sequence[Line]) -> dict[str, tuple[Message, int]]:
        """The last messages of lines, with their versions; read after the lines themselves."""
        found = await self._get(MESSAGES, [message_id(queue, line.last) for line in lines])
        lasts: dict[str, tuple[Message, int]] = {}
        for line, (last, version) in zip(lines, found, strict=True):
            if last is None or last.done_at is not None:
                raise torn(queue, line.last)
            lasts[line.last] = last, version
        return lasts

    async def _forget_done(self, queue: str, most: int) -> None:
        """Forget up to `most` messages that were done with long ago."""
        limit = min(most, self._store.limits.commit_actions, self._store.limits.page)
        if limit < 1:
            return
        until = f"{max(0, self._clock() - REMEMBERED):020}"
        page = await self._store.query(
            MESSAGES.query("by_done", queue, until=(until,), limit=limit)
        )
        writes = [
            put(MESSAGES, one.id, queue, one.version, DELETE)
            for one in page.documents
            if (message := MESSAGES.read(one)) is not None and message.done_at is not None
        ]
        if writes:
            try:
                await self._store.commit(Commit(writes=writes))
            except Conflict:
                return  # another process forgets the same


def _longer(line: Line | None, added: Sequence[Message]) -> Line:
    first, last = added[0], added[-1]
    if line is not None:
        return msgspec.structs.replace(line, last=last.id, length=line.length + len(added))
    return Line(
        queue=first.queue,
        stream=first.stream,
        subject=first.subject,
        first=first.id,
        last=last.id,
        length=len(added),
        since=first.sent_at,
    )


def _check(message: Outgoing) -> None:
    if not (message.id.isascii() and message.id.isprintable() and message.id):
        raise Invalid(Flaw("/id", "an id is printable ASCII, and not empty"))
    if len(message.id) > _LONGEST_ID:
        raise Invalid(Flaw("/id", f"at most {_LONGEST_ID} characters"))
    if len(message.content) > MOST_BYTES:
        raise LimitExceeded("a message's bytes", MOST_BYTES, len(message.content))
    try:
        is_too_deep = is_deep(decode(message.content))
    except ValueError as error:
        raise Invalid(Flaw("/content", f"is no JSON: {error}")) from None
    if is_too_deep:
        raise Invalid(Flaw("/content", f"is nested beyond {DEPTH} levels"))
