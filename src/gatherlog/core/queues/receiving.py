"""Taking messages out of queues: given to one consumer for a while, and then again.

Whoever takes the first message of a line writes their receipt into the line, at the version they
read: of all who try at once, one succeeds.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import Conflict, Flaw, Invalid
from gatherlog.core.eventstore.store import Commit
from gatherlog.core.queues.documents import (
    LINES,
    LONGEST,
    MESSAGES,
    MOST_ATTEMPTS,
    MOST_BYTES,
    Line,
    Message,
    after_first,
    check_queue,
    message_id,
    put,
    receipt_of,
)
from gatherlog.core.queues.events import MessageDied
from gatherlog.core.queues.queue_store import Keeping

__all__ = [
    "MICROS",
    "MOST_AT_ONCE",
    "NOT_ACKNOWLEDGED",
    "Received",
    "Taking",
    "check_range",
    "is_open",
]

MOST_AT_ONCE: Final = 100
LONGEST_WAIT: Final = 20.0
NOT_ACKNOWLEDGED: Final = "not acknowledged"
_ENOUGH_BYTES: Final = 1024 * 1024
"""Of content that one call gives."""
_LOOK_AGAIN: Final = 1.0
"""Seconds after which whoever waits looks again: nobody tells of what others gave back."""
MICROS: Final = 1_000_000


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is out with a consumer."""

    id: str
    """The same whenever the message is given: consumers drop what they have done."""
    receipt: str
    attempt: int
    """1, 2, 3: how often it was given, with this time."""
    stream: str
    subject: str
    version: int
    content: bytes
    """JSON."""
    sent_at: int
    """Microseconds since the epoch, as `visible_at`."""
    visible_at: int
    """When somebody else may get it."""


