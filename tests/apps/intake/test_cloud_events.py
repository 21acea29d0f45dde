"""CloudEvents as records."""

import msgspec
import pytest
from msgspec import UNSET

from gatherlog.apps.intake import IntakeService
from gatherlog.apps.intake.cloud_events import binary_text, read_cloud_event
from gatherlog.apps.intake.reading import RecordQuery, records
from gatherlog.apps.intake.records import BadRecord, read_record, type_check
from gatherlog.core import Store
from gatherlog.core.eventstore.exact_json import encode


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


def test_an_event_with_any_number_of_wrong_attributes_is_refused_with_a_few_of_them() -> None:
    wrong = {f"Wrong-{number}-{'x' * 1000}": 1 for number in range(5_000)}
    with pytest.raises(BadRecord) as refused:
        read_cloud_event(event(**wrong))

    assert len(refused.value.faults) == 20
    assert max(len(fault.pointer) for fault in refused.value.faults) <= 101


@pytest.mark.parametrize("time", ["2026-05-01T12:00:00.5Z", None])
@pytest.mark.parametrize("data", [{"litres": 12}, [1, 2], "text", None, 1.5])
async def test_a_cloud_event_that_was_read_back_can_be_sent_again_as_a_record(
    intake: IntakeService, store: Store, time: str | None, data: object
) -> None:
    sent = intake.read_cloud_event(event(time=time, data=data))
    await intake.take("meters", [sent], by="test")
    (stored,) = (await records(store, RecordQuery(log="meters", entity="m1"), limit=5)).items
    again = intake.read(encode(stored.fields()))

    (repeated,) = await intake.take("meters", [again], by="test")
    (copied,) = await intake.take("copy", [again], by="test")

    assert (repeated.status, copied.status) == ("repeated", "accepted")


@pytest.mark.parametrize("changed", [{"EventID": "/g 8"}, {"ID": "m2"}, {"EmitterId": "x"}])
def test_what_only_looks_like_a_cloud_event_is_read_as_any_record(changed: dict[str, str]) -> None:
    fields = {
        "Timestamp": 1,
        "EventType": "com.example.read",
        "ID": "m1",
        "EmitterId": "/g",
        "EmitterType": "SYSTEM",
        "Data": [],
        "EventID": "/g 7",
        "RecordedAt": 5,
        "specversion": "1.0",
        "id": "7",
        "source": "/g",
        "subject": "m1",
    }
    read_record(msgspec.json.encode(fields), type_check())

    with pytest.raises(BadRecord) as bad:
        read_record(msgspec.json.encode({**fields, **changed}), type_check())

    assert [fault.pointer for fault in bad.value.faults] == ["/EventType", "/Data"]
