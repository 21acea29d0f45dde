"""Events of the intake decode for ever: that a log was opened, and those of records."""

from pathlib import Path

import msgspec

from gatherlog.apps.intake.events import CODEC, EVENTS, LogOpened, Taken, event_of, taken
from gatherlog.apps.intake.records import read_record, type_check
from gatherlog.core import Event
from tests.apps.intake.made_up import record

GOLDEN = Path(__file__).parents[2] / "golden"


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes().removesuffix(b"\n")


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("intake.*.json"))

    assert files == ["intake.log_opened.1.json", "intake.record_meta.json"]
    assert (LogOpened,) == EVENTS


def test_a_log_that_was_opened_decodes() -> None:
    stored = golden("intake.log_opened.1.json")

    assert CODEC.decode(Event("id", "intake.log_opened", 1, 1, stored)) == LogOpened()
    assert CODEC.encode(LogOpened()) == ("intake.log_opened", 1, stored)


def test_the_meta_of_a_record_decodes_and_is_stored_so_today() -> None:
    made = read_record(record(EventID="a 1", Room="cellar"), type_check())
    event = event_of(made, by="key:1", now=1)
    stored = golden("intake.record_meta.json")

    assert event.meta == stored
    assert taken(msgspec.structs.replace(event, meta=stored)) == Taken(
        event.id, made.content, made.context
    )


def test_an_event_that_has_expired_is_known_by_its_id() -> None:
    assert taken(Event("a-1", "METER_READ", 1, 1, b"")) == Taken("a-1", "", {})


def test_other_events_are_no_records() -> None:
    metas = [b"", b"{", b'{"intake":"x"}', b'{"intake":7,"given":{}}', b'{"given":{"intake":"x"}}']

    assert [taken(Event("a-1", "METER_READ", 1, 1, b"[]", meta=meta)) for meta in metas] == [
        None
    ] * 5
