"""The events of gatherings and their guests, in streams `gathering-{gathering id}`.

The subject of an event is the id of the guest whom it is about, and empty if it is about the
gathering. An event holds everything that its documents need. A field that is UNSET did not change.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "EVENTS",
    "AccountCounted",
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


@event_type("guests.gathering_created", schema=3)
class GatheringCreated(msgspec.Struct, frozen=True, kw_only=True):
    """`event_date`, `event_end` and `rsvp_deadline` are dates or date-times in the local time of
    `time_zone`."""

    event_name: str
    event_date: str | None
    location: str | None
    rsvp_deadline: str | None
    max_guests: int | None
    time_zone: str
    settings_data: dict[str, Any]
    host_account: str | None = None
    """The account whose gathering it is; new with schema 2."""
    event_end: str | None = None
    """None: it is not known; new with schema 3."""


@event_type("guests.settings_changed", schema=3)
class SettingsChanged(msgspec.Struct, frozen=True, kw_only=True):
    event_name: str | UnsetType = UNSET
    event_date: str | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET
    rsvp_deadline: str | UnsetType | None = UNSET
    max_guests: int | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    settings_data: dict[str, Any] | UnsetType = UNSET
    notify: bool | UnsetType = UNSET
    """Whether guests get letters about it. UNSET: nobody was asked, which means yes; there is no
    other with schema 1."""
    event_end: str | UnsetType | None = UNSET
    """New with schema 3."""


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
    """Changes to a guest, except the household and the yes or no."""

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
    """The guest went from one household to another; None is no household."""

    from_group: str | None
    to_group: str | None


@event_type("guests.guest_removed", schema=1)
class GuestRemoved(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str | None
    """The guest's household, if there was one."""
    link: str | None
    """The id of the guest's link, if there was one; it is not valid any more."""


@event_type("guests.rsvp_submitted", schema=1)
class RsvpSubmitted(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer, as it is from now on; `attending` None is undecided."""

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
    """The whole answer of a guest who would come, and waits for places as a member of `unit`.

    A guest who waits in that unit already keeps the place in the waiting list.
    """

    unit: str
    num_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]


@event_type("guests.waitlist_left", schema=1)
class WaitlistLeft(msgspec.Struct, frozen=True, kw_only=True):
    """The guest does not wait any more; the next event of the guest says why."""

    unit: str


@event_type("guests.promoted", schema=1)
class Promoted(msgspec.Struct, frozen=True, kw_only=True):
    """There is room now: the guest, who waited as a member of `unit`, comes."""

    unit: str


@event_type("guests.co_host_changed", schema=1)
class CoHostChanged(msgspec.Struct, frozen=True, kw_only=True):
    is_co_host: bool


@event_type("guests.host_changed", schema=1)
class HostChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The gathering belongs to another account from now on, or to none, which is None."""

    host_account: str | None


@event_type("guests.link_issued", schema=2)
class LinkIssued(msgspec.Struct, frozen=True, kw_only=True):
    """`link` and `replaces` are SHA-256 hashes of tokens in hexadecimal; no token is stored."""

    link: str
    replaces: str | None
    may_manage: bool = True
    """Whether who made it may name co-hosts: only then does it open the pages of hosts."""


@event_type("quotas.account_counted", schema=1)
class AccountCounted(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit adds to the figures of an account; the first one holds what there was before.

    It is in the stream `quota-{account id}`.
    """

    gatherings: int = 0
    guests: int = 0


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
    AccountCounted,
)
CODEC = Codec(
    EVENTS,
    {
        ("guests.gathering_created", 1): lambda created: {**created, "host_account": None},
        ("guests.gathering_created", 2): lambda created: created,
        ("guests.settings_changed", 1): lambda changed: changed,
        ("guests.settings_changed", 2): lambda changed: changed,
        ("guests.link_issued", 1): lambda issued: {**issued, "may_manage": True},
    },
)
