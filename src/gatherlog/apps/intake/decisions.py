"""Which records are taken, which were taken before, and which cannot be taken; pure."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from gatherlog.apps.intake.records import Fault, Record

__all__ = ["Decision", "Status", "decide"]

Status = Literal["accepted", "repeated", "rejected"]


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What becomes of one record."""

    status: Status
    record: Record
    faults: tuple[Fault, ...] = ()


def decide(records: Sequence[Record], known: Mapping[str, str]) -> list[Decision]:
    """What becomes of the records, in order.

    `known` has the content of the records that were taken before, by their key. A record that
    repeats one of them, or one before it in `records`, is not taken again. One with the key of
    another is rejected.
    """
    contents = dict(known)
    return [_decide(record, contents) for record in records]


def _decide(record: Record, contents: dict[str, str]) -> Decision:
    """Decide one record, and add it to the contents of those that were taken."""
    before = contents.get(record.key)
    if before is None:
        contents[record.key] = record.content
        return Decision("accepted", record)
    if before in ("", record.content):
        return Decision("repeated", record)
    return Decision("rejected", record, (_EVENT_ID_TAKEN,))


_EVENT_ID_TAKEN: Final = Fault(
    "event_id_taken",
    "/EventID",
    "another record has this EventID; give each event an EventID of its own",
)
