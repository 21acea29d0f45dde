"""The bus form of an event, and the failure envelope."""

from typing import Any

from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.bus_form import bus_event, failure_envelope
from tests.core.routing.recorded_events import recorded


def test_a_bus_event_has_this_exact_json() -> None:
    assert encode(bus_event(recorded())) == (
        b'{"source":"dynamodb-log","detail-type":"stream changes","detail":{"log":"users",'
        b'"key":{"pk":"users#7#stream","sk":3},"type":"signup","payload":{"id":"7","name":"Ada"}}}'
    )


def detail_of(size: int) -> dict[str, Any]:
    """The detail of a bus event whose detail takes so many bytes when it is whole."""
    around = len(encode(bus_event(recorded(b'{"text":""}'))["detail"]))
    pairs, odd = divmod(size - around, 2)
    event = recorded(b'{"text":"%s"}' % ("é" * pairs + "x" * odd).encode())
    detail: dict[str, Any] = bus_event(event)["detail"]
    return detail


def test_a_bus_event_of_10240_bytes_is_whole() -> None:
    detail = detail_of(10_240)

    assert len(encode(detail)) == 10_240
    assert list(detail) == ["log", "key", "type", "payload"]


def test_a_bus_event_of_one_byte_more_is_partial() -> None:
    assert detail_of(10_241) == {
        "log": "users",
        "key": {"pk": "users#7#stream", "sk": 3},
        "type": "signup",
        "payload": {"id": "7"},
        "partial": True,
    }


def test_a_partial_bus_event_names_the_stream_however_long_its_own_id_is() -> None:
    detail = bus_event(recorded(b'{"id":"%s"}' % (b"x" * 20_000)))["detail"]

    assert (detail["partial"], detail["payload"]) == (True, {"id": "7"})


def test_a_failure_envelope_has_these_fields() -> None:
    envelope = failure_envelope(
        bus_event(recorded()),
        rule="welcome",
        delivery_id="d-1",
        attempts=4,
        at=1_790_000_000_000_000,
        status=500,
        kind="status",
        detail="https://hooks.example answered 500",
        trace=("line 1",),
    )

    assert envelope == {
        "version": "1.0",
        "timestamp": "2026-09-21T14:13:20.000000Z",
        "requestContext": {
            "requestId": "d-1",
            "functionArn": "welcome",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 4,
        },
        "requestPayload": bus_event(recorded()),
        "responseContext": {
            "statusCode": 500,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {
            "errorType": "status",
            "errorMessage": "https://hooks.example answered 500",
            "trace": ["line 1"],
        },
    }
