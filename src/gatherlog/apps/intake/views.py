"""The documents of the intake: identities, logs, and the entries by which records are found."""

from typing import Any, Final

import msgspec

from gatherlog.core.projections.views import View

__all__ = [
    "ENTRIES",
    "GONE",
    "IDENTITIES",
    "LOGS",
    "VIEWS",
    "Entry",
    "Identity",
    "RecordLog",
    "entry_id",
]


class Identity(msgspec.Struct, frozen=True, gc=False):
    """That a record was taken. It is written with the record, so that none is taken twice."""

    content: str
    """`Record.content`; empty if the event has expired: then every record with this identity counts
    as the same."""


class RecordLog(msgspec.Struct, frozen=True):
    """A log that records were taken into. The document's id is its name."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a record is in the log, and what it is found by."""

    log: str
    type: str
    emitter: str
    time: int
    """When it happened, in microseconds since the epoch."""
    position: int
    stream: str
    version: int


def entry_id(log: str, key: str) -> str:
    """The id of the documents about the record with this `Record.key`."""
    return f"{log}/{key}"


def _listed(entry: Entry, *by: str) -> tuple[str, str, str] | None:
    """The key by which an entry is found; None for GONE."""
    if not entry.log:
        return None
    return ("/".join((entry.log, *by)), *moment(entry.time, entry.position))


def moment(time: int, place: int) -> tuple[str, str]:
    """A sort key: by time, and then by place in the log."""
    return f"{time:020}", f"{place:020}"


IDENTITIES = View("intake_identity", Identity)
LOGS = View("intake_log", RecordLog)
ENTRIES = View(
    "intake_entry",
    Entry,
    by_log=_listed,
    by_type=lambda entry: _listed(entry, entry.type),
    by_emitter=lambda entry: _listed(entry, entry.emitter),
)
"""Records of one entity are read from its stream, so there is no index for them."""
GONE: Final = Entry(log="", type="", emitter="", time=0, position=0, stream="", version=0)
"""Stands for a moment where an entry must not be made, because its event has expired since."""

VIEWS: tuple[View[Any], ...] = (IDENTITIES, LOGS, ENTRIES)
