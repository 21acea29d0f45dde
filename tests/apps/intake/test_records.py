"""Reading records: every kind of bad input is named with its place, and nothing is guessed."""

import msgspec
import pytest
from msgspec import UNSET

from gatherlog.apps.intake.records import BadRecord, Record, read_record, type_check
from tests.apps.intake.made_up import NOON, record

CHECK = type_check()


def faults(text: bytes) -> list[tuple[str, str]]:
    with pytest.raises(BadRecord) as bad:
        read_record(text, CHECK)
    return [(fault.code, fault.pointer) for fault in bad.value.faults]


def read(**fields: object) -> Record:
    return read_record(record(**fields), CHECK)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"Timestamp": NaN}', "not_json"),
        (b'{"Timestamp": Infinity}', "not_json"),
        (b'{"ID": "\xff"}', "not_json"),
        (b'{"Timestamp": 1e99999999999999999999}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"Data": ' + b'{"a": ' * 200 + b"1" + b"}" * 201, "too_deep"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"text"', "wrong_type"),
    ],
)
def test_what_is_no_object_that_can_be_kept_is_no_record(text: bytes, code: str) -> None:
    assert faults(text) == [(code, "")]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        *[(name, UNSET, "missing") for name in ("Timestamp", "EventType", "ID", "EmitterId")],
        ("EmitterType", UNSET, "missing"),
        ("Timestamp", "1790000000", "wrong_type"),
        ("Timestamp", True, "wrong_type"),
        ("Timestamp", None, "wrong_type"),
        ("Timestamp", -1, "out_of_range"),
        ("Timestamp", -0.5, "out_of_range"),
        ("Timestamp", 253_402_300_800, "out_of_range"),
        ("Timestamp", 10**400, "out_of_range"),
        ("EventType", 5, "wrong_type"),
        ("EventType", "meterRead", "wrong_form"),
        ("EventType", "METER__READ", "wrong_form"),
        ("EventType", "", "wrong_form"),
        ("EventType", "A" * 401, "too_large"),
        ("ID", 5, "wrong_type"),
        ("ID", "", "wrong_form"),
        ("ID", "a\x00b", "wrong_form"),
        ("ID", "x" * 337, "too_large"),
        ("EmitterId", "", "wrong_form"),
        ("EmitterId", ["x"], "wrong_type"),
        ("EmitterType", {"a": 1}, "wrong_type"),
        ("Data", [], "wrong_type"),
        ("Data", "text", "wrong_type"),
        ("EventID", None, "wrong_type"),
        ("EventID", "", "wrong_form"),
        ("EventID", 7, "wrong_type"),
        ("EventID", "x" * 1_025, "too_large"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_field_that_is_wrong_is_named(field: str, value: object, code: str) -> None:
    assert faults(record(**{field: value})) == [(code, f"/{field}")]


def test_everything_that_is_wrong_is_named() -> None:
    assert faults(b'{"Timestamp": 1e400, "ID": 1}') == [
        ("out_of_range", "/Timestamp"),
        ("missing", "/EventType"),
        ("wrong_type", "/ID"),
        ("missing", "/EmitterId"),
        ("missing", "/EmitterType"),
    ]


@pytest.mark.parametrize(("time", "hint"), [(NOON * 1000, True), (10**18, False)])
def test_milliseconds_are_refused_with_a_hint(time: int, hint: bool) -> None:
    with pytest.raises(BadRecord) as bad:
        read(Timestamp=time)

    assert ("looks like milliseconds" in bad.value.faults[0].detail) is hint


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        (b"0", 0),
        (b"1790000000", 1_790_000_000_000_000),
        (b"1790000000.123456", 1_790_000_000_123_456),
        (b"1790000000.1234565", 1_790_000_000_123_456),
        (b"1790000000.1234575", 1_790_000_000_123_458),
        (b"1.79e9", 1_790_000_000_000_000),
        (b"253402300799.9999999", 253_402_300_799_999_999),
    ],
)
def test_seconds_are_rounded_to_microseconds_as_they_are_written(
    written: bytes, micros: int
) -> None:
    text = record(Timestamp=msgspec.Raw(written))

    assert read_record(text, CHECK).time == micros


def test_data_stays_as_it_was_written_and_none_is_null() -> None:
    spaced = msgspec.Raw(b'{ "n": 0.1000000000000000000001,\n "n": 1e400 }')

    assert read(Data=spaced).data == bytes(spaced)
    assert read(Data=None).data == read(Data=UNSET).data == b"null"


def test_what_else_was_sent_is_context() -> None:
    made = read(Room="cellar", Tags=["a"], Position=5, RecordedAt="then")

    assert made.context == {
        "EmitterId": "gateway-7",
        "EmitterType": "SYSTEM",
        "Room": "cellar",
        "Tags": ["a"],
    }


def test_records_are_the_same_if_all_that_was_sent_is_the_same() -> None:
    one = read_record(b" " + record(Room="cellar"), CHECK)
    members = msgspec.json.decode(record(Room="cellar"))
    turned = msgspec.json.encode(dict(reversed(members.items())))

    assert one.event_id == one.content == read_record(turned, CHECK).content
    assert len({read(**change).content for change in CHANGES}) == len(CHANGES)
    assert read(Data=None).content == read(Data=UNSET).content


CHANGES: list[dict[str, object]] = [
    {},
    {"Timestamp": NOON + 0.000001},
    {"EventType": "METER_LEFT"},
    {"ID": "m2"},
    {"EmitterId": "gateway-8"},
    {"EmitterType": "USER"},
    {"Data": {"litres": 13}},
    {"Data": None},
    {"Room": None},
]


def test_the_event_id_that_was_sent_tells_records_apart() -> None:
    plain, spaced, digest = (read(EventID=id) for id in ("a-1", "a 1", "sha256-of-mine"))

    assert (plain.event_id, plain.key, "EventID" in plain.context) == ("a-1", "a-1", False)
    assert (spaced.event_id, spaced.context["EventID"]) == ("a 1", "a 1")
    assert len({plain.key, spaced.key, digest.key, read().key}) == 4
    assert max(map(len, (spaced.key, digest.key, read().key))) <= 64
    assert plain.content == spaced.content == read().content


def test_a_record_that_was_read_back_is_the_same_record() -> None:
    first = read(Room="cellar")
    again = read(Room="cellar", EventID=first.event_id, Position=7, RecordedAt="2026")

    assert (again.key, again.content, again.context) == (first.key, first.content, first.context)


def test_a_site_may_set_another_form_of_types() -> None:
    check = type_check("[a-z.]+")

    assert read_record(record(EventType="meter.read"), check).type == "meter.read"
    with pytest.raises(BadRecord):
        read_record(record(), check)
