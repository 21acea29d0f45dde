"""The bus form of an event, and the failure envelope: the forms of `dynamodb-logs`.

`dynamodb-logs` is an older system, which keeps a log in DynamoDB and publishes its events on
EventBridge. Receivers that were written for it can be given Gatherlog's events in its form. All
constants of AWS and of that system stand in this module.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.event_data import decoded_data

__all__ = [
    "BUS_LIMIT",
    "DETAIL_TYPE",
    "SOURCE",
    "bus_detail",
    "bus_event",
    "failure_envelope",
    "item_key",
]

SOURCE: Final = "dynamodb-log"
DETAIL_TYPE: Final = "stream changes"
BUS_LIMIT: Final = 10_240
"""Bytes of the detail as JSON; where it is longer, the payload is left out."""


def bus_event(event: Recorded, *, limit: int = BUS_LIMIT) -> dict[str, Any]:
    """The bus form: `{source, detail-type, detail: {log, key: {pk, sk}, type, payload}}`.

    If the detail is longer than `limit` bytes as JSON, it gets `"partial": true` and a payload with
    only the stream's id; the receiver is expected to read the event from the log.
    """
    log, _, stream_id = event.stream.partition("-")
    data = None if event.is_blank else decoded_data(event.data)[0]
    detail = bus_detail(event, log, stream_id, data)
    if len(encode(detail)) > limit:
        detail |= {"partial": True, "payload": {"id": stream_id}}
    return {"source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail}


def bus_detail(event: Recorded, log: str, stream_id: str, data: Any) -> dict[str, Any]:
    """The detail. Its payload is an object with an `id`: that of the data, or else the stream's.

    Data that is not an object becomes the payload's `value`. An event that says nothing any more
    has the stream's `id` alone, and the detail says `"expired": true`.
    """
    if event.is_blank:
        data = {}
    elif type(data) is not dict:
        data = {"value": data}
    detail = {
        "log": log,
        "key": {"pk": item_key(log, stream_id), "sk": event.version},
        "type": event.type,
        "payload": data if "id" in data else {"id": stream_id, **data},
    }
    return {**detail, "expired": True} if event.is_blank else detail


def item_key(log: str, stream_id: str) -> str:
    """The partition key (`pk`) of all items of a stream; their sort key (`sk`) is the version."""
    return f"{log}#{stream_id}#stream"


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
    """The envelope of a failed delivery, in the form in which AWS Lambda reports a failed function.

    `at` is the time when the delivery was given up. The rule stands in the place of the function.
    """
    return {
        "version": "1.0",
        "timestamp": rfc3339(at),
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
