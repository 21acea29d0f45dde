"""Events as CloudEvents 1.0: the JSON format, and the headers of the binary mode."""

from typing import Any, Final
from urllib.parse import quote

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.plain_text import made_plain
from gatherlog.core.routing.event_data import decoded_data

__all__ = ["binary_headers", "cloud_event"]


def cloud_event(event: Recorded, *, source: str) -> dict[str, Any]:
    """The event in the JSON format of CloudEvents 1.0; `source` is the site's URL.

    `id` names the stream and the version, so that it is unique in the site and never changes;
    `source` is the stream. Extensions: `eventid` is the id that the event was appended with, which
    callers choose and may repeat; `sequence` is the version in the stream, padded with zeros so
    that it sorts as text, as that extension demands; `partitionkey` is the stream, within which
    order is kept; `schemaversion` is the schema version of the payload; `expired` is true where the
    event says nothing any more, and then there is no data.
    """
    attributes = _attributes(event, source)
    if event.is_blank:
        return {**attributes, "expired": True}
    data, is_json = decoded_data(event.data)
    attributes["datacontenttype"] = _content_type(is_json)
    if is_json:
        return {**attributes, "data": data}
    return {**attributes, "data_base64": data["base64"]}


def binary_headers(event: Recorded, *, source: str) -> dict[str, str]:
    """The headers of the binary mode of CloudEvents; the body is the event's data, unchanged."""
    if event.is_blank:
        attributes = {**_attributes(event, source), "expired": "true"}
        return {f"ce-{name}": _percent(value) for name, value in attributes.items()}
    return {
        "content-type": _content_type(decoded_data(event.data)[1]),
        **{f"ce-{name}": _percent(value) for name, value in _attributes(event, source).items()},
    }


def _attributes(event: Recorded, source: str) -> dict[str, Any]:
    """All attributes except those about the data. An empty subject is left out.

    Names that were stored before they had to be plain text are made plain: the specification
    forbids the rest. `id` and `source` have the whole name, percent-encoded.
    """
    stream = quote(event.stream, safe="")
    attributes = {
        "specversion": "1.0",
        "id": f"{stream}@{event.version}",
        "source": f"{source.rstrip('/')}/streams/{stream}",
        "type": made_plain(event.type),
        "subject": made_plain(event.subject),
        "time": rfc3339(event.time),
        "sequence": f"{event.version:019}",
        "partitionkey": made_plain(event.stream),
        "schemaversion": event.schema,
        "eventid": made_plain(event.id),
    }
    if not event.subject:
        del attributes["subject"]
    return attributes


def _content_type(is_json: bool) -> str:
    return "application/json" if is_json else "application/octet-stream"


_PLAIN: Final = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")


def _percent(value: object) -> str:
    """Percent-encode a header value as the HTTP binding of CloudEvents demands.

    Encoded are space, `"`, `%`, and everything that is not printable ASCII.
    """
    return quote(str(value), safe=_PLAIN)
