"""What a subscription remembers, in the store: how far it has read, and what waits behind that.

Both are documents of the subscription's own stream that no event speaks of: whoever holds the
lease of a partition writes them, each at the version it read, and stamps them with the next one.
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
    "succeed",
]

B = TypeVar("B", bound=msgspec.Struct)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to `position` was handed over, is parked, was given up, or is nobody's."""

    subscription: str
    partition: int
    position: int = 0
    obeyed: int = 0
    """Version of the subscription's own stream up to which its commands were carried out."""
    paused: bool = False
    epoch: int = 0
    """Version of the subscription's own stream at which a projection was last reset."""


class ParkedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One stream and subject that waits: the event that failed, and by that all that follow it."""

    stream: str
    subject: str
    version: int
    """Of the event that is tried next; those before it were handed over."""
    position: int
    attempts: int = 0
    """How often that event has failed."""
    first_try: int | None = None
    """When that event was tried first; microseconds since the epoch, as `next_try`."""
    next_try: int | None = None
    """None: it waits for an operator."""
    given_up: bool = False
    """Whether it is a dead letter that holds up what follows."""
    past: bool = False
    """Whether it is done with, so that what follows it is next."""
    kind: str = ""
    """Of the last failure, as `DeliveryFailed.kind`."""
    detail: str = ""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one destination of a subscription in one partition; gone when nothing does."""

    subscription: str
    partition: int
    destination: str
    made: str = ""
    """As `Destination.made`."""
    parks: tuple[ParkedKey, ...] = ()
    held_from: int | None = None
    """Too much waits: from this position on, nothing was brought to the destination yet."""

    @property
    def is_due(self) -> bool:
        """Whether there is more to do than to wait for an operator."""
        return self.held_from is not None or any(park.next_try is not None for park in self.parks)


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
    """Also the id of the lease."""
    return f"{subscription}/{partition}"


def backlog_id(subscription: str, partition: int, destination: str, made: str = "") -> str:
    """The id of a destination's backlog; `made` as `Destination.made`."""
    return f"{subscription}/{partition}/{destination}{made and '#'}{made}"


def succeed(
    view: View[B],
    id: str,
    subscription: str,
    version: int,
    body: B | Literal[Body.KEEP, Body.DELETE] = KEEP,
) -> Write:
    """The write that puts `body` in the place of what is at `version`, else it is refused.

    Of a document whose only writer is a subscription: its version is counted up, by no event.
    Without a body it only demands the version.
    """
    at = None if body is KEEP else version + 1
    return view.write(id, stream_of(subscription), body, expects=version, at=at)
