"""Every event of keys has a golden file; what was once stored decodes for ever."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.people.events import CODEC, KeyCreated, KeyRevoked
from gatherlog.core import Event

GOLDEN = Path(__file__).parents[2] / "golden"
ID = "0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

EXAMPLES: dict[tuple[str, int], msgspec.Struct] = {
    ("people.key_created", 1): KeyCreated(ID, "host", "default", "the door’s tablet", HASH),
    ("people.key_revoked", 1): KeyRevoked(ID, HASH),
}


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("people.*.json"))

    assert files == sorted(f"{type}.{schema}.json" for type, schema in EXAMPLES)


@pytest.mark.parametrize(("type", "schema"), EXAMPLES)
def test_what_was_once_stored_decodes_and_is_stored_so_today(type: str, schema: int) -> None:
    stored = (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")
    example = EXAMPLES[type, schema]

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == example
    assert CODEC.encode(example) == (type, schema, stored)
