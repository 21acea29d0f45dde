"""Events as CloudEvents: the JSON format, and the headers of the binary mode."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from tests.core.routing.recorded_events import SITE, recorded


def test_a_cloud_event_has_the_attributes_and_few_extensions() -> None:
    assert cloud_event(recorded(), source=SITE) == {
        "specversion": "1.0",
        "id": "users-7@3",
        "source": "https://party.example/streams/users-7",
        "type": "signup",
        "subject": "ada",
        "time": "2026-09-21T14:13:20.000000Z",
        "sequence": "0000000000000000003",
        "partitionkey": "users-7",
        "schemaversion": 2,
        "eventid": "e-1",
        "datacontenttype": "application/json",
        "data": {"id": "7", "name": "Ada"},
    }


def test_a_cloud_event_without_a_subject_has_no_such_attribute() -> None:
    assert "subject" not in cloud_event(recorded(subject=""), source=SITE)


def test_a_cloud_events_source_is_a_uri_whatever_the_stream_is_called() -> None:
    found = cloud_event(recorded(stream="users-a/b?ü"), source=f"{SITE}/")

    assert found["source"] == "https://party.example/streams/users-a%2Fb%3F%C3%BC"


def test_events_with_one_id_are_two_cloud_events() -> None:
    events = [recorded(version=3), recorded(version=4), recorded(stream="users-8", version=3)]

    found = [cloud_event(event, source=SITE) for event in events]

    assert [one["id"] for one in found] == ["users-7@3", "users-7@4", "users-8@3"]
    assert [one["eventid"] for one in found] == ["e-1"] * 3


@given(st.text(min_size=1), st.text(min_size=1), st.integers(1, 2**63 - 1))
@example("a@1", "a", 1)
@example("a\x01", "a\x02", 1)
def test_no_two_streams_share_an_id(one: str, other: str, version: int) -> None:
    ids = {
        cloud_event(recorded(stream=f"users-{name}", version=at), source=SITE)["id"]
        for name in (one, other)
        for at in (1, 11, version)
    }

    assert len(ids) == len({one, other}) * len({1, 11, version})


FORBIDDEN = ["\x00", "\x1f", "\x7f", "\x85", "\x9f", "\ufdd0", "\ufffe", "\U0001ffff", "\U0010fffe"]


@pytest.mark.parametrize("character", FORBIDDEN)
def test_no_attribute_has_a_character_that_cloud_events_forbid(character: str) -> None:
    odd = f"users-{character}"

    found = cloud_event(recorded(id="\x7f", stream=odd, type=odd, subject=odd), source=SITE)

    for name in ("type", "subject", "partitionkey"):
        assert found[name] == "users-\ufffd"
    assert found["eventid"] == "\ufffd"
    assert found["id"] == f"{quote(odd)}@3"


def test_a_cloud_event_of_what_is_no_json_has_binary_data() -> None:
    found = cloud_event(recorded(b"\xff"), source=SITE)

    assert (found["datacontenttype"], found["data_base64"]) == ("application/octet-stream", "/w==")
    assert "data" not in found


def test_binary_mode_has_all_attributes_as_headers() -> None:
    assert binary_headers(recorded(), source=SITE) == {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "users-7@3",
        "ce-source": "https://party.example/streams/users-7",
        "ce-type": "signup",
        "ce-subject": "ada",
        "ce-time": "2026-09-21T14:13:20.000000Z",
        "ce-sequence": "0000000000000000003",
        "ce-partitionkey": "users-7",
        "ce-schemaversion": "2",
        "ce-eventid": "e-1",
    }
    assert binary_headers(recorded(b"\xff"), source=SITE)["content-type"] == (
        "application/octet-stream"
    )


def test_a_header_is_percent_encoded_as_the_binding_has_it() -> None:
    """With the binding's own example, and with what could begin another header, made plain."""
    for subject, header in [
        ("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
        ('50 % "off"\r\nx: y\x7f', "50%20%25%20%22off%22%EF%BF%BD%EF%BF%BDx:%20y%EF%BF%BD"),
        ("a-b_c~d!#$&'()*+,/:;=?@[\\]^`{|}", "a-b_c~d!#$&'()*+,/:;=?@[\\]^`{|}"),
    ]:
        assert binary_headers(recorded(subject=subject), source=SITE)["ce-subject"] == header
