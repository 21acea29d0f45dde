"""CloudEvents as records."""

import msgspec
import pytest
from msgspec import UNSET

from gatherlog.apps.intake.cloud_events import binary_text, read_cloud_event
from gatherlog.apps.intake.records import BadRecord


def event(**members: object) -> bytes:
    whole = {
        "specversion": "1.0",
        "id": "e 1",
        "source": "/gateways/7",
        "type": "com.example.read",
        "subject": "m1",
        "time": "2026-05-01T12:00:00.5+02:00",
        "traceparent": "00-ab",
        "data": {"litres": 12},
        **members,
    }
    return msgspec.json.encode({k: v for k, v in whole.items() if v is not UNSET})


def test_a_cloud_event_is_a_record_with_all_its_attributes() -> None:
    made = read_cloud_event(event())

    assert (made.entity, made.type, made.time) == ("m1", "com.example.read", 1_777_629_600_500_000)
    assert (made.event_id, made.data) == ("/gateways/7 e 1", b'{"litres":12}')
    assert made.context == {
        "specversion": "1.0",
        "id": "e 1",
        "source": "/gateways/7",
        "subject": "m1",
        "traceparent": "00-ab",
        "EmitterId": "/gateways/7",
        "EmitterType": "SYSTEM",
        "EventID": "/gateways/7 e 1",
    }


def test_without_subject_and_time_it_is_about_its_source_whenever_it_comes() -> None:
    made = read_cloud_event(event(subject=UNSET, time=None, data=UNSET))

    assert (made.entity, made.time, made.data) == ("/gateways/7", None, b"null")


@pytest.mark.parametrize(
    ("members", "code", "pointer"),
    [
        *[({name: UNSET}, "missing", f"/{name}") for name in ("specversion", "id", "type")],
        ({"source": UNSET}, "missing", "/source"),
        ({"specversion": "0.3"}, "out_of_range", "/specversion"),
        ({"id": ""}, "wrong_form", "/id"),
        ({"id": 5}, "wrong_type", "/id"),
        ({"source": "a b"}, "wrong_form", "/source"),
        ({"subject": "x" * 337}, "too_large", "/subject"),
        ({"time": "yesterday"}, "wrong_form", "/time"),
        ({"time": "2026-05-01T12:00:00"}, "wrong_form", "/time"),
        ({"time": "1969-12-31T23:59:59Z"}, "out_of_range", "/time"),
        ({"data_base64": "AA=="}, "not_taken", "/data_base64"),
        ({"datacontenttype": "text/plain"}, "not_taken", "/datacontenttype"),
        ({"Upper": "a"}, "wrong_form", "/Upper"),
        ({"nested": {"a": 1}}, "wrong_type", "/nested"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_cloud_event_that_is_wrong_names_the_attribute(
    members: dict[str, object], code: str, pointer: str
) -> None:
    with pytest.raises(BadRecord) as bad:
        read_cloud_event(event(**members))

    assert [(fault.code, fault.pointer) for fault in bad.value.faults] == [(code, pointer)]


def test_attributes_may_be_in_headers() -> None:
    headers = {
        b"content-type": b"application/json",
        b"ce-specversion": b"1.0",
        b"ce-id": b"e%201",
        b"ce-source": b"/gateways/7",
        b"ce-type": b"com.example.read",
        b"ce-subject": b"m%C3%BC",
    }

    made = read_cloud_event(binary_text(headers, b'{"litres":  12}'))
    bare = read_cloud_event(binary_text(headers, b""))

    assert (made.event_id, made.entity, made.data) == ("/gateways/7 e 1", "mü", b'{"litres":  12}')
    assert made.context["datacontenttype"] == "application/json"
    assert bare.data == b"null"


@pytest.mark.parametrize("body", [b'1,"type":"other"', b"{", b'{"a":1}}'])
def test_data_that_is_no_json_by_itself_is_refused(body: bytes) -> None:
    with pytest.raises(BadRecord) as bad:
        binary_text({b"ce-specversion": b"1.0"}, body)

    assert [fault.pointer for fault in bad.value.faults] == ["/data"]


def test_a_header_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(BadRecord) as bad:
        binary_text({b"ce-id": b"%FF"}, b"")

    assert [fault.pointer for fault in bad.value.faults] == ["/id"]
