"""The document of an event: what patterns match and transformers read."""

import pytest

from gatherlog.core.routing.bus_form import bus_event
from gatherlog.core.routing.event_document import document
from tests.core.routing.recorded_events import recorded


def test_a_document_holds_the_events_own_fields_and_its_bus_form() -> None:
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
