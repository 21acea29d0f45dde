"""What the intake writes into the log: records as events of the streams of their log.

The event of the record about the entity `42` in the log `meters` is in the stream `meters-42`. It
has the record's EventType as its type, the Timestamp as its time, the EventID as its id, and `Data`
as its data. What else was sent is its context: it is in the meta, as what the caller gave. The data
and the meta of an event that has expired are blank.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.intake.records import Record
from gatherlog.core.commands.event_meta import meta_with_given
from gatherlog.core.eventstore.events import Codec, Event, Recorded, event_type
from gatherlog.core.eventstore.exact_json import decoder

__all__ = ["CODEC", "EVENTS", "LogOpened", "Taken", "TakenCodec", "event_of", "log_stream", "taken"]


@event_type("intake.log_opened")
class LogOpened(msgspec.Struct, frozen=True):
    """The first record of a log was taken; the stream has the log's name."""


EVENTS: tuple[type[msgspec.Struct], ...] = (LogOpened,)
CODEC: Final = Codec(EVENTS)


class Taken(msgspec.Struct, frozen=True):
    """What the event of a record holds beside its type, time and data."""

    id: str
    """The event's id, which is the record's `Record.key`."""
    content: str
    """`Record.content`; empty if the event has expired."""
    context: Mapping[str, Any]
    """`Record.context`; empty if the event has expired."""


class _Meta(msgspec.Struct, frozen=True):
    intake: str
    given: Mapping[str, Any]


_MARK: Final = b'"intake":"'
_decode_meta = decoder(_Meta)


class TakenCodec(Codec):
    """The codec of the logs of records, whose events have any type: it decodes to `Taken`."""

    def __init__(self) -> None:
        super().__init__(())

    def decode(self, event: Event | Recorded) -> Taken | None:
        """What is known of a record; None for an event that was appended in another way."""
        return taken(event)


def log_stream(log: str) -> str:
    """The stream that says that a log has records."""
    return f"intake_log-{log}"


def event_of(record: Record, *, by: str, now: int) -> Event:
    """The event of a record that is taken at the time `now`."""
    return Event(
        id=record.key,
        type=record.type,
        time=now if record.time is None else record.time,
        recorded=now,
        data=record.data,
        meta=meta_with_given(by, record.context, intake=record.content),
    )


def taken(event: Event | Recorded) -> Taken | None:
    """What the event of a record holds; None for an event that was appended in another way."""
    if not event.meta and not event.data:  # it is blank
        return Taken(event.id, "", {})
    if _MARK not in event.meta:
        return None
    try:
        found = _decode_meta(event.meta)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Taken(event.id, found.intake, found.given)
