"""What an event looks like outside: documents, bus events, CloudEvents, failure envelopes."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import DEPTH, encode
from gatherlog.core.routing.bus_form import bus_event, failure_envelope
from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from gatherlog.core.routing.event_document import document

SITE = "https://party.example"


def recorded(data: bytes = b'{"id":"7","name":"Ada"}', **fields: Any) -> Recorded:
    event = Recorded(
        partition=1,
        position=9,
        stream="users-7",
        version=3,
        id="e-1",
        type="signup",
        time=1_790_000_000_000_000,
        recorded=1_790_000_000_000_500,
        data=data,
        schema=2,
        subject="ada",
        meta=b'{"actor":"guest:7"}',
    )
    return msgspec.structs.replace(event, **fields)


def test_a_document_holds_the_events_own_fields_and_section_bs_bus_event() -> None:
    assert document(recorded()) == {
        "id": "e-1",
        "type": "signup",
        "schema": 2,
        "stream": "users-7",
        "log": "users",
        "stream_id": "7",
        "version": 3,
        "subject": "ada",
        "time": "2026-09-21T14:13:20.000000Z",
        "recorded": "2026-09-21T14:13:20.000500Z",
        "partition": 1,
        "position": 9,
        "data": {"id": "7", "name": "Ada"},
        "actor": "guest:7",
        "source": "dynamodb-log",
        "detail-type": "stream changes",
        "detail": {
            "log": "users",
            "key": {"pk": "users#7#stream", "sk": 3},
            "type": "signup",
            "payload": {"id": "7", "name": "Ada"},
        },
    }


def test_a_streams_id_is_all_that_follows_the_first_dash() -> None:
    found = document(recorded(stream="gathering-0198-ab"))

    assert (found["log"], found["stream_id"]) == ("gathering", "0198-ab")
    assert found["detail"]["key"] == {"pk": "gathering#0198-ab#stream", "sk": 3}


@pytest.mark.parametrize(
    "meta", [b"", b"{}", b"not json", b"[1]", b'"actor"', b"\xff", b"[" * 9999]
)
def test_a_document_without_an_actor_has_no_such_field(meta: bytes) -> None:
    assert "actor" not in document(recorded(meta=meta))


@pytest.mark.parametrize(
    ("data", "decoded", "payload"),
    [
        (b'{"name":"Ada"}', {"name": "Ada"}, {"id": "7", "name": "Ada"}),
        (b'{"id":8}', {"id": 8}, {"id": 8}),
        (b"[1,2]", [1, 2], {"id": "7", "value": [1, 2]}),
        (b"null", None, {"id": "7", "value": None}),
        (b"", {"base64": ""}, {"id": "7", "base64": ""}),
        (b"\xff\x00", {"base64": "/wA="}, {"id": "7", "base64": "/wA="}),
        (b'"\\ud800"', {"base64": "Ilx1ZDgwMCI="}, {"id": "7", "base64": "Ilx1ZDgwMCI="}),
        (b"NaN", {"base64": "TmFO"}, {"id": "7", "base64": "TmFO"}),
    ],
)
def test_a_payload_is_an_object_with_an_id_whatever_the_data(
    data: bytes, decoded: object, payload: object
) -> None:
    found = document(recorded(data))

    assert (found["data"], found["detail"]["payload"]) == (decoded, payload)
    assert bus_event(recorded(data))["detail"]["payload"] == payload


@pytest.mark.parametrize("text", [b"[" * 200 + b"]" * 200, b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_data_nested_too_deep_for_whoever_recurses_is_no_json(text: bytes) -> None:
    assert list(document(recorded(text))["data"]) == ["base64"]
    assert "data_base64" in cloud_event(recorded(text), source=SITE)


def test_data_with_many_brackets_side_by_side_is_json() -> None:
    text = b"[" + b",".join([b"[[{}]]"] * DEPTH) + b"]"

    assert document(recorded(text))["data"] == [[[{}]]] * DEPTH


@pytest.mark.parametrize(
    "number",
    [
        "12.34",
        "-0.1",
        "100000000000000000000000000000000000000001",
        "9007199254740993",
        "0.1000000000000000000001",
        "123456789012345678.123456789",
        "1E+400",
    ],
)
def test_a_number_keeps_its_value_in_every_format(number: str) -> None:
    event = recorded(b'{"n":%s}' % number.encode())
    text = b'"n":%s}' % number.encode()

    assert text in encode(document(event)["data"])
    assert text in encode(bus_event(event))
    assert text in encode(cloud_event(event, source=SITE))


def test_a_number_that_no_program_can_hold_leaves_its_data_as_base64() -> None:
    for number in (b"1e9999999999999999999", b"9" * 10_000):
        assert list(document(recorded(number))["data"]) == ["base64"]


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_comes_out_as_the_same_number(number: Decimal) -> None:
    event = recorded(f'{{"n":{number}}}'.encode())

    [written] = msgspec.json.decode(
        encode(bus_event(event)["detail"]["payload"]["n"]).join([b"[", b"]"]), type=list[Decimal]
    )

    assert written == number


@pytest.mark.parametrize(
    ("micros", "time"),
    [
        (2**63 - 1, "9999-12-31T23:59:59.999999Z"),
        (1 - 2**63, "0001-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_beyond_the_calendar_is_its_first_or_last_moment(micros: int, time: str) -> None:
    assert document(recorded(time=micros))["time"] == time
    assert cloud_event(recorded(time=micros), source=SITE)["time"] == time


def test_a_bus_event_has_section_bs_exact_shape() -> None:
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


def test_a_cloud_event_has_the_attributes_and_few_extensions() -> None:
    assert cloud_event(recorded(), source=SITE) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "https://party.example/streams/users-7",
        "type": "signup",
        "subject": "ada",
        "time": "2026-09-21T14:13:20.000000Z",
        "sequence": "0000000000000000003",
        "partitionkey": "users-7",
        "schemaversion": 2,
        "datacontenttype": "application/json",
        "data": {"id": "7", "name": "Ada"},
    }


def test_a_cloud_event_without_a_subject_has_no_such_attribute() -> None:
    assert "subject" not in cloud_event(recorded(subject=""), source=SITE)


def test_a_cloud_events_source_is_a_uri_whatever_the_stream_is_called() -> None:
    found = cloud_event(recorded(stream="users-a/b?ü"), source=f"{SITE}/")

    assert found["source"] == "https://party.example/streams/users-a%2Fb%3F%C3%BC"


def test_a_cloud_event_of_what_is_no_json_has_binary_data() -> None:
    found = cloud_event(recorded(b"\xff"), source=SITE)

    assert (found["datacontenttype"], found["data_base64"]) == ("application/octet-stream", "/w==")
    assert "data" not in found


def test_binary_mode_has_all_attributes_as_headers() -> None:
    assert binary_headers(recorded(), source=SITE) == {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": "https://party.example/streams/users-7",
        "ce-type": "signup",
        "ce-subject": "ada",
        "ce-time": "2026-09-21T14:13:20.000000Z",
        "ce-sequence": "0000000000000000003",
        "ce-partitionkey": "users-7",
        "ce-schemaversion": "2",
    }
    assert binary_headers(recorded(b"\xff"), source=SITE)["content-type"] == (
        "application/octet-stream"
    )


def test_a_header_is_percent_encoded_as_the_binding_has_it() -> None:
    """With the binding's own example, and with what could begin another header."""
    for subject, header in [
        ("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
        ('50 % "off"\r\nx: y\x7f', "50%20%25%20%22off%22%0D%0Ax:%20y%7F"),
        ("a-b_c~d!#$&'()*+,/:;=?@[\\]^`{|}", "a-b_c~d!#$&'()*+,/:;=?@[\\]^`{|}"),
    ]:
        assert binary_headers(recorded(subject=subject), source=SITE)["ce-subject"] == header


def test_a_failure_envelope_has_section_bs_exact_shape() -> None:
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
