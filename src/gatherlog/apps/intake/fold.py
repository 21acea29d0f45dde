"""The folds of the intake: identities follow from the events of a log, entries behind them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gatherlog.apps.intake.events import CODEC, TakenCodec, taken
from gatherlog.apps.intake.views import (
    ENTRIES,
    GONE,
    IDENTITIES,
    LOGS,
    Entry,
    Identity,
    RecordLog,
    entry_id,
)
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import DELETE, Ref, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.paging import all_streams
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["CATEGORIES", "SUBSCRIPTION", "entries_subscription", "record_logs"]

SUBSCRIPTION: Final = "intake"
GATHER: Final = 0.2
"""Seconds to wait for more records, so that those of a busy moment share one commit."""


class _Logs:
    """The fold of the streams that say which logs have records."""

    views: tuple[View[Any], ...] = (LOGS,)

    def keys(self, event: Happened) -> Iterable[Ref]:
        return [LOGS.ref(_id_of(event.stream))]

    def evolve(self, documents: Mapping[Ref, Any], event: Happened) -> Iterable[Change]:
        return [Change(LOGS, _id_of(event.stream), RecordLog())]


class _Identities:
    """The fold of the streams of one log of records.

    An event that has expired keeps its identity, without the digest of its content. So has any
    other event of such a log that is blank: nothing tells it from one that was a record.
    """

    views: tuple[View[Any], ...] = (IDENTITIES,)

    def keys(self, event: Happened) -> Iterable[Ref]:
        if event.payload is None:
            return []
        return [IDENTITIES.ref(entry_id(category_of(event.stream), event.payload.id))]

    def evolve(self, documents: Mapping[Ref, Any], event: Happened) -> Iterable[Change]:
        return [
            Change(IDENTITIES, id, Identity(event.payload.content)) for _, id in self.keys(event)
        ]


class _Entries:
    """The fold of the projection. An event that has expired is not listed.

    What it says is needed by nothing: `expiring` takes back the entries of such events.
    """

    views: tuple[View[Any], ...] = (ENTRIES,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        record = taken(event)
        if record is None:
            return []
        return [ENTRIES.ref(entry_id(category_of(event.stream), record.id))]

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        record = taken(event)
        if record is None:
            return []
        log = category_of(event.stream)
        id = entry_id(log, record.id)
        if not record.content:
            before: Entry | None = documents[ENTRIES.ref(id)]
            is_its = before is not None and before.stream in (GONE.stream, event.stream)
            return [Change(ENTRIES, id, DELETE)] if is_its else []
        entry = Entry(
            log=log,
            type=event.type,
            emitter=str(record.context.get("EmitterId", "")),
            time=event.time,
            position=event.position,
            stream=event.stream,
            version=event.version,
        )
        return [Change(ENTRIES, id, entry)]


def entries_subscription() -> Projection:
    """The subscription `intake`, which keeps the documents of ENTRIES."""
    return Projection(SUBSCRIPTION, _Entries(), gather=GATHER, needs=())


async def record_logs(store: Store) -> list[Category]:
    """The category of each log that records were taken into, for rebuild and verify."""
    names = [_id_of(head.stream) async for head in all_streams(store, "intake_log")]
    return [_records_of(name) for name in sorted(names)]


def _records_of(log: str) -> Category:
    fold = _Identities()
    return Category(log, TakenCodec(), fold, blank_as=taken, erases_subjects=False)


def _id_of(stream: str) -> str:
    return stream.partition("-")[2]


CATEGORIES: Final = (Category("intake_log", CODEC, _Logs()),)
"""The category that says which logs have records; those logs are `record_logs`."""
