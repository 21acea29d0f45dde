"""Events of queues decode for ever."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.core.eventstore.events import Event
from gatherlog.core.queues import CATEGORY
from gatherlog.core.queues.events import (
    CODEC,
    MessageDied,
    MessageDiscarded,
    MessageRedriven,
    MessagesSent,
    QueueChanged,
    QueuePurged,
    QueueRemoved,
)

GOLDEN = Path(__file__).parents[2] / "golden"
EXAMPLES: dict[str, msgspec.Struct] = {
    "queue.changed": QueueChanged(most_attempts=3, by="key:0198"),
    "queue.message_died": MessageDied(reason="not acknowledged", attempts=10),
    "queue.message_discarded": MessageDiscarded(by="key:0198", reason="the guest is gone"),
    "queue.message_redriven": MessageRedriven(by="key:0198"),
    "queue.messages_sent": MessagesSent(messages=3),
    "queue.purged": QueuePurged(messages=3, by="key:0198"),
    "queue.removed": QueueRemoved(by="key:0198"),
}


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("queue.*.json"))

    assert files == [f"{type}.1.json" for type in EXAMPLES]
    assert len(CATEGORY.codec.classes()) == len(EXAMPLES)


@pytest.mark.parametrize("type", EXAMPLES)
def test_an_event_is_encoded_and_decoded_as_its_golden_file_says(type: str) -> None:
    golden = (GOLDEN / f"{type}.1.json").read_bytes().removesuffix(b"\n")

    assert CODEC.decode(Event("id", type, 1, 1, golden)) == EXAMPLES[type]
    assert CODEC.encode(EXAMPLES[type]) == (type, 1, golden)