class Taking(Keeping):
    """The way out."""

    async def receive(
        self, queue: str, *, most: int = 10, visible_after: float = 30.0, wait: float = 0.0
    ) -> list[Received]:
        """Take up to `most` messages, of each line the first; nobody else gets them for a while.

        That is `visible_after` seconds. Where there is nothing, up to `wait` seconds are waited
        for something to come. A message counts as given once its receipt is durable: one whose
        consumer dies comes again. Content beyond 1 MiB is left for the next call. A queue in
        which nothing was put yet is empty. Raises Invalid.
        """
        check_queue(queue)
        check_range("/most", most, 1, MOST_AT_ONCE)
        check_range("/visible_after", visible_after, 1, LONGEST)
        check_range("/wait", wait, 0, LONGEST_WAIT)
        found = await self._take(queue, most, visible_after)
        if found or not wait:
            return found
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        async with self._waiting.at(queue) as woken:
            while True:
                woken.clear()
                found = await self._take(queue, most, visible_after)
                remaining = deadline - now()
                if found or remaining <= 0:
                    return found
                await _wait(woken, min(remaining, await self._next_due(queue)))

    async def _take(self, queue: str, most: int, seconds: float) -> list[Received]:
        """What can be taken now; lines that somebody else is about to take are passed by."""
        taken: list[Received] = []
        tried: set[str] = set()
        room = _ENOUGH_BYTES
        while len(taken) < most and room >= MOST_BYTES:
            passed = tried | self._claiming
            open_lines = await self._open_lines(queue, most + len(passed))
            ids = [id for id in open_lines if id not in passed][: most - len(taken)]
            if not ids:
                break
            self._claiming.update(ids)
            try:
                found, buried = await self._claim(queue, ids, seconds, room)
            finally:
                self._claiming.difference_update(ids)
            tried.update(ids)
            tried -= buried  # what comes after the dead one may be taken at once
            taken += found
            room -= sum(len(one.content) for one in found)
        return taken

    async def _open_lines(self, queue: str, limit: int) -> list[str]:
        """Ids of lines whose first message may be taken: first those whose time is over.

        A time that no consumer can have asked for was written before the clock was set back.
        """
        now, limit = self._clock(), min(limit, self._store.limits.page)
        over = LINES.query("by_until", queue, until=(_key(now + 1),), limit=limit)
        ready = LINES.query("by_ready", queue, limit=limit)
        beyond = LINES.query("by_until", queue, since=(_key(_latest(now) + 1),), limit=limit)
        ids: list[str] = []
        for query in (over, ready, beyond):
            if len(ids) < limit:
                ids += [document.id for document in (await self._store.query(query)).documents]
        return ids

    async def _claim(
        self, queue: str, ids: Sequence[str], seconds: float, room: int
    ) -> tuple[list[Received], set[str]]:
        """Try to take the first message of each of these lines; and which lines lost a dead one.

        Once there is no room for any message, the others are left where they are.
        """
        lines = await self._get(LINES, ids)
        firsts = await self._get(
            MESSAGES, [message_id(queue, "" if line is None else line.first) for line, _ in lines]
        )
        most_attempts = await self._most_attempts(queue)
        now, buried = self._clock(), set[str]()
        claims: list[Awaitable[Received | None]] = []
        for id, (line, version), (message, at) in zip(ids, lines, firsts, strict=True):
            if line is None or message is None or not is_open(line, now):
                continue
            if line.attempts >= most_attempts:
                if await self._bury(queue, id, line, version, message, at):
                    buried.add(id)
                continue
            if room >= MOST_BYTES:
                room -= len(bytes(message.content))
                claims.append(self._claim_one(id, line, version, message, now, seconds))
        received = await asyncio.gather(*claims)
        return [one for one in received if one is not None], buried

    async def _claim_one(
        self, id: str, line: Line, version: int, message: Message, now: int, seconds: float
    ) -> Received | None:
        receipt = receipt_of(id, self._ids(), message.id)
        until = now + round(seconds * MICROS)
        taken = msgspec.structs.replace(
            line, receipt=receipt, until=until, attempts=line.attempts + 1
        )
        try:
            await self._store.commit(Commit(writes=[put(LINES, id, line.queue, version, taken)]))
        except Conflict:
            return None  # somebody was faster
        return Received(
            id=message.id,
            receipt=receipt,
            attempt=taken.attempts,
            stream=message.stream,
            subject=message.subject,
            version=message.version,
            content=bytes(message.content),
            sent_at=message.sent_at,
            visible_at=until,
        )

    async def _bury(
        self, queue: str, id: str, line: Line, version: int, message: Message, at: int
    ) -> bool:
        """Take a message that was given too often out of its line; whether nobody came between."""
        try:
            await self._store.commit(await self._burial(queue, id, line, version, message, at))
        except Conflict:
            return False
        return True

    async def _burial(
        self, queue: str, id: str, line: Line, version: int, message: Message, at: int
    ) -> Commit:
        attempts = line.attempts
        died = MessageDied(reason=NOT_ACKNOWLEDGED, attempts=attempts)
        dead = msgspec.structs.replace(
            message, next="", died_at=self._clock(), attempts=attempts, reason=NOT_ACKNOWLEDGED
        )
        shorter = after_first(line, await self._following(queue, message))
        return Commit(
            appends=[self._append(queue, died, message.id)],
            writes=[
                put(LINES, id, queue, version, shorter),
                put(MESSAGES, message_id(queue, message.id), queue, at, dead),
            ],
        )

    async def _most_attempts(self, queue: str) -> int:
        settings, _ = await self._queue(queue)
        return MOST_ATTEMPTS if settings is None else settings.most_attempts

    async def _next_due(self, queue: str) -> float:
        """Seconds after which something may be there to take, whoever is silent until then."""
        now = self._clock()
        page = await self._store.query(
            LINES.query("by_until", queue, since=(_key(now + 1),), limit=1)
        )
        untils = [line.until for one in page.documents if (line := LINES.read(one)) is not None]
        return min([_LOOK_AGAIN, *((until - now) / MICROS for until in untils if until)])


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return


def is_open(line: Line, now: int) -> bool:
    """Whether its first message may be taken."""
    return line.until is None or not now < line.until <= _latest(now)


def _latest(now: int) -> int:
    """Until when a message may be out, or put off, at most."""
    return now + round(LONGEST * MICROS)


def _key(micros: int) -> str:
    return f"{max(0, micros):020}"


def check_range(pointer: str, value: float, least: float, most: float) -> None:
    """Raise Invalid unless the value is within these bounds."""
    if not least <= value <= most:
        raise Invalid(Flaw(pointer, f"from {least:g} to {most:,.0f}"))
