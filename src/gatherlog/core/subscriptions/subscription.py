"""Subscriptions: named readers of the log, each with one checkpoint per partition.

    async def welcome(delivery: Delivery) -> None:
        ...

    mails = Handlers("mails", {"guests.guest_added": welcome})
    worker = Worker(store, [mails], clock=system_clock, ids=ids)
    await worker.run()

Handlers are called at least once for every event, in the order of each stream, with an id that
stays the same at every attempt. A `Projected` subscription writes documents in the commit that
moves its checkpoint: each event counts exactly once, whatever dies when.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from gatherlog.core.eventstore.errors import EventUnknown
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Ref, Store
from gatherlog.core.projections.views import Change, View
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy, Target

__all__ = [
    "ALL",
    "INTERNAL",
    "Destination",
    "Handler",
    "Handlers",
    "Projected",
    "Projection",
    "Subscription",
    "category",
]

ALL: Final = "*"
"""In place of an event type: every type that is not named."""
INTERNAL: Final = frozenset({"subscription", "rules", "queue"})
"""Categories that tell of delivering itself; they are brought to nobody, or it would never end."""

Handler = Callable[[Delivery], Awaitable[None]]
"""Takes an event; when it raises, the event counts as not taken."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places that a subscription brings events to, and how patiently."""

    name: str
    target: Target
    retry: RetryPolicy = RetryPolicy()
    timeout: float = 30.0
    """Seconds that one attempt may take."""
    at_once: int = 1
    """How many attempts may be under way together; with 1, as long as nothing fails or is slow, the
    feed's order is kept as a whole. What is tried again has as many for itself."""
    holds: bool = False
    """Whether what follows a given-up event in its stream and subject waits for an operator."""
    transform: Callable[[Recorded], Any] | None = None
    """Makes `Delivery.input` of an event."""
    made: str = ""
    """Tells it from an earlier one of the same name, whose waiting events are not its own."""


class Subscription(Protocol):
    """A named reader of the log: where it brings which events."""

    @property
    def name(self) -> str:
        """Also of its checkpoints; a word of `a-z`, digits, `_`, `.` and `-`."""
        ...

    @property
    def gather(self) -> float:
        """Seconds that new events may be waited with, so that more of them are taken together."""
        ...

    @property
    def projection(self) -> "Projection | None":
        """What writes documents in the commit of the checkpoint; then there are no destinations."""
        ...

    async def begin(self, store: Store) -> Heads:
        """The positions behind which it begins, when there is no checkpoint yet."""
        ...

    async def refresh(self, store: Store) -> int:
        """Learn what has changed about where events go; a number that is another after a change.

        Called before every page is routed.
        """
        ...

    def destinations(self) -> Sequence[Destination]:
        """All of them, those that nothing new goes to included."""
        ...

    def route(self, event: Recorded) -> Sequence[Destination]:
        """Where a new event goes. Must not fail."""
        ...

    def takes(self, destination: str, event: Recorded) -> bool:
        """Whether an event that was passed by, since others waited, is for this destination."""
        ...


class Projection(Protocol):
    """How the events of several streams become documents that belong to the subscription.

    Called in the order of every stream, for each event that `takes` says yes to. Bodies are made
    of the events and of the earlier bodies alone. There are no counters: nobody else writes them.
    """

    views: tuple[View[Any], ...]

    def takes(self, event: Recorded) -> bool:
        """Whether the event concerns it; raises EventUnknown for a type it ought to know."""
        ...

    def keys(self, event: Recorded) -> Iterable[Ref]:
        """The documents that `evolve` must be shown, at least those it changes."""
        ...

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        """What becomes of them. `documents` holds typed bodies, or None where there is none."""
        ...


