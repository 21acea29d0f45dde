"""Subscriptions that call a coroutine of this process for every event."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from gatherlog.core.eventstore.errors import EventExpired, EventUnknown
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.subscription import Destination, Unchanging, checked_name

__all__ = ["ALL", "Handler", "HandlerTarget", "Handlers"]

ALL: Final = "*"
"""In place of an event type: every type that is not named."""

Handler = Callable[[Delivery], Awaitable[None]]
"""Handles an event. If it raises, the event counts as not taken and is tried again."""


class Handlers(Unchanging):
    """A subscription that calls a coroutine for each type of event.

    `handlers` maps event types, or ALL, to coroutines. With `categories`, it gets the events of
    streams of these categories only, and one whose type is neither handled nor in `skips` fails, so
    that no type is left out by mistake. By default an event is tried five times within some
    seconds; if none succeeds it waits for an operator, and so do the later events of its stream and
    subject, unless `holds` is False. With `from_now` it begins with the first event that the feed
    shows after its first start, and with the first event of the log otherwise. Where the feed lags,
    that may be an event from the moment before.
    """

    gather = 0.0
    fold: EventFold | None = None

    def __init__(
        self,
        name: str,
        handlers: Mapping[str, Handler],
        *,
        categories: Collection[str] | None = None,
        skips: Collection[str] = (),
        retry: RetryPolicy = RetryPolicy(attempts=5, age=None, longest_pause=10.0),  # noqa: B008 - frozen
        timeout: float = 30.0,
        at_once: int = 1,
        holds: bool = True,
        from_now: bool = False,
    ) -> None:
        self.name = checked_name(name)
        self._from_now = from_now
        self._handlers = dict(handlers)
        self._categories = None if categories is None else frozenset(categories)
        self._known_types = frozenset(handlers) | frozenset(skips)
        destination = Destination(
            name=self.name,
            target=HandlerTarget(self._call),
            retry=retry,
            timeout=timeout,
            at_once=at_once,
            holds=holds,
        )
        self._destinations: Sequence[Destination] = (destination,)
        self._none: Sequence[Destination] = ()

    async def begin(self, store: Store) -> Heads:
        """At the first event of the log, or after the last one if it is made with `from_now`."""
        return await store.heads() if self._from_now else (0,) * store.limits.partitions

    def destinations(self) -> Sequence[Destination]:
        return self._destinations

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        category = category_of(event.stream)
        if self._categories is None:
            is_for_us = category not in INTERNAL and (
                event.type in self._handlers or ALL in self._handlers
            )
        else:
            is_for_us = category in self._categories and (
                event.type in self._handlers or event.type not in self._known_types
            )
        return self._destinations if is_for_us else self._none

    def routes_to(self, destination: str, event: Recorded) -> bool:
        return bool(self.route(event))

    async def _call(self, delivery: Delivery) -> None:
        handler = self._handlers.get(delivery.event.type) or self._handlers.get(ALL)
        if handler is None:
            raise EventUnknown(
                f"{self.name!r} neither handles {delivery.event.type!r} nor skips it on purpose"
            )
        await handler(delivery)


class HandlerTarget:
    """A `Target` that is a coroutine of this process.

    An event that has expired is delivered without its body (`Recorded.is_blank`). A handler that
    cannot decode it has nothing to do, so that counts as done.
    """

    batch = 1

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            try:
                await self._handler(delivery)
            except EventExpired:
                if not delivery.event.is_blank:
                    raise  # it is another event that has expired

    async def close(self) -> None:
        """There is nothing to close."""
