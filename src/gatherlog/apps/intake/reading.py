"""Reading records back: those of one entity from its stream, others by type, emitter or time."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from gatherlog.apps.intake.events import Taken, taken
from gatherlog.apps.intake.records import MICROS
from gatherlog.apps.intake.views import ENTRIES, Entry, moment
from gatherlog.core.commands.service import Listing, search
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import bytes_of_events, event_bytes
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import stream_events
from gatherlog.core.routing.event_data import json_line

__all__ = ["RecordQuery", "StoredRecord", "records"]

_MOST_READS: Final = 10
"""Reads of the index for one page, however few of the records fit."""
_AT_ONCE: Final = 50
"""Events that are read at the same time."""


_NO_END: Final = (2**63, 0)


class RecordQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records of a log: those that match all that is given."""

    log: str
    entity: str | None = None
    type: str | None = None
    emitter: str | None = None
    since: int | None = None
    """Inclusive; microseconds since the epoch, as `until`, which is exclusive."""
    until: int | None = None


class StoredRecord(msgspec.Struct, frozen=True):
    """A record in the log."""

    event: Recorded
    taken: Taken

    def fields(self) -> dict[str, Any]:
        """The record as it was sent, with its EventID, its position and when it was recorded.

        To be encoded by `exact_json.encode`. It has no line breaks between values.
        """
        event, context = self.event, dict(self.taken.context)
        seconds, micros = divmod(event.time, MICROS)
        return {
            "Timestamp": Decimal(event.time) / MICROS if micros else seconds,
            "EventType": event.type,
            "ID": event.stream.partition("-")[2],
            "EmitterId": context.pop("EmitterId", None),
            "EmitterType": context.pop("EmitterType", None),
            "Data": msgspec.Raw(json_line(event.data) or b"null"),
            "EventID": context.pop("EventID", event.id),
            **context,
            "Position": event.position,
            "RecordedAt": rfc3339(event.recorded),
        }


async def records(
    store: Store, query: RecordQuery, *, limit: int, cursor: str | None = None
) -> Listing[StoredRecord]:
    """A page of records by the time when they happened, and then by place in the log.

    Those of one entity are read from its stream, and are there at once; others are found shortly
    after they were taken. No record is listed twice. A page may have fewer than `limit` although it
    has a cursor. Raises CursorInvalid.
    """
    if query.entity is not None:
        return await _of_entity(store, query, limit, cursor)
    index, partition, fits = _index(query)
    wanted = ENTRIES.query(
        index,
        partition,
        since=() if query.since is None else moment(query.since, 0)[:1],
        until=() if query.until is None else moment(query.until, 0)[:1],
        limit=limit,
        cursor=cursor,
    )
    entries = await search(store, ENTRIES, wanted, fits, most_reads=_MOST_READS)
    found, read = await _events(store, [entry.body for entry in entries.items])
    if read < len(entries.items):  # they have too many bytes: the cursor is that of fewer
        wanted = msgspec.structs.replace(wanted, limit=read)
        entries = await search(store, ENTRIES, wanted, fits, most_reads=_MOST_READS)
    return Listing(found, entries.cursor)


def _index(query: RecordQuery) -> tuple[str, str, Callable[[Entry], bool] | None]:
    """The index to use, its partition key, and what else has to fit."""
    type = query.type
    if query.emitter is not None:
        fits = None if type is None else lambda entry: entry.type == type
        return "by_emitter", f"{query.log}/{query.emitter}", fits
    if type is not None:
        return "by_type", f"{query.log}/{type}", None
    return "by_log", query.log, None


async def _events(store: Store, entries: Sequence[Entry]) -> tuple[list[StoredRecord], int]:
    """The records of the first of these entries, in as many bytes as a page has, and how many
    entries these are. Records that have expired since are left out."""
    found: list[StoredRecord] = []
    size = 0
    for start in range(0, len(entries), _AT_ONCE):
        reads = [
            store.read_stream(entry.stream, after=entry.version - 1, limit=1)
            for entry in entries[start : start + _AT_ONCE]
        ]
        for number, page in enumerate(await asyncio.gather(*reads), start):
            size += bytes_of_events(page)
            if number and size > store.limits.page_bytes:
                return found, number
            found += [record for event in page if (record := _stored(event)) is not None]
    return found, len(entries)


async def _of_entity(
    store: Store, query: RecordQuery, limit: int, cursor: str | None
) -> Listing[StoredRecord]:
    """The stream is read whole, since its events are in the order in which they were recorded; no
    more than a page of them is held."""
    of = fingerprint("intake", *map(str, msgspec.structs.astuple(query)))
    after = (-1, 0) if cursor is None else read_cursor(cursor, store.id, of, tuple[int, int])
    page = _FirstRecords(limit, store.limits.page_bytes)
    async for event in stream_events(store, f"{query.log}-{query.entity}"):
        if after < (event.time, event.version) < page.end:
            record = _stored(event)
            if record is not None and _fits(record, query):
                page.add(record)
    found = page.records()
    if page.end == _NO_END or not found:
        return Listing(found, None)
    last = found[-1].event
    return Listing(found, write_cursor(store.id, of, (last.time, last.version)))


class _FirstRecords:
    """The first of many records that come in any order: as many as a page has."""

    def __init__(self, limit: int, most_bytes: int) -> None:
        self._limit = limit
        self._bytes_left = most_bytes
        self._heap: list[tuple[int, int, StoredRecord]] = []
        self.end = _NO_END
        """The place of the first record that the page has no room for."""

    def add(self, record: StoredRecord) -> None:
        event = record.event
        heapq.heappush(self._heap, (-event.time, -event.version, record))
        self._bytes_left -= event_bytes(event)
        while len(self._heap) > self._limit or (self._bytes_left < 0 and len(self._heap) > 1):
            time, version, dropped = heapq.heappop(self._heap)
            self.end = -time, -version
            self._bytes_left += event_bytes(dropped.event)

    def records(self) -> list[StoredRecord]:
        """The records in order."""
        return [
            record for _, _, record in sorted(self._heap, key=lambda kept: (-kept[0], -kept[1]))
        ]


def _fits(record: StoredRecord, query: RecordQuery) -> bool:
    time = record.event.time
    return (
        (query.type is None or record.event.type == query.type)
        and (query.emitter is None or record.taken.context.get("EmitterId") == query.emitter)
        and (query.since is None or time >= query.since)
        and (query.until is None or time < query.until)
    )


def _stored(event: Recorded) -> StoredRecord | None:
    """The record of an event; None where it has expired, or was appended in another way."""
    found = taken(event)
    return StoredRecord(event, found) if found is not None and found.content else None