class Handlers:
    """A subscription that calls a coroutine per event type.

    `handlers` maps types, or ALL, to what takes them. With `categories`, only their streams are
    read, and a type in them that is neither handled nor in `skips` is an event that fails: it is
    skipped on purpose or not at all. Without a policy, a failing event is tried five times within
    some seconds and then waits, with what follows it, for an operator.
    """

    gather = 0.0
    projection: Projection | None = None

    def __init__(
        self,
        name: str,
        handlers: Mapping[str, Handler],
        *,
        categories: Collection[str] | None = None,
        skips: Collection[str] = (),
        retry: RetryPolicy = RetryPolicy(attempts=5, age=None, longest_pause=10.0),  # noqa: B008
        timeout: float = 30.0,
        at_once: int = 1,
        holds: bool = True,
        from_now: bool = False,
    ) -> None:
        self.name = checked_name(name)
        self._from_now = from_now
        self._handlers = dict(handlers)
        self._categories = None if categories is None else frozenset(categories)
        self._known = frozenset(handlers) | frozenset(skips)
        self._destination = Destination(
            name=self.name,
            target=HandlerTarget(self._call),
            retry=retry,
            timeout=timeout,
            at_once=at_once,
            holds=holds,
        )
        self._there: Sequence[Destination] = (self._destination,)
        self._nowhere: Sequence[Destination] = ()

    async def begin(self, store: Store) -> Heads:
        """With the first event, or with what comes next."""
        return await store.heads() if self._from_now else (0,) * store.limits.partitions

    async def refresh(self, store: Store) -> int:
        """Nothing changes while the program runs."""
        return 0

    def destinations(self) -> Sequence[Destination]:
        return self._there

    def route(self, event: Recorded) -> Sequence[Destination]:
        of = category(event.stream)
        if self._categories is None:
            takes = of not in INTERNAL and (event.type in self._handlers or ALL in self._handlers)
        else:
            takes = of in self._categories and (
                event.type in self._handlers or event.type not in self._known
            )
        return self._there if takes else self._nowhere

    def takes(self, destination: str, event: Recorded) -> bool:
        return bool(self.route(event))

    async def _call(self, delivery: Delivery) -> None:
        handler = self._handlers.get(delivery.event.type) or self._handlers.get(ALL)
        if handler is None:
            raise EventUnknown(
                f"{self.name!r} neither handles {delivery.event.type!r} nor skips it on purpose"
            )
        await handler(delivery)


class Projected:
    """A subscription that keeps the documents of a `Projection`."""

    def __init__(self, name: str, projection: Projection, *, gather: float = 0.0) -> None:
        self.name = checked_name(name)
        self.gather = gather
        self.projection: Projection | None = projection
        self._there = (
            Destination(
                name="projection",
                target=HandlerTarget(_nowhere),
                retry=RetryPolicy(attempts=1, age=None),
                holds=True,
            ),
        )

    async def begin(self, store: Store) -> Heads:
        """With the first event."""
        return (0,) * store.limits.partitions

    async def refresh(self, store: Store) -> int:
        """Nothing changes while the program runs."""
        return 0

    def destinations(self) -> Sequence[Destination]:
        return self._there

    def route(self, event: Recorded) -> Sequence[Destination]:
        return self._there if category(event.stream) not in INTERNAL else ()

    def takes(self, destination: str, event: Recorded) -> bool:
        return bool(self.route(event))


class HandlerTarget:
    """A `Target` that is a coroutine of this process."""

    batch = 1

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self._handler(delivery)

    async def close(self) -> None:
        """There is nothing to let go of."""


def category(stream: str) -> str:
    """The kind of stream: what its name has before the first `-`; section B calls it the log."""
    return stream[: stream.index("-")]


def checked_name(name: str) -> str:
    """The name of a subscription or rule, if it is one; else ValueError."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,62}", name):
        raise ValueError(
            f"{name!r} is no name: use up to 63 of a-z, 0-9, _, . and -, beginning with a letter"
        )
    return name


async def _nowhere(delivery: Delivery) -> None:
    raise AssertionError("a projection is folded, not delivered")
