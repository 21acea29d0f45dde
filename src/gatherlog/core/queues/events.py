"""The events of a queue's stream: that messages were sent, and what happened to dead ones.

The contents of messages are not among them. New events also tell consumers in other processes that
there may be something to receive.
"""

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.projections.folds import Category, NoDocuments

__all__ = [
    "CATEGORY",
    "CODEC",
    "MessageDied",
    "MessageDiscarded",
    "MessageRedriven",
    "MessagesSent",
    "QueueChanged",
    "QueuePurged",
    "QueueRemoved",
]


@event_type("queue.messages_sent", schema=1)
class MessagesSent(msgspec.Struct, frozen=True, kw_only=True):
    """This many messages were put into the queue."""

    messages: int


@event_type("queue.message_died", schema=1)
class MessageDied(msgspec.Struct, frozen=True, kw_only=True):
    """A message was received as often as the queue allows, and died. Subject: the message's id."""

    reason: str
    attempts: int


@event_type("queue.message_redriven", schema=1)
class MessageRedriven(msgspec.Struct, frozen=True, kw_only=True):
    """An operator put a dead message back at the end of its line. Subject: the message's id."""

    by: str


@event_type("queue.message_discarded", schema=1)
class MessageDiscarded(msgspec.Struct, frozen=True, kw_only=True):
    """An operator gave a dead message up for good. Subject: the message's id."""

    by: str
    reason: str


@event_type("queue.changed", schema=1)
class QueueChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An operator changed the settings of the queue to these."""

    most_attempts: int
    by: str


@event_type("queue.purged", schema=1)
class QueuePurged(msgspec.Struct, frozen=True, kw_only=True):
    """An operator gave up this many messages; a long queue is purged in several steps."""

    messages: int
    by: str


@event_type("queue.removed", schema=1)
class QueueRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """An operator removed the queue, after its messages. The next message makes it anew."""

    by: str


CODEC = Codec(
    [
        MessagesSent,
        MessageDied,
        MessageRedriven,
        MessageDiscarded,
        QueueChanged,
        QueuePurged,
        QueueRemoved,
    ]
)
CATEGORY = Category(name="queue", codec=CODEC, fold=NoDocuments())
"""A rebuild makes no documents of queues: their events do not hold what the documents hold."""
