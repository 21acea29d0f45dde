"""Durable queues: a message stays in its queue until a consumer acknowledges it, or until it dies.

    queues = Queues(store, clock=system_clock, ids=ids)
    for message in await queues.receive("orders", wait=20):
        ...
        await queues.ack("orders", [message.receipt])

The messages of a queue about one stream and subject form a *line*. Only the first message of a line
can be with a consumer. So the order of a line is kept, and a line whose first message keeps failing
delays no other line.
"""

from typing import Any

from gatherlog.core.projections.views import View
from gatherlog.core.queues.administration import DeadMessagePage, QueueAdmin, QueueStatus
from gatherlog.core.queues.checks import MOST_BYTES, check_queue
from gatherlog.core.queues.documents import LINES, MESSAGES, QUEUES, Message, Queue
from gatherlog.core.queues.events import CATEGORY
from gatherlog.core.queues.queues import Queues
from gatherlog.core.queues.receipts import ReceiptStale
from gatherlog.core.queues.receiver import Received
from gatherlog.core.queues.sender import Outgoing

__all__ = [
    "CATEGORY",
    "MOST_BYTES",
    "VIEWS",
    "DeadMessagePage",
    "Message",
    "Outgoing",
    "Queue",
    "QueueAdmin",
    "QueueStatus",
    "Queues",
    "ReceiptStale",
    "Received",
    "check_queue",
]

VIEWS: tuple[View[Any], ...] = (QUEUES, LINES, MESSAGES)
"""The views that a store must be opened with to hold queues."""
