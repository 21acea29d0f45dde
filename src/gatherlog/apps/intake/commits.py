"""Commits of the intake: as many records as one commit has room for, with their identities."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gatherlog.apps.intake.events import CODEC, LogOpened, event_of, log_stream
from gatherlog.apps.intake.records import BadRecord, Fault, Record
from gatherlog.apps.intake.views import IDENTITIES, LOGS, Identity, RecordLog, entry_id
from gatherlog.core.commands.event_meta import event_meta
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.store import NEW, Append, Commit, Committed, Limits, Write

__all__ = ["Part", "Prepared", "commit_of", "opening", "prepared", "versions_of"]

TOGETHER: Final = 100
"""Records in one commit, at most, so that other commits need not wait long."""
_MORE_BYTES: Final = 400
"""Of an event and its identity in a commit, beside data and meta, at most."""


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A record with the event that it becomes if it is accepted."""

    record: Record
    event: Event


def prepared(record: Record, limits: Limits, *, by: str, now: int) -> Prepared | BadRecord:
    """The record with its event; BadRecord if the event is too large for the engine."""
    event = event_of(record, by=by, now=now)
    size = len(event.data) + len(event.meta)
    if size <= limits.event_bytes:
        return Prepared(record, event)
    detail = f"has {size:,} bytes; an event has {limits.event_bytes:,} at most"
    return BadRecord(Fault("too_large", "", detail), event_id=record.event_id)


class Part:
    """The records of one commit, and bad ones between them, in the order of the offers."""

    def __init__(self, limits: Limits) -> None:
        each = actions_of(limits, events=1, streams=1, views=[IDENTITIES])
        others = actions_of(limits, events=1, streams=1, views=[LOGS])
        self._most = min(TOGETHER, max(1, (limits.commit_actions - others) // each))
        self._bytes_left = limits.commit_bytes - _MORE_BYTES
        self.offers: list[Prepared | BadRecord] = []
        self.records: list[Prepared] = []

    def has_room(self, offer: Prepared | BadRecord) -> bool:
        """Whether the commit can take one more; an empty part takes any."""
        if len(self.offers) >= TOGETHER:
            return False
        if isinstance(offer, BadRecord) or not self.records:
            return True
        return len(self.records) < self._most and _size(offer) <= self._bytes_left

    def add(self, offer: Prepared | BadRecord) -> None:
        self.offers.append(offer)
        if isinstance(offer, Prepared):
            self.records.append(offer)
            self._bytes_left -= _size(offer)


def commit_of(log: str, accepted: Sequence[Prepared], opened: Event | None) -> Commit:
    """The commit that takes new records; with `opened` it also says that the log has records."""
    events: dict[str, list[Event]] = {}
    writes = []
    for one in accepted:
        stream = _stream(log, one)
        events.setdefault(stream, []).append(one.event)
        id, body = entry_id(log, one.record.key), encode(Identity(one.record.content))
        writes.append(Write(view=IDENTITIES.name, id=id, stream=stream, expects=NEW, body=body))
    appends = [Append(stream, some) for stream, some in events.items()]
    if opened is not None:
        appends.append(Append(log_stream(log), [opened], NEW))
        writes.append(LOGS.write(log, log_stream(log), RecordLog(), expects=NEW))
    return Commit(appends=appends, writes=writes)


def versions_of(
    log: str, accepted: Iterable[Prepared], committed: Committed
) -> dict[str, tuple[str, int]]:
    """By key, the stream and the version of each event that `commit_of` has appended."""
    last: dict[str, int] = dict(committed.streams)
    versions = {}
    for one in reversed([*accepted]):
        stream = _stream(log, one)
        versions[one.record.key] = stream, last[stream]
        last[stream] -= 1
    return versions


def opening(*, by: str, now: int, id: str) -> Event:
    """The event that says that a log has records."""
    type, schema, data = CODEC.encode(LogOpened())
    return Event(id, type, now, now, data, schema, meta=event_meta(by))


def _stream(log: str, one: Prepared) -> str:
    return f"{log}-{one.record.entity}"


def _size(one: Prepared) -> int:
    return len(one.event.data) + len(one.event.meta) + _MORE_BYTES
