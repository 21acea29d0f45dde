"""The documents of a queue: its settings, its lines, and the messages that stand in them.

A line is a chain: it knows its first and its last message, each message the next one. Every commit
that changes a chain writes its line at the version that was read before its messages were, so
whatever was read stood together. All of them belong to the queue's own stream, `queue-<name>`.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from random import getrandbits
from typing import Final, Literal, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid, Refused
from gatherlog.core.eventstore.store import DELETE, KEEP, Body, Document, Write
from gatherlog.core.projections.views import View

__all__ = [
    "LINES",
    "LONGEST",
    "MESSAGES",
    "MOST_ATTEMPTS",
    "MOST_BYTES",
    "QUEUES",
    "Line",
    "Message",
    "Queue",
    "ReceiptStale",
    "after_first",
    "check_queue",
    "line_id",
    "message_id",
    "put",
    "receipt_of",
    "stream_of",
    "version_of",
]

MOST_ATTEMPTS: Final = 10
"""How often a message is given, unless its queue says otherwise."""
MOST_BYTES: Final = 256 * 1024
"""Of a message's content: what every engine takes with room to spare."""
LONGEST: Final = 43_200.0
"""Seconds for which a message may be out, or put off: twelve hours."""

B = TypeVar("B", bound=msgspec.Struct)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


class ReceiptStale(Refused):
    """The message of a receipt is somebody else's by now, or done, or dead."""

    code = "receipt_stale"

    def __init__(self, receipts: Sequence[str], of: int) -> None:
        told = ", ".join(receipts)
        others = "; the others are done" if of > len(receipts) else ""
        super().__init__(
            f"{len(receipts)} of {of} receipts count no more, because the time of their messages "
            f"was over and they went to somebody else, or are done with: {told}{others}"
        )
        self.receipts = tuple(receipts)


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue's settings."""

    name: str
    created_at: int
    most_attempts: int = MOST_ATTEMPTS


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The messages about one stream and subject, in order; gone when there are none.

    Its first message may be taken if `until` is None or over; else it is out with whoever has the
    `receipt`, or waits for its next try if nobody has one.
    """

    queue: str
    stream: str
    subject: str
    first: str
    """Id of a message, as `last`."""
    last: str
    length: int
    since: int
    """When the first one was sent: microseconds since the epoch, as `until`."""
    attempts: int = 0
    """How often the first one was given."""
    receipt: str = ""
    until: int | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: in its line, dead, or done with and remembered so that it does not come twice.

    What is done with has no content any more.
    """

    queue: str
    id: str
    stream: str
    subject: str
    version: int
    """With the stream, the event that it came of."""
    sent_at: int
    content: msgspec.Raw = msgspec.Raw(b"null")
    """JSON."""
    next: str = ""
    """Id of the one behind it in the line."""
    died_at: int | None = None
    attempts: int = 0
    """With `died_at`: how often it was given."""
    reason: str = ""
    """Why it died, or was discarded."""
    done_at: int | None = None
    receipt: str = ""
    """With `done_at`: that which said so."""


QUEUES = View("queue", Queue, by_all=lambda queue: ("all", queue.name))
LINES = View(
    "queue_line",
    Line,
    by_ready=lambda line: (line.queue, f"{line.since:020}") if line.until is None else None,
    by_until=lambda line: None if line.until is None else (line.queue, f"{line.until:020}"),
)
MESSAGES = View(
    "queue_message",
    Message,
    by_dead=lambda one: None if one.died_at is None else (one.queue, f"{one.died_at:020}"),
    by_done=lambda one: None if one.done_at is None else (one.queue, f"{one.done_at:020}"),
)


def check_queue(name: str) -> None:
    """Raise Invalid unless `name` is one that a queue may have."""
    if not _NAME.fullmatch(name):
        detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
        raise Invalid(Flaw("/queue", detail))


def stream_of(queue: str) -> str:
    """The stream of a queue's documents and events."""
    return f"queue-{queue}"


def line_id(queue: str, stream: str, subject: str) -> str:
    """Names have up to 255 characters each, an id as many in all: so they are hashed."""
    return f"{queue}/{sha256(msgspec.json.encode((stream, subject))).hexdigest()[:32]}"


def message_id(queue: str, id: str) -> str:
    return f"{queue}/{id}"


def receipt_of(line: str, token: str, id: str) -> str:
    """Names the line and the message, so that both are found by it. Opaque to consumers."""
    return f"{line.partition('/')[2]}.{token}.{id}"


def after_first(line: Line, following: Message | None) -> Line | Literal[Body.DELETE]:
    """The line once its first message is gone, with the next one in its place, if there is one."""
    if following is None:
        return DELETE
    return msgspec.structs.replace(
        line,
        first=following.id,
        length=line.length - 1,
        since=following.sent_at,
        attempts=0,
        receipt="",
        until=None,
    )


def put(
    view: View[B], id: str, queue: str, expects: int, body: B | Literal[Body.KEEP, Body.DELETE]
) -> Write:
    """The write that puts `body` in the place of what is at version `expects`, else is refused.

    Its new version is drawn, not counted: lines go and come again, and a version that one of them
    had must never be that of another, or a commit could take the one for the other.
    """
    at = None if body is KEEP else 1 + getrandbits(62)
    return view.write(id, stream_of(queue), body, expects=expects, at=at)


def version_of(document: Document | None) -> int:
    return 0 if document is None else document.version
