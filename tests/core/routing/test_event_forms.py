"""What all forms of an event have in common: nesting, exact numbers, and times."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.exact_json import DEPTH, encode
from gatherlog.core.routing.bus_form import bus_event
from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from gatherlog.core.routing.event_document import document
from tests.core.routing.recorded_events import SITE, recorded


@pytest.mark.parametrize("text", [b"[" * 200 + b"]" * 200, b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_data_nested_too_deep_for_recursion_is_no_json(text: bytes) -> None:
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
def test_a_number_keeps_its_value_in_every_form(number: str) -> None:
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


def test_an_event_that_has_expired_says_so_in_every_form() -> None:
    event = msgspec.structs.replace(recorded(b"{}"), data=b"", meta=b"")

    as_document, as_cloud_event = document(event), cloud_event(event, source=SITE)
    headers = binary_headers(event, source=SITE)

    assert (as_document["data"], as_document["expired"]) == (None, True)
    assert bus_event(event)["detail"] == as_document["detail"]
    assert (as_document["detail"]["payload"], as_document["detail"]["expired"]) == (
        {"id": event.stream.partition("-")[2]},
        True,
    )
    assert as_cloud_event["expired"] is True
    assert not {"data", "data_base64", "datacontenttype"} & as_cloud_event.keys()
    assert (headers["ce-expired"], "content-type" in headers) == ("true", False)


def test_an_event_that_has_not_expired_does_not_say_so() -> None:
    event = recorded(b"null")

    assert "expired" not in document(event) | bus_event(event)["detail"]
    assert "expired" not in cloud_event(event, source=SITE)
