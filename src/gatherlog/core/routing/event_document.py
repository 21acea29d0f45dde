"""The document of an event: what rule patterns are matched on and what transformers read."""

from typing import Any

from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.routing.bus_form import DETAIL_TYPE, SOURCE, bus_detail
from gatherlog.core.routing.event_data import decoded_data, time_text

__all__ = ["document"]


def document(event: Recorded) -> dict[str, Any]:
    """The document of an event. It shares the decoded data, so it must never be changed.

    It holds the event's own fields and its bus form, without the size limit. `data` is the
    decoded payload, or `{"base64": …}` where that is not JSON; `actor` stands there if one is
    recorded. `log` and `stream_id` are the stream's name before and after the first `-`.
    """
    data, _ = decoded_data(event.data)
    log, _, stream_id = event.stream.partition("-")
    time = time_text(event.time)
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
        "recorded": time if event.recorded == event.time else time_text(event.recorded),
        "partition": event.partition,
        "position": event.position,
        "data": data,
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
        "detail": bus_detail(event, log, stream_id, data),
    }
    if (actor := actor_of(event)) is not None:
        found["actor"] = actor
    return found
