"""Events as CloudEvents: the JSON format, and the headers of the binary mode."""

from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from tests.core.routing.recorded_events import SITE, recorded


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
