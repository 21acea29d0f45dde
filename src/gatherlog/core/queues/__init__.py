"""Durable queues: what rules put in stays until a consumer says that it is done with it.

    queues = Queues(store, clock=system_clock, ids=ids)
    for message in await queues.receive("letters", wait=20):
        ...
        await queues.ack("letters", [message.receipt])

Messages about one stream and subject stand in one line, and only the first of a line is ever out
with a consumer: order is kept, and a line that is stuck holds up no other.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gatherlog.core.eventstore.store import Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View
from gatherlog.core.queues.administration import DeadPage, Desk, QueueStatus
from gatherlog.core.queues.documents import (
    LINES,
    MESSAGES,
    MOST_BYTES,
    QUEUES,
    Message,
    Queue,
    ReceiptStale,
    check_queue,
)
from gatherlog.core.queues.events import CODEC
from gatherlog.core.queues.receiving import Received
from gatherlog.core.queues.sending import Outgoing

__all__ = [
    "CATEGORY",
    "MOST_BYTES",
    "VIEWS",
    "DeadPage",
    "Message",
    "Outgoing",
    "Queue",
    "QueueStatus",
    "Queues",
    "ReceiptStale",
    "Received",
    "check_queue",
]

VIEWS: tuple[View[Any], ...] = (QUEUES, LINES, MESSAGES)
"""What a store is opened with so that queues can be kept in it."""


class Queues(Desk):
    """The queues of one store; one object serves all consumers of a process."""


class _Fold:
    """No document follows from the events alone: what is in a queue is state, not history."""

    views: tuple[View[Any], ...] = ()

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return ()

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        return ()


CATEGORY = Category(name="queue", codec=CODEC, fold=_Fold())
