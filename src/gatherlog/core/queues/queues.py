"""What programs use: one object that sends to, receives from and administers a store's queues."""

from collections.abc import Sequence

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.store import Store
from gatherlog.core.queues.administration import QueueAdmin
from gatherlog.core.queues.available_lines import AvailableLines
from gatherlog.core.queues.lines import Lines
from gatherlog.core.queues.queue_store import QueueStore
from gatherlog.core.queues.receipts import Receipts
from gatherlog.core.queues.receiver import Received, Receiver
from gatherlog.core.queues.sender import Outgoing, Sender
from gatherlog.core.queues.waiting_consumers import WaitingConsumers

__all__ = ["Queues"]


class Queues:
    """The queues of one store. One object serves all senders and consumers of a process."""

    admin: QueueAdmin
    """Status and settings of queues, and what to do with dead messages."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        queue_store = QueueStore(store, clock=clock, ids=ids)
        consumers = WaitingConsumers(store)
        lines = Lines(queue_store, consumers, clock=clock)
        available = AvailableLines(queue_store, clock=clock)
        self._consumers = consumers
        self._sender = Sender(queue_store, lines, clock=clock)
        self._receipts = Receipts(queue_store, lines, consumers, clock=clock)
        self._receiver = Receiver(
            queue_store,
            lines,
            available,
            consumers,
            self._receipts.give_back,
            clock=clock,
            tokens=ids,
        )
        self.admin = QueueAdmin(queue_store, lines, available, clock=clock)

    async def send(self, queue: str, messages: Sequence[Outgoing]) -> None:
        """Put messages into the queue, in order. The first message that is sent makes the queue.

        A message is put in once per id: it is ignored while one with its id is in the queue or
        dead, and for a day after that one was acknowledged or discarded. All messages are durable
        when this returns; if it raises, some may be. Raises Invalid, LimitExceeded for content
        over MOST_BYTES, and Busy.
        """
        await self._sender.send(queue, messages)

    async def receive(
        self, queue: str, *, most: int = 10, visible_after: float = 30.0, wait: float = 0.0
    ) -> list[Received]:
        """Receive up to `most` messages (1 to 100), at most one from each line.

        `visible_after` is the visibility timeout, from 1 to 43,200 seconds: nobody else receives
        these messages before it ends, unless they are released. A message that is not acknowledged
        by then is received again, with a new receipt, until it dies (`QueueAdmin.change_queue`).

        If no message is available, this waits up to `wait` seconds (20 at most) for one and returns
        an empty list if none comes. One call returns up to 1 MiB of content. A queue that was never
        sent to is empty. If the call is cancelled, whatever it was about to return is given back.
        Raises Invalid.
        """
        return await self._receiver.receive(queue, most, visible_after, wait)

    def stop_waiting(self) -> None:
        """End all waits of `receive` in this process; later calls do not wait, either."""
        self._consumers.stop()

    async def ack(self, queue: str, receipts: Sequence[str]) -> None:
        """Acknowledge messages (1 to 100): they are done, and the next ones of their lines follow.

        Repeating this does nothing. Raises Invalid, Busy, and ReceiptStale, which names the stale
        receipts; the messages of the other receipts are acknowledged all the same.
        """
        await self._receipts.ack(queue, receipts)

    async def give_back(self, queue: str, receipts: Sequence[str]) -> None:
        """Undo the receiving of messages (1 to 100) that could not be handed to their consumer.

        They are available at once, and the attempt does not count. Receipts that count no more are
        left alone. Raises Invalid and Busy.
        """
        await self._receipts.give_back(queue, receipts)

    async def release(self, queue: str, receipt: str, *, after: float = 0.0) -> None:
        """Give a message back, to be received again after `after` seconds (43,200 at most).

        If it was received as often as the queue allows, it dies instead. Raises Invalid, Busy and
        ReceiptStale.
        """
        await self._receipts.release(queue, receipt, after)

    async def give_up(self, queue: str, receipt: str, reason: str) -> None:
        """Let a message die now, because no further attempt would succeed.

        `reason` is shown with the dead message, and is not in the log. Raises Invalid, Busy and
        ReceiptStale.
        """
        await self._receipts.give_up(queue, receipt, reason)

    async def extend(self, queue: str, receipt: str, *, visible_after: float = 30.0) -> None:
        """Restart the visibility timeout of a message: `visible_after` seconds from now.

        Raises Invalid, Busy and ReceiptStale.
        """
        await self._receipts.extend(queue, receipt, visible_after)
