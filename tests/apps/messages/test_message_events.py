"""Every event of this app has a golden file: stored events can always be decoded."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.messages.events import (
    CODEC,
    EVENTS,
    About,
    Arrived,
    BlockChanged,
    ConversationStarted,
    Deleted,
    Edited,
    Expired,
    Joined,
    Left,
    MarkedRead,
    MemberAdded,
    MemberRemoved,
    MembersInvited,
    MuteChanged,
    ReadByOther,
    ReminderDue,
    ReminderPostponed,
    ReminderUnneeded,
    Reported,
    Revised,
    Sent,
    SpreadRequested,
    Withdrawn,
)
from gatherlog.core import Event

GOLDEN = Path(__file__).parents[2] / "golden"
ADA = "0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35"
BOB = "0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c36"
TALK = "0198f3c2-8000-7000-8000-000000000001"
ORDER = 1_795_000_600_000_000

EXAMPLES: tuple[msgspec.Struct, ...] = (
    ConversationStarted(
        members=(ADA, BOB),
        is_pair=False,
        title="Höfe",
        announce_only=True,
        about=About("gathering", "default"),
    ),
    MemberAdded(BOB, 1),
    MemberRemoved(BOB, 1, ADA),
    MembersInvited((ADA, BOB)),
    Sent(ADA, "Grüße\n💐", About("gathering", "default")),
    Edited("Grüße"),
    Deleted(),
    Reported(BOB, "rude", ADA, "Grüße"),
    Expired(
        messages=((3, ADA), (4, BOB)),
        reports=(f"{TALK}.4/{BOB}",),
        about=About("gathering", "default"),
    ),
    SpreadRequested("edited"),
    Joined(TALK, 0, 7, ORDER, 12),
    Arrived(TALK, 8, 1, 1, ORDER, 12),
    Revised(TALK, 8),
    Withdrawn(TALK, 8, False),
    MarkedRead(TALK, 8, 2),
    ReadByOther(TALK, BOB, 8),
    MuteChanged(TALK, True),
    Left(TALK),
    BlockChanged(BOB, True),
    ReminderDue(),
    ReminderPostponed(ORDER),
    ReminderUnneeded(),
)


def name(example: msgspec.Struct) -> str:
    type, schema, _ = CODEC.encode(example)
    return f"{type}.{schema}.json"


def test_every_event_has_an_example_and_every_golden_file_too() -> None:
    files = sorted(path.name for path in GOLDEN.glob("messages.*.json"))

    assert [type(example) for example in EXAMPLES] == list(EVENTS)
    assert files == sorted(map(name, EXAMPLES))


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_what_was_once_stored_decodes_and_is_stored_so_today(example: msgspec.Struct) -> None:
    stored = (GOLDEN / name(example)).read_bytes().removesuffix(b"\n")
    type, schema, encoded = CODEC.encode(example)

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == example
    assert encoded == stored


@pytest.mark.parametrize("kind", [Sent, Edited, Reported])
def test_an_event_with_a_text_decodes_without_its_body(kind: type[msgspec.Struct]) -> None:
    type, schema, _ = CODEC.encode(kind())

    assert CODEC.decode(Event("id", type, 1, 1, b"{}", schema)) == kind()
