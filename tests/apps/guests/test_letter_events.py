"""Every event of letters has a golden file: what was stored once can always be decoded."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.guests.letter_events import (
    CODEC,
    LetterCounted,
    LetterHeld,
    LetterReleased,
    LetterRequested,
)
from gatherlog.core import Event

GOLDEN = Path(__file__).parents[2] / "golden"
EXAMPLES = [
    LetterRequested(change=7, event_date="2027-06-05T18:00:00", location=None, event_end=None),
    LetterCounted(
        gathering="default",
        account=None,
        address="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    LetterHeld(
        delivery="0d2c6f4e-6b1f-5a36-9d53-5b1e3b0c7a10",
        stream="letters-default",
        version=7,
        guest="ada",
        reason="day",
    ),
    LetterReleased(reason="unconfirmed", held=7),
]


def test_every_event_has_an_example() -> None:
    assert [type(example) for example in EXAMPLES] == list(CODEC.classes())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_event_is_stored_as_its_golden_file_says_and_decodes(example: msgspec.Struct) -> None:
    name, schema, data = CODEC.encode(example)
    stored = (GOLDEN / f"{name}.{schema}.json").read_bytes().removesuffix(b"\n")

    assert data == stored
    assert CODEC.decode(Event("id", name, 1, 1, stored, schema)) == example


def test_a_release_of_an_earlier_version_names_no_letter() -> None:
    stored = (GOLDEN / "letters.letter_released.1.json").read_bytes().removesuffix(b"\n")

    released = CODEC.decode(Event("id", "letters.letter_released", 1, 1, stored, 1))
    assert released == LetterReleased(reason="unconfirmed")
