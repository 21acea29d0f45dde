"""What is stored of a subscription's progress: checkpoints, and backlogs of what waits.

Both are documents of the subscription's own stream that do not follow from events. The worker that
has the lease of a partition writes them, each only if it is at the version that the worker knows.
"""

from typing import Literal, TypeVar

import msgspec

from gatherlog.core.eventstore.store import KEEP, Body, Write
from gatherlog.core.projections.views import View

__all__ = [
    "BACKLOGS",
    "CHECKPOINTS",
    "Backlog",
    "Checkpoint",
    "ParkedKey",
    "backlog_id",
    "checkpoint_id",
    "stream_of",
    "versioned_write",
]

B = TypeVar("B", bound=msgspec.Struct)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subscription is in one partition.

    Every event up to `position` was delivered, is parked, was given up, or has no destination.
    """

    subscription: str
    partition: int
    position: int = 0
    commands_done: int = msgspec.field(default=0, name="obeyed")
    """Version of the subscription's own stream up to which its commands were carried out."""
    redrives_done: int = 0
    """Version of that stream up to which no redrive of this partition is under way any more."""
    paused: bool = False
    epoch: int = 0
    """Version of the subscription's own stream at which a projection was last reset."""


class ParkedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A blocked key as it is stored: the event that is attempted next, and how that went so far.

    The later events of the stream and subject are not stored: they are in the stream.
    """

    stream: str
    subject: str
    version: int
    """Version of that event; those of its stream and subject before it are done."""
    position: int
    attempts: int = 0
    """How often that event has failed."""
    first_try: int | None = None
    """When that event was first attempted: microseconds since the epoch, like `next_try`."""
    next_try: int | None = None
    """None: not before an operator says so."""
    given_up: bool = False
    """Whether it is a dead letter."""
    is_done: bool = msgspec.field(default=False, name="past")
    """Whether it was delivered, given up or discarded, so that the next one follows."""
    kind: str = ""
    """`DeliveryFailed.kind` of the last failure."""
    detail: str = ""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one destination in one partition. It is deleted when nothing waits."""

    subscription: str
    partition: int
    destination: str
    generation: str = msgspec.field(default="", name="made")
    """`Destination.generation`."""
    parked: tuple[ParkedKey, ...] = msgspec.field(default=(), name="parks")
    suspended_from: int | None = msgspec.field(default=None, name="held_from")
    """It is suspended: nothing after this position was delivered yet, except `done_ahead`."""
    done_ahead: tuple[int, ...] = ()
    """Positions of events behind that which are done: a page at most."""
    left_out: tuple[tuple[int, int | None], ...] = ()
    """Events that are not for it, though they stand behind others that wait, because it took no new
    ones: those after the first of two positions, up to the second; None: without an end."""
    failing_since: int | None = None
    """Since when all deliveries fail: microseconds since the epoch; None: they do not."""

    @property
    def is_due(self) -> bool:
        """Whether there is anything to do before an operator says so."""
        return self.suspended_from is not None or any(
            parked.next_try is not None for parked in self.parked
        )


CHECKPOINTS = View(
    "checkpoint",
    Checkpoint,
    by_subscription=lambda body: ("all", body.subscription, f"{body.partition:06}"),
)
BACKLOGS = View(
    "backlog",
    Backlog,
    by_subscription=lambda body: (body.subscription, f"{body.partition:06}", body.destination),
    due=lambda body: (
        (body.subscription, f"{body.partition:06}", body.destination) if body.is_due else None
    ),
)


def stream_of(subscription: str) -> str:
    """The stream that a subscription's documents and commands belong to."""
    return f"subscription-{subscription}"


def checkpoint_id(subscription: str, partition: int) -> str:
    """The id of a checkpoint, and of the lease of the same partition."""
    return f"{subscription}/{partition}"


def backlog_id(subscription: str, partition: int, destination: str, generation: str = "") -> str:
    """The id of a destination's backlog; `generation` is `Destination.generation`."""
    return f"{subscription}/{partition}/{destination}{generation and '#'}{generation}"


def versioned_write(
    view: View[B],
    id: str,
    subscription: str,
    version: int,
    body: B | Literal[Body.KEEP, Body.DELETE] = KEEP,
) -> Write:
    """The write of a document that is refused unless the stored one is at `version`.

    It raises the version by one. Without a body it changes nothing, and only demands the version.
    """
    at = None if body is KEEP else version + 1
    return view.write(id, stream_of(subscription), body, expects=version, at=at)
