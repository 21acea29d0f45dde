"""The logs that there are: a projection that counts the events of each category of streams."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Ref, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["LOGS", "LogHead", "log_heads", "logs_subscription"]

GATHER: Final = 0.2
"""Seconds; the counts need not be up to date at every moment."""


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one category in one partition: how many, and the last one."""

    log: str
    partition: int
    events: int = 0
    last_position: int = 0
    last_time: int = 0
    """Recorded time of its last event, in microseconds since the epoch."""


LOGS = View("log", LogHead, by_all=lambda head: ("all", head.log, f"{head.partition:06}"))


class _Heads:
    views: tuple[View[Any], ...] = (LOGS,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        return [LOGS.ref(_id(event))]

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        before: LogHead | None = documents[LOGS.ref(_id(event))]
        head = LogHead(
            log=category_of(event.stream),
            partition=event.partition,
            events=(0 if before is None else before.events) + 1,
            last_position=event.position,
            last_time=event.recorded,
        )
        return [Change(LOGS, _id(event), head)]


def _id(event: Recorded) -> str:
    return _head_id(category_of(event.stream), event.partition)


def _head_id(log: str, partition: int) -> str:
    return f"{log}/{partition}"


async def log_heads(store: Store, log: str) -> list[LogHead]:
    """The heads of one log, by partition; none of a partition in which it has no event."""
    refs = [LOGS.ref(_head_id(log, one)) for one in range(store.limits.partitions)]
    found = [LOGS.read(document) for document in await store.get(refs)]
    return [head for head in found if head is not None]


def logs_subscription() -> Projection:
    """The subscription `logs`, which keeps the documents of LOGS up to date."""
    return Projection("logs", _Heads(), gather=GATHER)
