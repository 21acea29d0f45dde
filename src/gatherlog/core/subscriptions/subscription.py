"""What a subscription is: a named reader of the log, with one checkpoint per partition.

    async def welcome(delivery: Delivery) -> None:
        ...

    mails = Handlers("mails", {"guests.guest_added": welcome})
    worker = Worker(store, [mails], clock=system_clock, ids=ids)
    await worker.run()

There are three kinds. `Handlers` calls a coroutine for each event, at least once, in the order of
each stream and subject, with a delivery id that is the same at every attempt. A `Projection`
writes documents in the commit that moves its checkpoint, so that each event counts exactly once,
whatever fails. The `Bus` delivers events to the targets of rules.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import RetryPolicy, Target

__all__ = ["PROJECTION", "Destination", "Subscription", "Unchanging", "checked_name"]

PROJECTION: Final = "projection"
"""The name of the one destination of every projection: the documents that it keeps."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places that a subscription delivers events to, and how failures are treated."""

    name: str
    target: Target
    retry: RetryPolicy = RetryPolicy()
    timeout: float = 30.0
    """Seconds that one attempt may take."""
    at_once: int = 1
    """How many attempts may run at the same time. With 1, all events come in the order of the feed
    as long as none fails or is slow. Retries may run as many beside those of new events."""
    holds: bool = False
    """Whether an event that was given up blocks the later events of its stream and subject until
    an operator redrives or discards it."""
    takes_new: bool = True
    """Whether it gets new events; if not, only those that wait for it already."""
    transform: Callable[[Recorded], Any] | None = None
    """Makes `Delivery.input` from an event."""
    generation: str = ""
    """Tells the destination from an earlier one of the same name, so that it does not inherit the
    events that waited for that one."""


class Subscription(Protocol):
    """A named reader of the log, and which events it delivers where."""

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
        """The positions after which it begins if it has no checkpoint yet."""
        ...

    async def refresh(self, store: Store) -> int:
        """Read what has changed about its destinations; a number that is another after a change.

        It is called before every page is routed and before every retry, by many at the same time.
        """
        ...

    def destinations(self) -> Sequence[Destination]:
        """All destinations, including those that get no new events."""
        ...

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        """The destinations of a new event. It must not raise.

        Those named in `suspended` may be left out: they get the event later.
        """
        ...

    def routes_to(self, destination: str, event: Recorded) -> bool:
        """Whether an event that had to wait is still to be delivered to the destination of this
        name."""
        ...

    def set_aside(self) -> Mapping[str, str]:
        """What the subscription cannot use at present, such as a rule that cannot be read, and why.

        It gets no events meanwhile, and all others go on.
        """
        ...

    def is_set_aside(self, destination: str) -> bool:
        """Whether a destination that is missing belongs to what is set aside, so that the events
        that wait for it are kept."""
        ...


class Unchanging:
    """The part of a `Subscription` that is the same for all whose destinations never change."""

    async def refresh(self, store: Store) -> int:
        """Nothing changes while the program runs."""
        return 0

    def set_aside(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def is_set_aside(self, destination: str) -> bool:
        """No destination is."""
        return False


def checked_name(name: str) -> str:
    """The name of a subscription, if it is a valid one; ValueError otherwise."""
    if name == PROJECTION:
        raise ValueError(f"{name!r} is the name of what every projection keeps: use another")
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,62}", name):
        raise ValueError(
            f"{name!r} is not a name: use up to 63 of a-z, 0-9, _, . and -, beginning with a letter"
        )
    return name
