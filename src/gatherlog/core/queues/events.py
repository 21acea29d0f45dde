"""What is written down of queues: that messages came, and what was decided about them.

These events wake consumers in other processes. What a message says stands in none of them.
"""

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "MessageDied",
    "MessageDiscarded",
    "MessageRedriven",
    "MessagesSent",
    "QueueChanged",
]


@event_type("queue.messages_sent", schema=1)
class MessagesSent(msgspec.Struct, frozen=True, kw_only=True):
    """So many messages were put into the queue."""

    messages: int


@event_type("queue.message_died", schema=1)
class MessageDied(msgspec.Struct, frozen=True, kw_only=True):
    """A message was given as often as the queue allows. Its subject is the message's id, here and
    below."""

    reason: str
    attempts: int


@event_type("queue.message_redriven", schema=1)
class MessageRedriven(msgspec.Struct, frozen=True, kw_only=True):
    """An operator put a dead message at the end of its line."""

    by: str


@event_type("queue.message_discarded", schema=1)
class MessageDiscarded(msgspec.Struct, frozen=True, kw_only=True):
    """An operator gave a dead message up for good."""

    by: str
    reason: str


@event_type("queue.changed", schema=1)
class QueueChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the queue as they are from now on."""

    most_attempts: int
    by: str


CODEC = Codec([MessagesSent, MessageDied, MessageRedriven, MessageDiscarded, QueueChanged])
