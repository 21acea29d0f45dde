"""What becomes of a message that is out: it is done with, given back, or kept for longer.

Only whoever has the receipt that stands in its line can say so.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import DELETE, Commit, Write
from gatherlog.core.queues.documents import (
    LINES,
    LONGEST,
    MESSAGES,
    Line,
    Message,
    ReceiptStale,
    after_first,
    check_queue,
    message_id,
    put,
)
from gatherlog.core.queues.queue_store import torn
from gatherlog.core.queues.receiving import MICROS, MOST_AT_ONCE, Taking, check_range

__all__ = ["Returning"]


class Returning(Taking):
    """Receipts."""

    async def ack(self, queue: str, receipts: Sequence[str]) -> None:
        """These messages are done with; the next ones of their lines may be taken.

        Repeating it does nothing. Raises ReceiptStale, naming the receipts that count no more:
        the others are acknowledged all the same.
        """
        check_queue(queue)
        check_range("/receipts", len(receipts), 1, MOST_AT_ONCE)
        for number, receipt in enumerate(receipts):
            _parts(queue, receipt, f"/receipts/{number}")
        unique = list(dict.fromkeys(receipts))
        done = await asyncio.gather(*(self._ack(queue, receipt) for receipt in unique))
        stale = [receipt for receipt, is_done in zip(unique, done, strict=True) if not is_done]
        if stale:
            raise ReceiptStale(stale, len(unique))

    async def release(self, queue: str, receipt: str, *, after: float = 0.0) -> None:
        """Give a message back, to be given again after so many seconds.

        If it was given as often as the queue allows, it dies instead. Raises ReceiptStale.
        """
        check_queue(queue)
        check_range("/after", after, 0, LONGEST)

        def given_back(line: Line) -> Line:
            until = self._clock() + round(after * MICROS) if after else None
            return msgspec.structs.replace(line, receipt="", until=until)

        await self._keep(queue, receipt, given_back, may_die=True)
        self._waiting.stir(queue)

    async def extend(self, queue: str, receipt: str, *, visible_after: float = 30.0) -> None:
        """Keep a message for so many seconds from now. Raises ReceiptStale."""
        check_queue(queue)
        check_range("/visible_after", visible_after, 1, LONGEST)

        def extended(line: Line) -> Line:
            until = self._clock() + round(visible_after * MICROS)
            return msgspec.structs.replace(line, until=until)

        await self._keep(queue, receipt, extended, may_die=False)

    async def _ack(self, queue: str, receipt: str) -> bool:
        return await until_no_conflict(lambda: self._try_to_ack(queue, receipt))

    async def _try_to_ack(self, queue: str, receipt: str) -> bool:
        """Whether it is acknowledged, now or by an earlier call."""
        id, first = _parts(queue, receipt, "/receipt")
        line, version = await self._line(id)
        message, at = await self._message(queue, first)
        if message is not None and message.done_at is not None:
            return message.receipt == receipt
        if line is None or line.receipt != receipt:
            return False
        if message is None:
            raise torn(queue, first)
        shorter = after_first(line, await self._following(queue, message))
        await self._store.commit(
            Commit(
                writes=[
                    put(LINES, id, queue, version, shorter),
                    put(
                        MESSAGES, message_id(queue, first), queue, at, self._done(message, receipt)
                    ),
                ]
            )
        )
        if shorter is not DELETE:
            self._waiting.stir(queue)
        return True

    def _done(self, message: Message, receipt: str) -> Message:
        """What is kept of a message so that it does not come twice."""
        return Message(
            queue=message.queue,
            id=message.id,
            stream=message.stream,
            subject=message.subject,
            version=message.version,
            sent_at=message.sent_at,
            done_at=self._clock(),
            receipt=receipt,
        )

    async def _keep(
        self, queue: str, receipt: str, change: Callable[[Line], Line], *, may_die: bool
    ) -> None:
        """Change the line of a message that is out with whoever has the receipt."""
        id, first = _parts(queue, receipt, "/receipt")

        async def attempt() -> None:
            line, version = await self._line(id)
            if line is None or line.receipt != receipt:
                raise ReceiptStale([receipt], 1)
            if may_die and line.attempts >= await self._most_attempts(queue):
                message, at = await self._message(queue, first)
                if message is None:
                    raise torn(queue, first)
                await self._store.commit(await self._burial(queue, id, line, version, message, at))
            else:
                write: Write = put(LINES, id, queue, version, change(line))
                await self._store.commit(Commit(writes=[write]))

        await until_no_conflict(attempt)


def _parts(queue: str, receipt: str, pointer: str) -> tuple[str, str]:
    """Ids of the line and of the message that a receipt names; Invalid where it is none."""
    line, _, rest = receipt.partition(".")
    token, _, id = rest.partition(".")
    if not (len(line) == 32 and token and id and len(receipt) <= 200 and receipt.isascii()):
        raise Invalid(Flaw(pointer, "is no receipt: give one as it was received"))
    return f"{queue}/{line}", id
