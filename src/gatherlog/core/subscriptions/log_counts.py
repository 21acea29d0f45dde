"""The logs that there are: a projection that counts the events of each category of streams."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Ref, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.paging import bodies
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["LOGS", "LogHead", "LogTotal", "log_totals", "logs_subscription"]

_BEYOND: Final = "~"
"""Sorts after the number of every partition."""
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


class LogTotal(msgspec.Struct, frozen=True):
    """The events of one category in all partitions: how many, and the highest of their places."""

    log: str
    events: int
    last_position: int
    last_time: int


async def log_totals(store: Store, *, after: str = "") -> AsyncIterator[LogTotal]:
    """All logs by name, from the first one after `after`. Each is whole, however pages are cut."""
    since = (after, _BEYOND) if after else ()
    query = LOGS.query("by_all", "all", since=since, limit=1000)
    total: LogTotal | None = None
    async for head in bodies(store, LOGS, query):
        if total is not None and total.log != head.log:
            yield total
            total = None
        total = _with(total, head)
    if total is not None:
        yield total


def _with(total: LogTotal | None, head: LogHead) -> LogTotal:
    if total is None:
        return LogTotal(head.log, head.events, head.last_position, head.last_time)
    return LogTotal(
        head.log,
        total.events + head.events,
        max(total.last_position, head.last_position),
        max(total.last_time, head.last_time),
    )


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
    return f"{category_of(event.stream)}/{event.partition}"


def logs_subscription() -> Projection:
    """The subscription `logs`, which keeps the documents of LOGS up to date."""
    return Projection("logs", _Heads(), gather=GATHER, needs=())
