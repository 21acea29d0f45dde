"""Every event of this app has a golden file: stored events can always be decoded."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.people.events import (
    CODEC,
    AccountCreated,
    AccountRemoved,
    CodeAccepted,
    CodeIssued,
    CodeMistyped,
    KeyCreated,
    KeyRevoked,
    LoginEnded,
    RolesChanged,
    SessionEnded,
    SessionStarted,
)
from gatherlog.apps.people.own_erasure_events import ErasureCancelled, ErasureConfirmed
from gatherlog.apps.people.profile_events import (
    HandleChanged,
    HandleReleased,
    ProfileChanged,
    QuietHours,
)
from gatherlog.core import Event

GOLDEN = Path(__file__).parents[2] / "golden"
ID = "0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ASKER, PLACE = HASH[:32], HASH[32:]
LATER = 1_798_000_000_000_000

EXAMPLES: dict[tuple[str, int], msgspec.Struct] = {
    ("people.account_created", 1): AccountCreated("jürgen@example.org"),
    ("people.account_removed", 1): AccountRemoved("ada@example.org", (HASH,)),
    ("people.code_accepted", 2): CodeAccepted(HASH, ASKER),
    ("people.code_issued", 2): CodeIssued(HASH, 1_795_000_600_000_000, ASKER, PLACE, is_known=True),
    ("people.code_mistyped", 2): CodeMistyped(ASKER, PLACE),
    ("people.handle_changed", 1): HandleChanged("ada_l", "ada", LATER),
    ("people.handle_released", 1): HandleReleased("ada"),
    ("people.erasure_confirmed", 1): ErasureConfirmed(1_790_000_000_000_000),
    ("people.erasure_cancelled", 1): ErasureCancelled(),
    ("people.key_created", 1): KeyCreated(ID, "host", "default", "the door’s tablet", HASH),
    ("people.key_revoked", 1): KeyRevoked(ID, HASH),
    ("people.login_ended", 1): LoginEnded(ID, LATER),
    ("people.roles_changed", 1): RolesChanged(("organiser", "reviewer"), (HASH,)),
    ("people.profile_changed", 1): ProfileChanged(
        display_name="Jürgen",
        time_zone="Europe/Berlin",
        language="de",
        quiet_hours=QuietHours("22:00", "07:00"),
        read_receipts=True,
    ),
    ("people.session_ended", 1): SessionEnded(HASH),
    ("people.session_started", 1): SessionStarted(HASH, LATER),
}

BEFORE: dict[tuple[str, int], msgspec.Struct] = {
    ("people.code_accepted", 1): CodeAccepted("", ""),
    ("people.code_issued", 1): CodeIssued(HASH, 1_795_000_600_000_000, "", "", is_known=False),
    ("people.code_mistyped", 1): CodeMistyped("", ""),
}
"""What is stored otherwise today: then a code was valid everywhere, and an address had one."""


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("people.*.json"))

    assert files == sorted(f"{type}.{schema}.json" for type, schema in EXAMPLES | BEFORE)


@pytest.mark.parametrize(("type", "schema"), EXAMPLES)
def test_what_was_once_stored_decodes_and_is_stored_so_today(type: str, schema: int) -> None:
    stored = (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")
    example = EXAMPLES[type, schema]

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == example
    assert CODEC.encode(example) == (type, schema, stored)


@pytest.mark.parametrize(("type", "schema"), BEFORE)
def test_what_was_stored_before_decodes(type: str, schema: int) -> None:
    stored = (GOLDEN / f"{type}.{schema}.json").read_bytes()

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == BEFORE[type, schema]


def test_a_key_for_an_account_names_it() -> None:
    event = KeyCreated(ID, "member", None, "", HASH, account_id=ID)

    type, schema, stored = CODEC.encode(event)

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == event
    assert stored.endswith(f',"account_id":"{ID}"}}'.encode())


def test_a_key_of_the_intake_names_its_logs() -> None:
    event = KeyCreated(ID, "intake", None, "", HASH, logs=("meters", "doors"))

    type, schema, stored = CODEC.encode(event)

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == event
    assert stored.endswith(b',"logs":["meters","doors"]}')
