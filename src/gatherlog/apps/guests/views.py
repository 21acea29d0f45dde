"""The documents of a gathering's stream, and the patterns by which they are found.

Every time in a body is event time, in microseconds since the epoch.
"""

from typing import Any, Literal

import msgspec

from gatherlog.apps.guests.text import folded, folded_email
from gatherlog.core.views import View

__all__ = [
    "GATHERINGS",
    "GROUPS",
    "GUESTS",
    "GUEST_LINKS",
    "VIEWS",
    "Gathering",
    "Group",
    "Guest",
    "GuestLink",
    "Status",
    "group_document",
]

Status = Literal["pending", "coming", "declined", "undecided"]


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """Settings. The counters of its document are the exact statistics; see `fold.tally`."""

    id: str
    event_name: str
    event_date: str | None
    """A date or a date-time, local to `time_zone`; `rsvp_deadline` likewise."""
    location: str | None
    rsvp_deadline: str | None
    max_guests: int | None
    time_zone: str
    settings_data: dict[str, Any]
    created_at: int
    updated_at: int
    gone: bool = False
    """Removed: answers as if it had never been. The document stays for its counters."""


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """One invitation: a named person and those who come along."""

    id: str
    gathering_id: str
    group_id: str | None
    first_name: str
    last_name: str
    email: str | None
    """As given; compared case-folded."""
    attending: bool | None = None
    num_guests: int = 0
    """People who come, oneself included; 0 until somebody answers, and after a no."""
    expected_guests: int = 1
    children: int = 0
    """How many of the people are children."""
    dietary: str | None = None
    dietary_tags: tuple[str, ...] = ()
    rsvp_at: int | None = None
    created_at: int
    updated_at: int
    link: str | None = None
    """The id of the guest's link document, so that issuing again ends the old one."""

    @property
    def status(self) -> Status:
        """pending until an answer, then coming, declined, or undecided."""
        if self.attending is None:
            return "pending" if self.rsvp_at is None else "undecided"
        return "coming" if self.attending else "declined"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A household: the ids of its members, in the order they joined, never empty."""

    gathering_id: str
    group_id: str
    members: tuple[str, ...]


class GuestLink(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a link lets in. The document's id is the SHA-256 of the link's token, in hex."""

    gathering_id: str
    guest_id: str


def group_document(gathering_id: str, group_id: str) -> str:
    """The id of a group's document."""
    return f"{gathering_id}/{group_id}"


GATHERINGS = View(
    "gathering",
    Gathering,
    version=1,
    by_all=lambda gathering: None if gathering.gone else ("all", gathering.id),
)
GUESTS = View(
    "guest",
    Guest,
    version=1,
    by_gathering=lambda guest: (
        guest.gathering_id,
        folded(guest.last_name),
        folded(guest.first_name),
    ),
    by_email=lambda guest: (
        None if guest.email is None else (folded_email(guest.email), guest.gathering_id)
    ),
)
GROUPS = View(
    "group",
    Group,
    version=1,
    by_gathering=lambda group: (group.gathering_id, group.group_id),
)
GUEST_LINKS = View("guest_link", GuestLink, version=1)

VIEWS: tuple[View[Any], ...] = (GATHERINGS, GUESTS, GROUPS, GUEST_LINKS)
