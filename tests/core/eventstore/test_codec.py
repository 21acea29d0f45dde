"""The codec: every stored event decodes for ever, and what does not decode is an error."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Codec, Event, event_type
from gatherlog.core.eventstore.errors import EventUndecodable, EventUnknown
from gatherlog.core.eventstore.events import Upcaster


@event_type("tests.seat_taken", schema=3)
class SeatTaken(msgspec.Struct, frozen=True):
    """Schema 1 had `guest`, schema 2 a table or null, schema 3 has a name, and a table or ""."""

    name: str
    seats: int
    table: str = ""


@event_type("tests.note_left")
class NoteLeft(msgspec.Struct, frozen=True):
    text: str
    weight: float
    number: int


def _add_table(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "table": None}


def _rename(old: dict[str, Any]) -> dict[str, Any]:
    return {"name": old["guest"], "seats": old["seats"], "table": old["table"] or ""}


UPCASTERS: dict[tuple[str, int], Upcaster] = {
    ("tests.seat_taken", 1): _add_table,
    ("tests.seat_taken", 2): _rename,
}
CODEC = Codec([SeatTaken, NoteLeft], UPCASTERS)


class Golden(msgspec.Struct):
    """An event as some version has stored it."""

    type: str
    schema: int
    data: str


GOLDEN = msgspec.json.decode(
    (Path(__file__).parent / "golden_events.json").read_bytes(), type=list[Golden]
)


def stored(type: str, schema: int, data: bytes) -> Event:
    return Event("e-1", type, 0, 0, data, schema)


def test_what_was_stored_by_any_version_decodes_to_the_class_of_today() -> None:
    decoded = [CODEC.decode(stored(g.type, g.schema, g.data.encode())) for g in GOLDEN]

    assert decoded == [
        SeatTaken("Ada", 2),
        SeatTaken("Ada", 2),
        SeatTaken("Ada", 2),
        NoteLeft("Zoë 雷 🎉 \x00", 12.34, 9007199254740993),
    ]


def test_what_is_stored_today_is_what_the_golden_file_says() -> None:
    current = [CODEC.encode(payload) for payload in (SeatTaken("Ada", 2), decoded_note())]

    assert current == [(g.type, g.schema, g.data.encode()) for g in GOLDEN[2:]]


def decoded_note() -> NoteLeft:
    return NoteLeft("Zoë 雷 🎉 \x00", 12.34, 9007199254740993)


def test_fields_that_came_later_have_their_defaults() -> None:
    event = stored("tests.seat_taken", 3, b'{"name":"Ada","seats":1,"unheard":true}')

    assert CODEC.decode(event) == SeatTaken("Ada", 1, "")


@pytest.mark.parametrize(("type", "schema"), [("tests.unheard", 1), ("tests.seat_taken", 4)])
def test_an_unknown_type_or_schema_is_an_error(type: str, schema: int) -> None:
    assert not CODEC.knows(type, schema)
    with pytest.raises(EventUnknown):
        CODEC.decode(stored(type, schema, b"{}"))


def test_a_codec_knows_every_schema_that_it_can_lift() -> None:
    assert [CODEC.knows("tests.seat_taken", schema) for schema in range(5)] == [
        False,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("schema", [1, 2, 3])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'{"name":1,"guest":1,"seats":2,"table":null}',
        b'{"name":"A","guest":"A","seats":"2","table":null}',
        b'{"name":"\xff","guest":"\xff","seats":2,"table":""}',
    ],
)
def test_data_that_does_not_fit_is_an_error(schema: int, data: bytes) -> None:
    with pytest.raises(EventUndecodable, match=f"seat_taken' schema {schema}"):
        CODEC.decode(stored("tests.seat_taken", schema, data))


def test_many_decode_as_they_do_one_by_one() -> None:
    events = [stored(g.type, g.schema, g.data.encode()) for g in GOLDEN] * 3

    assert CODEC.decode_all(events) == [CODEC.decode(event) for event in events]
    assert CODEC.decode_all([]) == []


@pytest.mark.parametrize(
    ("type", "schema", "data"),
    [
        ("tests.unheard", 1, b"{}"),
        ("tests.seat_taken", 4, b"{}"),
        ("tests.seat_taken", 3, b"{"),
        ("tests.seat_taken", 3, b'{"name":1,"seats":2}'),
        ("tests.seat_taken", 3, b'{"name":"\xff","seats":2}'),
        ("tests.seat_taken", 1, b"{}"),
        ("tests.note_left", 1, b"null"),
    ],
)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_one_among_many_that_does_not_decode_fails_as_it_does_alone(
    type: str, schema: int, data: bytes, place: int
) -> None:
    wrong = stored(type, schema, data)
    events = [stored(g.type, g.schema, g.data.encode()) for g in GOLDEN]
    events.insert(place, wrong)
    with pytest.raises((EventUnknown, EventUndecodable)) as alone:
        CODEC.decode(wrong)

    with pytest.raises(alone.type, match=f"^{re.escape(str(alone.value))}$"):
        CODEC.decode_all(events)


def test_a_class_that_is_not_registered_is_not_encoded() -> None:
    class Unheard(msgspec.Struct):
        pass

    with pytest.raises(EventUnknown, match="Unheard"):
        CODEC.encode(Unheard())
    with pytest.raises(EventUnknown, match="NoteLeft"):
        Codec([SeatTaken]).encode(decoded_note())


def test_one_name_stands_for_one_class() -> None:
    @event_type("tests.note_left", schema=2)
    class Other(msgspec.Struct):
        pass

    with pytest.raises(ValueError, match=r"two classes are registered as 'tests\.note_left'"):
        Codec([NoteLeft, Other])


def test_a_gap_between_upcasters_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="missing"):
        Codec([SeatTaken], {("tests.seat_taken", 1): _add_table})


@pytest.mark.parametrize("key", [("tests.seat_taken", 3), ("tests.unheard", 1)])
def test_an_upcaster_that_leads_nowhere_is_refused_at_once(key: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="leads to no registered class"):
        Codec([SeatTaken], {**UPCASTERS, key: _rename})
