"""What can happen to a gathering and its guests. Whom an event is about is its `subject`: a guest's
id, or nobody for the gathering itself. Where and when is its stream and its time.

An event says everything that its documents need, so that a fold looks at nothing else. Fields left
UNSET did not change.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "EVENTS",
    "CoHostChanged",
    "GatheringCreated",
    "GatheringRemoved",
    "GuestAdded",
    "GuestChanged",
    "GuestMoved",
    "GuestRemoved",
    "HostChanged",
    "LinkIssued",
    "Promoted",
    "RsvpCleared",
    "RsvpSubmitted",
    "SettingsChanged",
    "WaitlistLeft",
    "Waitlisted",
]


@event_type("guests.gathering_created", schema=2)
class GatheringCreated(msgspec.Struct, frozen=True, kw_only=True):
    """`event_date` and `rsvp_deadline` are a date or a date-time, local to `time_zone`."""

    event_name: str
    event_date: str | None
    location: str | None
    rsvp_deadline: str | None
    max_guests: int | None
    time_zone: str
    settings_data: dict[str, Any]
    host_account: str | None = None
    """The account whose gathering it is; new with schema 2."""


@event_type("guests.settings_changed", schema=1)
class SettingsChanged(msgspec.Struct, frozen=True, kw_only=True):
    event_name: str | UnsetType = UNSET
    event_date: str | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET
    rsvp_deadline: str | UnsetType | None = UNSET
    max_guests: int | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    settings_data: dict[str, Any] | UnsetType = UNSET


@event_type("guests.gathering_removed", schema=1)
class GatheringRemoved(msgspec.Struct, frozen=True):
    pass


@event_type("guests.guest_added", schema=1)
class GuestAdded(msgspec.Struct, frozen=True, kw_only=True):
    first_name: str
    last_name: str
    email: str | None
    group_id: str | None
    expected_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]


@event_type("guests.guest_changed", schema=1)
class GuestChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Anything about a guest but the household and the yes or no."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    num_guests: int | UnsetType = UNSET
    expected_guests: int | UnsetType = UNSET
    children: int | UnsetType = UNSET
    dietary: str | UnsetType | None = UNSET
    dietary_tags: tuple[str, ...] | UnsetType = UNSET


@event_type("guests.guest_moved", schema=1)
class GuestMoved(msgspec.Struct, frozen=True, kw_only=True):
    """From one household to another; None is no household."""

    from_group: str | None
    to_group: str | None


@event_type("guests.guest_removed", schema=1)
class GuestRemoved(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str | None
    """The household that is left."""
    link: str | None
    """The link document that ends."""


@event_type("guests.rsvp_submitted", schema=1)
class RsvpSubmitted(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer as it stands from now on; `attending` None is undecided."""

    attending: bool | None
    num_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]


@event_type("guests.rsvp_cleared", schema=1)
class RsvpCleared(msgspec.Struct, frozen=True):
    """A host took a yes or no back: the guest has not answered."""


@event_type("guests.waitlisted", schema=1)
class Waitlisted(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of a guest who would come, but waits for places as part of `unit`.

    Said of one who waits in that unit already, it changes the answer and keeps the place.
    """

    unit: str
    num_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]


@event_type("guests.waitlist_left", schema=1)
class WaitlistLeft(msgspec.Struct, frozen=True, kw_only=True):
    """The guest no longer waits; what follows in the same commit says why. The others stay."""

    unit: str


@event_type("guests.promoted", schema=1)
class Promoted(msgspec.Struct, frozen=True, kw_only=True):
    """There is room: the guest, who waited as part of `unit`, comes."""

    unit: str


@event_type("guests.co_host_changed", schema=1)
class CoHostChanged(msgspec.Struct, frozen=True, kw_only=True):
    is_co_host: bool


@event_type("guests.host_changed", schema=1)
class HostChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The gathering is another account's from now on; None: nobody's but the operator's."""

    host_account: str | None


@event_type("guests.link_issued", schema=1)
class LinkIssued(msgspec.Struct, frozen=True, kw_only=True):
    """`link` and `replaces` are SHA-256 hashes of tokens, in hex; the tokens are kept nowhere."""

    link: str
    replaces: str | None


EVENTS: tuple[type[msgspec.Struct], ...] = (
    GatheringCreated,
    SettingsChanged,
    GatheringRemoved,
    GuestAdded,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    RsvpSubmitted,
    RsvpCleared,
    LinkIssued,
    Waitlisted,
    WaitlistLeft,
    Promoted,
    CoHostChanged,
    HostChanged,
)
CODEC = Codec(
    EVENTS,
    {("guests.gathering_created", 1): lambda created: {**created, "host_account": None}},
)
