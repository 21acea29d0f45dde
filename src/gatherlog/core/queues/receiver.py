"""Receiving: one consumer has a message for a while; if it is not done by then, others receive it.

A consumer claims the first message of a line by writing a new receipt into the line, and expects
the version of the line that was read. So of several that claim at once, one succeeds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict, GatherlogError
from gatherlog.core.queues.available_lines import AvailableLines, is_available
from gatherlog.core.queues.checks import (
    LONGEST_TIMEOUT,
    LONGEST_WAIT,
    MICROS,
    MOST_AT_ONCE,
    MOST_BYTES,
    check_queue,
    check_range,
)
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    Line,
    Message,
    message_id,
    new_receipt,
)
from gatherlog.core.queues.lines import Lines
from gatherlog.core.queues.queue_store import QueueStore, TypedDocument
from gatherlog.core.queues.waiting_consumers import WaitingConsumers

__all__ = ["Received", "Receiver"]

_CALL_BYTES: Final = 1024 * 1024
"""Of content that one call returns at most."""
_LOOK_AGAIN: Final = 1.0
"""Seconds after which a waiting consumer looks again, woken or not: no event shows what another
process has acknowledged or released."""
_LAG_PAUSE: Final = 0.02
"""Seconds after which a consumer that was woken looks again where queries lag; each time it finds
nothing, it waits twice as long for the next look."""


GiveBack = Callable[[str, Sequence[str]], Awaitable[None]]
"""As `Queues.give_back`."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a consumer has received."""

    id: str
    """The same at every attempt: a consumer can tell what it has done already."""
    receipt: str
    """What to acknowledge, release or extend it with; each attempt has its own."""
    attempt: int
    """How often the message was received, this time included."""
    stream: str
    subject: str
    version: int
    content: bytes
    """JSON."""
    sent_at: int
    """Microseconds since the epoch."""
    visible_at: int
    """When others may receive the message, in microseconds since the epoch."""


class Receiver:
    """Gives available messages to consumers."""

    def __init__(
        self,
        store: QueueStore,
        lines: Lines,
        available: AvailableLines,
        consumers: WaitingConsumers,
        give_back: GiveBack,
        *,
        clock: Clock,
        tokens: Ids,
    ) -> None:
        self._store = store
        self._lines = lines
        self._available = available
        self._consumers = consumers
        self._give_back = give_back
        self._clock = clock
        self._tokens = tokens
        self._being_claimed: set[str] = set()
        """Ids of lines that a call in this process is claiming: other calls leave them out."""
        self._giving_back: set[asyncio.Task[None]] = set()

    async def receive(
        self, queue: str, most: int, visible_after: float, wait: float
    ) -> list[Received]:
        """See `Queues.receive`."""
        check_queue(queue)
        check_range("/most", most, 1, MOST_AT_ONCE)
        check_range("/visible_after", visible_after, 1, LONGEST_TIMEOUT)
        check_range("/wait", wait, 0, LONGEST_WAIT)
        received = await self._receive_now(queue, most, visible_after)
        if received or not wait:
            return received
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        async with self._consumers.waiting(queue) as woken:
            pause = self._first_pause()
            while True:
                woken.clear()
                received = await self._receive_now(queue, most, visible_after)
                remaining = deadline - now()
                if received or remaining <= 0 or self._consumers.has_stopped:
                    return received
                next_available = await self._available.seconds_until_next(queue)
                await _wait(woken, min(remaining, next_available, pause))
                pause = self._first_pause() if woken.is_set() else min(2 * pause, _LOOK_AGAIN)

    def _first_pause(self) -> float:
        """Until the second look for messages that have just become available."""
        return _LAG_PAUSE if self._store.limits.queries_lag else _LOOK_AGAIN

    async def _receive_now(self, queue: str, most: int, timeout: float) -> list[Received]:
        """What is available now. If the caller is cancelled meanwhile, it is given back.

        A commit cannot be cancelled, so the claims go on until it is known what was received.
        """
        receiving = asyncio.create_task(self._claim_available(queue, most, timeout))
        try:
            return await asyncio.shield(receiving)
        except asyncio.CancelledError:
            giving_back = asyncio.create_task(self._give_back_claimed(queue, receiving))
            self._giving_back.add(giving_back)
            giving_back.add_done_callback(self._giving_back.discard)
            await asyncio.shield(giving_back)
            raise

    async def _give_back_claimed(self, queue: str, receiving: asyncio.Task[list[Received]]) -> None:
        try:
            if received := await receiving:
                await self._give_back(queue, [one.receipt for one in received])
        except GatherlogError:
            return  # nobody is there to be told; they become available when their timeouts end

    async def _claim_available(self, queue: str, most: int, timeout: float) -> list[Received]:
        received: list[Received] = []
        tried: set[str] = set()
        bytes_left = _CALL_BYTES
        while len(received) < most and bytes_left >= MOST_BYTES:
            skipped = tried | self._being_claimed
            found = await self._available.ids(queue, most + len(skipped))
            ids = [id for id in found if id not in skipped][: most - len(received)]
            if not ids:
                break
            self._being_claimed.update(ids)
            try:
                claimed, shortened = await self._claim(queue, ids, timeout, bytes_left)
            finally:
                self._being_claimed.difference_update(ids)
            tried.update(ids)
            tried -= shortened  # the message behind the dead one is available at once
            received += claimed
            bytes_left -= sum(len(one.content) for one in claimed)
        return received

    async def _claim(
        self, queue: str, ids: Sequence[str], timeout: float, bytes_left: int
    ) -> tuple[list[Received], set[str]]:
        """Claim the first messages of these lines as long as a message of any size fits.

        First messages that were received too often die instead: the second result holds the ids of
        their lines.
        """
        found = await self._store.get(LINES, ids)
        lines = [line for line in found if line is not None]
        first_ids = [message_id(queue, line.body.first) for line in lines]
        firsts = await self._store.get(MESSAGES, first_ids)
        most_attempts = await self._store.most_attempts(queue)
        now, shortened = self._clock(), set[str]()
        claims = []
        for line, first in zip(lines, firsts, strict=True):
            if first is None or not is_available(line.body, now):
                continue
            if line.body.attempts >= most_attempts:
                if await self._give_up(line, first):
                    shortened.add(line.id)
            elif bytes_left >= MOST_BYTES:
                bytes_left -= len(bytes(first.body.content))
                claims.append(self._claim_first(line, first.body, now, timeout))
        claimed = await asyncio.gather(*claims)
        return [one for one in claimed if one is not None], shortened

    async def _claim_first(
        self, line: TypedDocument[Line], first: Message, now: int, timeout: float
    ) -> Received | None:
        """None if the line has changed since it was read."""
        receipt = new_receipt(line.id, self._tokens(), first.id)
        attempt = line.body.attempts + 1
        visible_at = now + round(timeout * MICROS)
        claimed = replace(line.body, receipt=receipt, attempts=attempt, visible_at=visible_at)
        try:
            await self._store.commit([self._store.write(LINES, line.id, line.version, claimed)])
        except Conflict:
            return None
        return Received(
            id=first.id,
            receipt=receipt,
            attempt=attempt,
            stream=first.stream,
            subject=first.subject,
            version=first.version,
            content=bytes(first.content),
            sent_at=first.sent_at,
            visible_at=visible_at,
        )

    async def _give_up(self, line: TypedDocument[Line], first: TypedDocument[Message]) -> bool:
        """False if the line has changed since it was read."""
        try:
            await self._lines.give_up_first(line, first)
        except Conflict:
            return False
        return True


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
