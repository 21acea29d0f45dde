"""Events of erasures and of redacted dead letters: what is stored of them decodes for ever."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.core.eventstore.events import Codec, Event
from gatherlog.core.retention.erasures import (
    ERASING_CODEC,
    ErasureBegun,
    ErasureChecked,
    ErasureDone,
)
from gatherlog.core.subscriptions.dead_letters import CODEC, DeadLetter, DeliveryRedacted

GOLDEN = Path(__file__).parents[2] / "golden"
REDACTED = DeadLetter(
    id="0f",
    subscription="bus",
    destination="r/target",
    partition=0,
    position=7,
    stream="gathering-default",
    version=3,
    about="0198f3c2-7a10-7000-8000-000000000002",
    event_type="guests.guest_added",
    delivery="d1",
    attempts=5,
    first_try=1,
    given_up_at=2,
    kind="raised",
    detail="",
    status=None,
    trace=(),
    holds=False,
)
EXAMPLES: dict[str, tuple[Codec, msgspec.Struct]] = {
    "erasure.begun": (
        ERASING_CODEC,
        ErasureBegun(
            streams=("account-0198f3c2-7a10-7000-8000-000000000001",),
            subjects=(("gathering-default", "0198f3c2-7a10-7000-8000-000000000002"),),
            by="cli",
        ),
    ),
    "erasure.done": (ERASING_CODEC, ErasureDone(events=7)),
    "erasure.checked": (ERASING_CODEC, ErasureChecked(events=1)),
    "subscription.delivery_redacted": (CODEC, DeliveryRedacted(dead_letter=REDACTED)),
}


@pytest.mark.parametrize("type", sorted(EXAMPLES))
def test_what_is_stored_decodes_for_ever(type: str) -> None:
    codec, example = EXAMPLES[type]
    stored = (GOLDEN / f"{type}.1.json").read_bytes().removesuffix(b"\n")

    assert codec.encode(example) == (type, 1, stored)
    assert codec.decode(Event("e", type, 1, 1, stored)) == example
