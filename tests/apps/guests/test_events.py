"""Every event type has a golden file: events that were stored once can always be decoded."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.apps.guests.events import (
    CODEC,
    EVENTS,
    AccountCounted,
    CoHostChanged,
    GatheringCreated,
    GatheringRemoved,
    GuestAdded,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    HostChanged,
    LinkIssued,
    Promoted,
    RsvpCleared,
    RsvpSubmitted,
    SettingsChanged,
    Waitlisted,
    WaitlistLeft,
)
from gatherlog.core import Event

GOLDEN = Path(__file__).parents[2] / "golden"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

UNIT = "019a1c5e-7d3c-7abc-8def-0123456789ab"
WEDDING = GatheringCreated(
    event_name="Zoë’s wedding",
    event_date="2026-06-20",
    location="The old mill",
    rsvp_deadline="2026-06-01T18:00:00",
    max_guests=120,
    time_zone="Europe/Paris",
    settings_data={"theme": {"colour": "#fff"}, "courses": [1, 2.5, None, True]},
)

EXAMPLES: dict[tuple[str, int], msgspec.Struct] = {
    ("guests.gathering_created", 1): WEDDING,
    ("guests.gathering_created", 2): msgspec.structs.replace(WEDDING, host_account=UNIT),
    ("guests.gathering_created", 3): msgspec.structs.replace(
        WEDDING,
        event_date="2026-06-20T15:00:00",
        event_end="2026-06-21T02:00:00",
        host_account=UNIT,
    ),
    ("guests.settings_changed", 1): SettingsChanged(location=None, max_guests=90),
    ("guests.settings_changed", 2): SettingsChanged(
        event_date="2026-06-21", location="The new mill", notify=False
    ),
    ("guests.settings_changed", 3): SettingsChanged(
        event_date="2026-06-21T15:00:00", event_end="2026-06-22T02:00:00", notify=True
    ),
    ("guests.gathering_removed", 1): GatheringRemoved(),
    ("guests.guest_added", 1): GuestAdded(
        first_name="Ada",
        last_name="Lovelace",
        email="Ada@Example.org",
        group_id="Byron",
        expected_guests=4,
        children=2,
        dietary="no celery,\nplease",
        dietary_tags=("vegan", "nut_allergy"),
    ),
    ("guests.guest_changed", 1): GuestChanged(
        last_name="King", email=None, num_guests=3, dietary_tags=()
    ),
    ("guests.guest_moved", 1): GuestMoved(from_group="Byron", to_group=None),
    ("guests.guest_removed", 1): GuestRemoved(group_id="Byron", link=HASH),
    ("guests.rsvp_submitted", 1): RsvpSubmitted(
        attending=True, num_guests=4, children=2, dietary=None, dietary_tags=("vegan",)
    ),
    ("guests.rsvp_cleared", 1): RsvpCleared(),
    ("guests.link_issued", 1): LinkIssued(link=HASH, replaces=None, may_manage=True),
    ("guests.link_issued", 2): LinkIssued(link=HASH, replaces=None, may_manage=False),
    ("guests.waitlisted", 1): Waitlisted(
        unit=UNIT, num_guests=3, children=1, dietary="no celery", dietary_tags=("halal",)
    ),
    ("guests.waitlist_left", 1): WaitlistLeft(unit=UNIT),
    ("guests.promoted", 1): Promoted(unit=UNIT),
    ("guests.co_host_changed", 1): CoHostChanged(is_co_host=True),
    ("guests.host_changed", 1): HostChanged(host_account="00000000-0000-7000-8000-00000000000a"),
    ("quotas.account_counted", 1): AccountCounted(gatherings=1, guests=40),
}


def golden(type: str, schema: int) -> bytes:
    return (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")


def test_every_event_type_has_an_example() -> None:
    current = [event.__event_type__ for event in EVENTS]  # type: ignore[attr-defined]

    assert [key for key in EXAMPLES if key in current] == current


def test_every_golden_file_has_an_example() -> None:
    ours = ("guests.*.json", "quotas.account_*.json")
    files = sorted(path.name for pattern in ours for path in GOLDEN.glob(pattern))

    assert files == sorted(f"{type}.{schema}.json" for type, schema in EXAMPLES)


@pytest.mark.parametrize(("type", "schema"), EXAMPLES)
def test_what_was_once_stored_decodes(type: str, schema: int) -> None:
    event = Event("id", type, 1, 1, golden(type, schema), schema)

    assert CODEC.decode(event) == EXAMPLES[type, schema]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_stored_as_its_golden_file_says(event: type[msgspec.Struct]) -> None:
    type, schema = event.__event_type__  # type: ignore[attr-defined]

    assert CODEC.encode(EXAMPLES[type, schema]) == (type, schema, golden(type, schema))
