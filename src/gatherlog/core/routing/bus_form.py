"""The bus form of an event, and the failure envelope: what receivers of a DynamoDB log know.

A log that is kept in DynamoDB and published on EventBridge has its events in this form, so code
that was written to receive those receives Gatherlog's. The constants are those of AWS and of such
a log; nothing else in Gatherlog depends on them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.event_data import decoded_data, time_text

__all__ = ["BUS_LIMIT", "DETAIL_TYPE", "SOURCE", "bus_detail", "bus_event", "failure_envelope"]

SOURCE: Final = "dynamodb-log"
DETAIL_TYPE: Final = "stream changes"
BUS_LIMIT: Final = 10_240
"""Bytes of a bus event's detail, as JSON, beyond which its payload is left out."""


def bus_event(event: Recorded, *, limit: int = BUS_LIMIT) -> dict[str, Any]:
    """The bus form: `{source, detail-type, detail: {log, key: {pk, sk}, type, payload}}`.

    Where the detail is longer than `limit` bytes of JSON, it is `partial` and its payload holds
    nothing but the stream's id: the consumer reads the log.
    """
    log, _, stream_id = event.stream.partition("-")
    detail = bus_detail(event, log, stream_id, decoded_data(event.data)[0])
    if len(encode(detail)) > limit:
        detail |= {"partial": True, "payload": {"id": stream_id}}
    return {"source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail}


def bus_detail(event: Recorded, log: str, stream_id: str, data: Any) -> dict[str, Any]:
    """With the payload as an object that has an `id`: its own, or else the stream's."""
    if type(data) is not dict:
        data = {"value": data}
    return {
        "log": log,
        "key": {"pk": f"{log}#{stream_id}#stream", "sk": event.version},
        "type": event.type,
        "payload": data if "id" in data else {"id": stream_id, **data},
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
    """The envelope for an event that was given up at `at`; `rule` stands for the function."""
    return {
        "version": "1.0",
        "timestamp": time_text(at),
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
