"""The document of an event: the JSON object that patterns match and transformers read."""

from typing import Any, Final

from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.routing.bus_form import DETAIL_TYPE, SOURCE, bus_detail
from gatherlog.core.routing.event_data import decoded_data

__all__ = ["FIELDS", "document"]

FIELDS: Final = frozenset(
    {
        "actor",
        "data",
        "detail",
        "detail-type",
        "expired",
        "id",
        "log",
        "partition",
        "position",
        "recorded",
        "schema",
        "source",
        "stream",
        "stream_id",
        "subject",
        "time",
        "type",
        "version",
    }
)
"""All fields that a document may have."""


def document(event: Recorded) -> dict[str, Any]:
    """The document of an event, which must not be changed: its parts are shared.

    It holds the event's own fields and, beside them, the fields of its bus form without that
    form's size limit. `data` is the decoded payload, or `{"base64": …}` if that is not JSON.
    `actor` is there only if one is recorded. An event that says nothing any more has `data` null
    and `expired` true, which no other event has. `log` and `stream_id` are the parts of the
    stream's name before and after the first `-`.
    """
    data = None if event.is_blank else decoded_data(event.data)[0]
    log, _, stream_id = event.stream.partition("-")
    time = rfc3339(event.time)
    found = {
        "id": event.id,
        "type": event.type,
        "schema": event.schema,
        "stream": event.stream,
        "log": log,
        "stream_id": stream_id,
        "version": event.version,
        "subject": event.subject,
        "time": time,
        "recorded": time if event.recorded == event.time else rfc3339(event.recorded),
        "partition": event.partition,
        "position": event.position,
        "data": data,
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
        "detail": bus_detail(event, log, stream_id, data),
    }
    if (actor := actor_of(event)) is not None:
        found["actor"] = actor
    if event.is_blank:
        found["expired"] = True
    return found
