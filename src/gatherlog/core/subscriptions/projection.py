"""Subscriptions that fold events into documents of their own, each event exactly once."""

from collections.abc import Collection, Sequence

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.core.subscriptions.subscription import (
    PROJECTION,
    Destination,
    Unchanging,
    checked_name,
)

__all__ = ["Projection"]


class Projection(Unchanging):
    """A subscription that keeps the documents of a fold up to date.

    The fold gets the events of each stream in their order. Its documents are written in the commit
    that moves the checkpoint. They belong to the subscription's stream, so nothing else may write
    them, and they have no counters. With `gather`, a commit waits so many seconds after the first
    new event, so that more events share it.

    An event that cannot be folded is a dead letter, and the later events of its stream and subject
    wait. If it is discarded they are folded without it: the documents, and every total in them,
    lack that event until the subscription is reset.

    An event that is blank, because it has expired, changes nothing if the fold cannot decode it.
    `needs` names the logs of whose events no body may expire, because documents rest on them; None,
    which says nothing of it, is taken as all logs.
    """

    def __init__(
        self,
        name: str,
        fold: EventFold,
        *,
        gather: float = 0.0,
        needs: Collection[str] | None = None,
    ) -> None:
        self.name = checked_name(name)
        self.needs = None if needs is None else frozenset(needs)
        self.gather = gather
        self.fold: EventFold | None = fold
        self._destinations = (
            Destination(
                name=PROJECTION,
                target=HandlerTarget(_never_delivered),
                retry=RetryPolicy(attempts=1, age=None),
                holds=True,
            ),
        )

    async def begin(self, store: Store) -> Heads:
        """At the first event of the log."""
        return (0,) * store.limits.partitions

    def destinations(self) -> Sequence[Destination]:
        return self._destinations

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        return self._destinations if category_of(event.stream) not in INTERNAL else ()

    def routes_to(self, destination: str, event: Recorded) -> bool:
        return bool(self.route(event))


async def _never_delivered(delivery: Delivery) -> None:
    raise AssertionError("the events of a projection are folded, not delivered")
