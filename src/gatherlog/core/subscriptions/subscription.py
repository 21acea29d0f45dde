"""What a subscription is: a named reader of the log, with one checkpoint per partition.

    async def welcome(delivery: Delivery) -> None:
        ...

    mails = Handlers("mails", {"guests.guest_added": welcome})
    worker = Worker(store, [mails], clock=system_clock, ids=ids)
    await worker.run()

There are three kinds. `Handlers` calls a coroutine for each event, at least once, in the order of
each stream, with a delivery id that stays the same at every attempt. A `Projection` writes
documents in the commit that moves its checkpoint, so each event counts exactly once, whatever
fails. The `Bus` brings events to the targets of rules.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import RetryPolicy, Target

__all__ = ["Destination", "Subscription", "checked_name"]


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places that a subscription delivers events to, and how failures are treated."""

    name: str
    target: Target
    retry: RetryPolicy = RetryPolicy()
    timeout: float = 30.0
    """Seconds that one attempt may take."""
    at_once: int = 1
    """How many attempts may be under way together. With 1, the order of the feed is kept as a whole
    as long as nothing fails or is slow. Events that are tried again have as many for themselves."""
    holds: bool = False
    """Whether an event that was given up keeps the later ones of its stream and subject waiting
    until an operator redrives or discards it."""
    transform: Callable[[Recorded], Any] | None = None
    """Makes `Delivery.input` of an event."""
    made: str = ""
    """Tells a destination from an earlier one of the same name, whose waiting events it must not
    inherit."""


class Subscription(Protocol):
    """A named reader of the log, and where it delivers which events."""

    @property
    def name(self) -> str:
        """Its name and that of its checkpoints; see `checked_name`."""
        ...

    @property
    def gather(self) -> float:
        """Seconds to wait after the first new event, so that more events are read together."""
        ...

    @property
    def fold(self) -> EventFold | None:
        """The fold of a projection; None for a subscription that delivers to destinations."""
        ...

    async def begin(self, store: Store) -> Heads:
        """The positions after which it begins when there is no checkpoint yet."""
        ...

    async def refresh(self, store: Store) -> int:
        """Read what has changed about its destinations; a number that differs after a change.

        It is called before every page is routed.
        """
        ...

    def destinations(self) -> Sequence[Destination]:
        """All destinations, including those that receive no new events."""
        ...

    def route(self, event: Recorded) -> Sequence[Destination]:
        """The destinations of a new event. It must not raise."""
        ...

    def takes(self, destination: str, event: Recorded) -> bool:
        """Whether an event that had to wait is for the destination of this name."""
        ...


def checked_name(name: str) -> str:
    """The name of a subscription, if it is a valid one; ValueError otherwise."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,62}", name):
        raise ValueError(
            f"{name!r} is no name: use up to 63 of a-z, 0-9, _, . and -, beginning with a letter"
        )
    return name
