"""Every event of this app has a golden file: events that were stored once can always be decoded."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.things import Alteration, Contact, Image, Reason
from gatherlog.apps.things.events import (
    CODEC,
    EVENTS,
    BookingCancelled,
    BookingMade,
    BookingPromoted,
    ChildAdded,
    ChildChanged,
    ChildRemoved,
    EnquiryMade,
    FamiliesWritten,
    FavouriteAdded,
    FavouriteRemoved,
    NewVersionCreated,
    NewVersionDropped,
    NoticeRequested,
    OccurrenceAltered,
    ProfileSaved,
    ReindexRequested,
    ReportMade,
    ReportSettled,
    ThingApproved,
    ThingChanged,
    ThingCreated,
    ThingRejected,
    ThingRemoved,
    ThingSubmitted,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.core import Event
from tests.apps.things.sample_things import content, event

GOLDEN = Path(__file__).parents[2] / "golden"
ID = "0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35"
REVIEWER = "0198f3c2-7b1e-7c44-9d0a-00000000000a"
MOVED = Alteration(key="2027-05-02", start="2027-05-03T10:00:00", end="2027-05-03T12:00:00")
IMAGE = Image(name="frog.png", bucket="pictures", key="frog.png", region="eu", mime_type=None)
FULL = msgspec.structs.replace(
    content(capacity=12, image=IMAGE),
    contact=Contact(email="olga@example.org", phone="+49 30 901820", www="https://example.org"),
)

EXAMPLES: dict[tuple[str, int], msgspec.Struct] = {
    ("things.created", 1): ThingCreated(organiser_id=ID, content=FULL, replaces=None),
    ("things.changed", 1): ThingChanged(content=event()),
    ("things.submitted", 1): ThingSubmitted(),
    ("things.approved", 1): ThingApproved(reviewer_id=REVIEWER, replaces=ID),
    ("things.rejected", 1): ThingRejected(
        reviewer_id=REVIEWER, reasons=(Reason("when.dateTime", "It’s over"), Reason("", "Sorry"))
    ),
    ("things.new_version_created", 1): NewVersionCreated(version=ID),
    ("things.new_version_dropped", 1): NewVersionDropped(version=ID),
    ("things.version_replaced", 1): VersionReplaced(
        version=ID,
        reviewer_id=REVIEWER,
        content=event(),
        changed=("name", "when"),
        ended=("2027-05-01", "2027-05-02"),
    ),
    ("things.removed", 1): ThingRemoved(),
    ("things.withdrawn", 1): ThingWithdrawn(by="reviewer", account_id=REVIEWER, reason="not safe"),
    ("things.occurrence_altered", 1): OccurrenceAltered(altered=MOVED),
    ("things.booking_made", 1): BookingMade(
        account_id=ID, children=(ID, REVIEWER), people=1, waits=False
    ),
    ("things.booking_promoted", 1): BookingPromoted(),
    ("things.booking_cancelled", 1): BookingCancelled(
        account_id=ID, by="organiser", reason="ill", waited=True
    ),
    ("things.families_written", 1): FamiliesWritten(subject="Boots", text="Bring boots.\nOlga"),
    ("things.child_added", 1): ChildAdded(
        name="Mia",
        birth_date="2020-06-15",
        allergies="nuts",
        emergency_contact="Gran",
        pick_up="Gran",
    ),
    ("things.child_changed", 1): ChildChanged(name="Mia", birth_date="2020-06-15"),
    ("things.child_removed", 1): ChildRemoved(),
    ("things.favourite_added", 1): FavouriteAdded(),
    ("things.favourite_removed", 1): FavouriteRemoved(),
    ("things.profile_saved", 1): ProfileSaved("Olga’s house"),
    ("things.report_made", 1): ReportMade("spam"),
    ("things.report_settled", 1): ReportSettled(reviewer_id=REVIEWER),
    ("things.enquiry_made", 1): EnquiryMade(
        subject="Frogs", text="Where?", sender="guest@example.org"
    ),
    ("things.notice_requested", 1): NoticeRequested(stream=f"thing-{ID}", version=3),
    ("things.reindex_requested", 1): ReindexRequested(),
}


def golden(type: str, schema: int) -> bytes:
    return (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")


def test_every_event_type_has_an_example() -> None:
    current = [one.__event_type__ for one in EVENTS]  # type: ignore[attr-defined]

    assert list(EXAMPLES) == current


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("things.*.json"))

    assert files == sorted(f"{type}.{schema}.json" for type, schema in EXAMPLES)


@pytest.mark.parametrize(("type", "schema"), EXAMPLES)
def test_what_was_once_stored_decodes_and_is_stored_so_today(type: str, schema: int) -> None:
    stored, example = golden(type, schema), EXAMPLES[type, schema]

    assert CODEC.decode(Event("id", type, 1, 1, stored, schema)) == example
    assert CODEC.encode(example) == (type, schema, stored)
