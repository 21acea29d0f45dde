"""Receipts: with the receipt of a message its consumer acknowledges, releases or extends it.

Only the latest receipt of a message counts: the one that its line holds.
"""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Refused
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.queues.checks import (
    LONGEST_TIMEOUT,
    MICROS,
    MOST_AT_ONCE,
    check_queue,
    check_range,
)
from gatherlog.core.queues.documents import LINES, MESSAGES, Line, message_id, parse_receipt
from gatherlog.core.queues.lines import GIVEN_UP, Lines
from gatherlog.core.queues.queue_store import QueueStore, TypedDocument, in_line
from gatherlog.core.queues.waiting_consumers import WaitingConsumers

__all__ = ["ReceiptStale", "Receipts"]


class ReceiptStale(Refused):
    """The message of a receipt was received by somebody else, was released, or is done or dead."""

    code = "receipt_stale"

    def __init__(self, receipts: Sequence[str], of: int) -> None:
        named = ", ".join(receipts)
        others = "; the others are done" if of > len(receipts) else ""
        super().__init__(
            f"{len(receipts)} of {of} receipts count no more, because the time of their messages "
            f"was over and they went to somebody else, or are done with: {named}{others}"
        )
        self.receipts = tuple(receipts)


class Receipts:
    """What consumers do with messages that they have received."""

    def __init__(
        self, store: QueueStore, lines: Lines, consumers: WaitingConsumers, *, clock: Clock
    ) -> None:
        self._store = store
        self._lines = lines
        self._consumers = consumers
        self._clock = clock

    async def ack(self, queue: str, receipts: Sequence[str]) -> None:
        """See `Queues.ack`."""
        parsed = _parsed(queue, receipts)
        done = await asyncio.gather(
            *(self._ack(queue, receipt, *ids) for receipt, ids in parsed.items())
        )
        stale = [receipt for receipt, is_done in zip(parsed, done, strict=True) if not is_done]
        if stale:
            raise ReceiptStale(stale, len(parsed))

    async def give_back(self, queue: str, receipts: Sequence[str]) -> None:
        """See `Queues.give_back`."""
        parsed = _parsed(queue, receipts)
        given = [self._give_back(line_id, receipt) for receipt, (line_id, _) in parsed.items()]
        self._consumers.wake(queue, sum(await asyncio.gather(*given)))

    async def release(self, queue: str, receipt: str, after: float) -> None:
        """See `Queues.release`."""
        check_queue(queue)
        check_range("/after", after, 0, LONGEST_TIMEOUT)
        line_id, first_id = parse_receipt(queue, receipt)

        async def attempt() -> None:
            line = await self._line(line_id, receipt)
            if line.body.attempts >= await self._store.most_attempts(queue):
                first = await self._store.get_one(MESSAGES, message_id(queue, first_id))
                await self._lines.give_up_first(line, in_line(first, queue, first_id))
            else:
                visible_at = self._seconds_from_now(after) if after else None
                released = replace(line.body, receipt="", visible_at=visible_at)
                await self._write(line, released)

        await until_no_conflict(attempt)
        self._consumers.wake(queue)

    async def give_up(self, queue: str, receipt: str, reason: str) -> None:
        """See `Queues.give_up`."""
        check_queue(queue)
        line_id, first_id = parse_receipt(queue, receipt)

        async def attempt() -> None:
            line = await self._line(line_id, receipt)
            found = await self._store.get_one(MESSAGES, message_id(queue, first_id))
            first = in_line(found, queue, first_id)
            await self._lines.give_up_first(line, first, reason=GIVEN_UP, detail=reason)

        await until_no_conflict(attempt)
        self._consumers.wake(queue)

    async def extend(self, queue: str, receipt: str, visible_after: float) -> None:
        """See `Queues.extend`."""
        check_queue(queue)
        check_range("/visible_after", visible_after, 1, LONGEST_TIMEOUT)
        line_id, _ = parse_receipt(queue, receipt)

        async def attempt() -> None:
            line = await self._line(line_id, receipt)
            visible_at = self._seconds_from_now(visible_after)
            await self._write(line, replace(line.body, visible_at=visible_at))

        await until_no_conflict(attempt)

    async def _ack(self, queue: str, receipt: str, line_id: str, first_id: str) -> bool:
        """Whether the receipt acknowledges its message, now or at an earlier call."""

        async def attempt() -> bool:
            line = await self._store.get_one(LINES, line_id)
            first = await self._store.get_one(MESSAGES, message_id(queue, first_id))
            if first is not None and first.body.done_at is not None:
                return first.body.receipt == receipt
            if line is None or line.body.receipt != receipt:
                return False
            await self._lines.acknowledge_first(line, in_line(first, queue, first_id))
            return True

        return await until_no_conflict(attempt)

    async def _give_back(self, line_id: str, receipt: str) -> bool:
        """Whether the line still holds this receipt, and its first message is available again."""

        async def attempt() -> bool:
            line = await self._store.get_one(LINES, line_id)
            if line is None or line.body.receipt != receipt:
                return False
            attempts = line.body.attempts - 1
            await self._write(
                line, replace(line.body, receipt="", visible_at=None, attempts=attempts)
            )
            return True

        return await until_no_conflict(attempt)

    async def _line(self, id: str, receipt: str) -> TypedDocument[Line]:
        """The line that holds this receipt. Raises ReceiptStale if it holds another, or none."""
        line = await self._store.get_one(LINES, id)
        if line is None or line.body.receipt != receipt:
            raise ReceiptStale([receipt], 1)
        return line

    async def _write(self, line: TypedDocument[Line], changed: Line) -> None:
        await self._store.commit([self._store.write(LINES, line.id, line.version, changed)])

    def _seconds_from_now(self, seconds: float) -> int:
        return self._clock() + round(seconds * MICROS)


def _parsed(queue: str, receipts: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By receipt, the ids of its line and of its message. Raises Invalid."""
    check_queue(queue)
    check_range("/receipts", len(receipts), 1, MOST_AT_ONCE)
    return {
        receipt: parse_receipt(queue, receipt, f"/receipts/{number}")
        for number, receipt in enumerate(receipts)
    }
