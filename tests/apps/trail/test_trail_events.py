"""The event of this app has a golden file: stored events can always be decoded."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from gatherlog.apps.trail.events import CODEC, Accessed, What
from gatherlog.core import Event
from gatherlog.core.eventstore.errors import EventUndecodable

GOLDEN = Path(__file__).parents[2] / "golden"
EXAMPLES: dict[tuple[str, int], msgspec.Struct] = {
    ("trail.accessed", 1): Accessed(
        who="key:0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35", what="guest_read"
    ),
}


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("trail.*.json"))

    assert files == sorted(f"{type}.{schema}.json" for type, schema in EXAMPLES)


@pytest.mark.parametrize(("type", "schema"), EXAMPLES)
def test_what_was_once_stored_decodes_and_is_stored_so_today(type: str, schema: int) -> None:
    stored = (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")
    example = EXAMPLES[type, schema]

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == example
    assert CODEC.encode(example) == (type, schema, stored)


@pytest.mark.parametrize("what", get_args(What))
def test_every_kind_of_access_can_be_stored(what: What) -> None:
    look = Accessed(who="guest:1", what=what)

    assert CODEC.decode(Event("id", *("trail.accessed", 1, 1), CODEC.encode(look)[2])) == look


def test_an_unknown_kind_of_access_is_refused() -> None:
    with pytest.raises(EventUndecodable):
        CODEC.decode(Event("id", "trail.accessed", 1, 1, b'{"who":"x","what":"peeped"}'))
