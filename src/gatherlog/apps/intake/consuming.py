"""The intake from a durable queue: each message holds a record, or a CloudEvent in JSON.

A record that breaks the form is dead at once, with its faults as the reason. What fails for another
reason, such as a full disk, is tried four times, and then it is dead, too.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from gatherlog.apps.intake.service import IntakeService, Result
from gatherlog.core.eventstore.errors import StoreClosed
from gatherlog.core.queues import Queues, ReceiptStale, Received

__all__ = ["TRIES", "QueueIntake"]

TRIES: Final = 4
MOST: Final = 100
"""Messages that are taken together."""
VISIBLE_AFTER: Final = 60.0
"""Seconds for which nobody else receives them."""
WAIT: Final = 20.0
"""Seconds that one call waits for messages."""
PAUSE: Final = 1.0
"""Seconds before another try after the store has failed."""


class QueueIntake:
    """Takes the records of queues into logs. Any number of processes may read one queue."""

    def __init__(
        self,
        intake: IntakeService,
        queues: Queues,
        *,
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._intake = intake
        self._queues = queues
        self._report = report

    async def run(self, queue: str, log: str) -> None:
        """Take what comes, until cancelled or until the store is closed.

        The queue is made, if it is missing, and its messages die after four attempts from now on.
        Raises Invalid for names of queues and logs.
        """
        self._intake.check_log(log)
        is_set = False
        while True:
            try:
                if not is_set:
                    await self._queues.admin.change_queue(queue, most_attempts=TRIES, by="intake")
                    is_set = True
                await self.take(queue, log, wait=WAIT)
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may succeed
                self._report(error)
                await asyncio.sleep(PAUSE)

    async def take(self, queue: str, log: str, *, wait: float = 0.0) -> int:
        """Take the messages that are available, up to 100; how many there were."""
        messages = await self._queues.receive(
            queue, most=MOST, visible_after=VISIBLE_AFTER, wait=wait
        )
        await self._take(queue, log, messages)
        return len(messages)

    async def _take(self, queue: str, log: str, messages: Sequence[Received]) -> None:
        """Take them together; where that fails, one by one, so that none fails for another's."""
        if not messages:
            return
        try:
            offers = [self._intake.read_any(message.content) for message in messages]
            results = await self._intake.take(log, offers, by=f"queue:{queue}")
        except Exception as error:
            if len(messages) > 1:
                for message in messages:
                    await self._take(queue, log, [message])
                return
            await self._fail(queue, messages[0], error)
            if isinstance(error, StoreClosed):
                raise
            self._report(error)
            return
        await self._settle(queue, messages, results)

    async def _settle(
        self, queue: str, messages: Sequence[Received], results: Sequence[Result]
    ) -> None:
        pairs = list(zip(messages, results, strict=True))
        done = [message.receipt for message, result in pairs if result.status != "rejected"]
        if done:
            with suppress(ReceiptStale):  # they come again, and are repeated then
                await self._queues.ack(queue, done)
        for message, result in pairs:
            if result.status == "rejected":
                with suppress(ReceiptStale):
                    await self._queues.give_up(queue, message.receipt, _reason(result))

    async def _fail(self, queue: str, message: Received, error: Exception) -> None:
        """Give the message back, with a pause that grows, or up if it was tried often enough."""
        with suppress(ReceiptStale):
            if message.attempt >= TRIES:
                reason = f"failed {message.attempt} times: {type(error).__name__}: {error}"
                await self._queues.give_up(queue, message.receipt, reason)
            else:
                after = 5.0 ** (message.attempt - 1)
                await self._queues.release(queue, message.receipt, after=after)


def _reason(result: Result) -> str:
    return "; ".join(f"{fault.pointer}: {fault.detail}" for fault in result.faults)
