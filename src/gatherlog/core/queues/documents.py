"""The documents of a queue: its settings, its messages, and the lines that its messages wait in.

A line is a linked list of the messages about one stream and subject: the line names its first and
its last message, and every message names the one behind it.

No read covers several documents at one moment, so a line may change between two reads. Two rules
make that harmless. A line is read before its messages; and every commit that adds a message to a
line or removes one also writes the line, and expects the version that was read. If anybody else has
added or removed a message since, that commit fails with Conflict.
"""

from hashlib import sha256

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.projections.views import View
from gatherlog.core.queues.checks import DEFAULT_ATTEMPTS

__all__ = [
    "LINES",
    "MESSAGES",
    "QUEUES",
    "Line",
    "Message",
    "Queue",
    "line_id",
    "message_id",
    "new_receipt",
    "parse_receipt",
    "sort_key",
    "stream_of",
    "without_content",
]


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue's settings."""

    name: str
    created_at: int
    most_attempts: int = DEFAULT_ATTEMPTS
    """How often a message is received before it dies."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of a queue about one stream and subject, in order. An empty line is deleted.

    Its first message is available if `visible_at` is None or past. Otherwise a consumer has it, if
    there is a receipt, or it waits: for its next attempt after it was released, or for the end of
    the delay with which it was sent.
    """

    queue: str
    stream: str
    subject: str
    first: str
    """Id of the first message."""
    last: str
    """Id of the last message."""
    length: int
    first_sent_at: int = msgspec.field(name="since")
    """When the first message was sent, in microseconds since the epoch."""
    attempts: int = 0
    """How often the first message was received."""
    receipt: str = ""
    """The latest receipt of the first message; empty if it was not received, or was released."""
    visible_at: int | None = msgspec.field(default=None, name="until")
    """When the first message becomes available, in microseconds since the epoch."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is in its line, dead, or done (acknowledged or discarded).

    Times are in microseconds since the epoch. A message that is done is kept without its content
    for a day, so that it is not put in again.
    """

    queue: str
    id: str
    stream: str
    subject: str
    version: int
    """Of the stream: names the event that the message was made of."""
    sent_at: int
    available_at: int | None = None
    """When the delay ends with which it was sent; None: it was sent without."""
    content: msgspec.Raw = msgspec.Raw(b"null")
    """JSON."""
    next: str = ""
    """Id of the message behind this one in the line; empty for the last one."""
    died_at: int | None = None
    attempts: int = 0
    """Of a dead message: how often it was received."""
    reason: str = ""
    """Of a dead message: why it died."""
    done_at: int | None = None
    receipt: str = ""
    """Of an acknowledged message: the receipt that acknowledged it."""


QUEUES = View("queue", Queue, by_all=lambda queue: ("all", queue.name))
LINES = View(
    "queue_line",
    Line,
    by_ready=lambda line: (
        (line.queue, f"{line.first_sent_at:020}") if line.visible_at is None else None
    ),
    by_until=lambda line: (
        None if line.visible_at is None else (line.queue, f"{line.visible_at:020}")
    ),
)
MESSAGES = View(
    "queue_message",
    Message,
    by_dead=lambda one: None if one.died_at is None else (one.queue, f"{one.died_at:020}"),
    by_done=lambda one: None if one.done_at is None else (one.queue, f"{one.done_at:020}"),
)


def sort_key(micros: int) -> str:
    """A time as the indexes hold it: later ones sort after earlier ones."""
    return f"{micros:020}"


def without_content(message: Message, *, done_at: int, receipt: str = "") -> Message:
    """What is kept of a message that is done."""
    return Message(
        queue=message.queue,
        id=message.id,
        stream=message.stream,
        subject=message.subject,
        version=message.version,
        sent_at=message.sent_at,
        done_at=done_at,
        receipt=receipt,
    )


def stream_of(id: str) -> str:
    """The stream of a queue, given by its name, or of a document of a queue, given by its id."""
    return f"queue-{id.partition('/')[0]}"


def line_id(queue: str, stream: str, subject: str) -> str:
    """The id of a line's document.

    The stream and subject are hashed, because each may be as long as an id may be.
    """
    return f"{queue}/{sha256(msgspec.json.encode((stream, subject))).hexdigest()[:32]}"


def message_id(queue: str, id: str) -> str:
    """The id of a message's document."""
    return f"{queue}/{id}"


def new_receipt(line: str, token: str, message: str) -> str:
    """A receipt for the first message of a line; `token` makes it unique. Opaque to consumers."""
    return f"{line.partition('/')[2]}.{token}.{message}"


def parse_receipt(queue: str, receipt: str, pointer: str = "/receipt") -> tuple[str, str]:
    """The ids of the line's document and of the message that a receipt names.

    Raises Invalid, for the field at `pointer`, if it is not a receipt.
    """
    line, _, rest = receipt.partition(".")
    token, _, message = rest.partition(".")
    if not (len(line) == 32 and token and message and len(receipt) <= 200 and receipt.isascii()):
        raise Invalid(Flaw(pointer, "is not a receipt: give one as it was received"))
    return f"{queue}/{line}", message
