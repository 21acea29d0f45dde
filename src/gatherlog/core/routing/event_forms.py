"""Events as JSON for the world outside: what rules match on, section B's bus event, CloudEvents.

All of them are shared with the decoded data: nobody may change what these functions return.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import DEPTH, decode, encode, is_deep

__all__ = [
    "BUS_LIMIT",
    "binary_headers",
    "bus_event",
    "cloud_event",
    "document",
    "failure_envelope",
]

BUS_LIMIT: Final = 10_240
"""Bytes of a bus event's detail, as JSON, beyond which its payload is left out."""

_FIRST: Final = "0001-01-01T00:00:00.000000Z"
_LAST: Final = "9999-12-31T23:59:59.999999Z"


class _Meta(msgspec.Struct):
    actor: Any = None


def document(event: Recorded) -> dict[str, Any]:
    """What rule patterns are matched on and transformers read; shared, so never to be changed.

    It holds the event's own fields and section B's bus event (without its limit). `data` is the
    decoded payload, or `{"base64": …}` where that is not JSON; `actor` stands there if one is
    recorded. `log` and `stream_id` are the stream's name before and after the first `-`.
    """
    data, _ = _data(event.data)
    log, _, stream_id = event.stream.partition("-")
    time = _moment(event.time)
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
        "recorded": time if event.recorded == event.time else _moment(event.recorded),
        "partition": event.partition,
        "position": event.position,
        "data": data,
        "source": "dynamodb-log",
        "detail-type": "stream changes",
        "detail": _detail(event, log, stream_id, data),
    }
    if event.meta and (actor := _actor(event.meta)) is not None:
        found["actor"] = actor
    return found


def bus_event(event: Recorded, *, limit: int = BUS_LIMIT) -> dict[str, Any]:
    """Section B's bus event: `{source, detail-type, detail: {log, key: {pk, sk}, type, payload}}`.

    Where the detail is longer than `limit` bytes of JSON, it is `partial` and its payload holds
    nothing but the stream's id: the consumer reads the log.
    """
    log, _, stream_id = event.stream.partition("-")
    detail = _detail(event, log, stream_id, _data(event.data)[0])
    if len(encode(detail)) > limit:
        detail |= {"partial": True, "payload": {"id": stream_id}}
    return {"source": "dynamodb-log", "detail-type": "stream changes", "detail": detail}


def cloud_event(event: Recorded, *, source: str) -> dict[str, Any]:
    """The event in CloudEvents 1.0's JSON format; `source` is the site's URL.

    `source` and `id` together are the event's own and never change. Extensions: `sequence` is the
    version in the stream, padded so that its order is that of text, as that extension demands;
    `partitionkey` is the stream, within which order is kept; `schemaversion` is the payload's.
    """
    attributes = _attributes(event, source)
    data, is_json = _data(event.data)
    attributes["datacontenttype"] = _content_type(is_json)
    if is_json:
        return {**attributes, "data": data}
    return {**attributes, "data_base64": data["base64"]}


def binary_headers(event: Recorded, *, source: str) -> dict[str, str]:
    """The headers of CloudEvents' binary mode; the body is the event's data as it is."""
    return {
        "content-type": _content_type(_data(event.data)[1]),
        **{f"ce-{name}": _percent(value) for name, value in _attributes(event, source).items()},
    }


def failure_envelope(
    bus_event: Mapping[str, Any],
    *,
    rule: str,
    delivery_id: str,
    attempts: int,
    at: int,
    status: int | None,
    kind: str,
    detail: str,
    trace: Sequence[str],
) -> dict[str, Any]:
    """Section B's envelope for what was given up at `at`; the rule stands for the function."""
    return {
        "version": "1.0",
        "timestamp": _moment(at),
        "requestContext": {
            "requestId": delivery_id,
            "functionArn": rule,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": dict(bus_event),
        "responseContext": {
            "statusCode": status,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorType": kind, "errorMessage": detail, "trace": list(trace)},
    }


def _detail(event: Recorded, log: str, stream_id: str, data: Any) -> dict[str, Any]:
    """With the payload as an object that has an `id`: its own, or else the stream's."""
    if type(data) is not dict:
        data = {"value": data}
    return {
        "log": log,
        "key": {"pk": f"{log}#{stream_id}#stream", "sk": event.version},
        "type": event.type,
        "payload": data if "id" in data else {"id": stream_id, **data},
    }


def _attributes(event: Recorded, source: str) -> dict[str, Any]:
    """All attributes but those that tell of the data. An empty subject is none."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"{source.rstrip('/')}/streams/{quote(event.stream, safe='')}",
        "type": event.type,
        "subject": event.subject,
        "time": _moment(event.time),
        "sequence": f"{event.version:019}",
        "partitionkey": event.stream,
        "schemaversion": event.schema,
    }
    if not event.subject:
        del attributes["subject"]
    return attributes


def _content_type(is_json: bool) -> str:
    return "application/json" if is_json else "application/octet-stream"


_PLAIN: Final = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")


def _percent(value: object) -> str:
    """As CloudEvents' HTTP binding says: all but printable ASCII, and space, `"` and `%`."""
    return quote(str(value), safe=_PLAIN)


def _data(data: bytes) -> tuple[Any, bool]:
    """The decoded JSON and True; `{"base64": …}` and False for what is none, or nested too deep."""
    try:
        value = decode(data)
        if data.count(b"{") + data.count(b"[") <= DEPTH or not is_deep(value):
            return value, True
    except ValueError:
        pass
    return {"base64": base64.b64encode(data).decode()}, False


_decode_meta = msgspec.json.Decoder(_Meta).decode


def _actor(meta: bytes) -> Any:
    try:
        return _decode_meta(meta).actor
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _moment(micros: int) -> str:
    """RFC 3339, which knows the years 1 to 9999: what lies beyond is its first or last moment."""
    try:
        return rfc3339(micros)
    except OverflowError:
        return _FIRST if micros < 0 else _LAST
