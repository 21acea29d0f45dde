"""The documents of gatherings, and their access patterns.

Every time in a document is event time, in microseconds since the epoch.
"""

from typing import Any, Final, Literal

import msgspec

from gatherlog.apps.guests.names import full_name, name_order
from gatherlog.apps.guests.times import ends_at, starts_at
from gatherlog.core.commands.local_time import closes_at
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.commands.text import folded_email
from gatherlog.core.projections.views import View

__all__ = [
    "ACCOUNT_QUOTAS",
    "GATHERINGS",
    "GROUPS",
    "GUESTS",
    "GUEST_LINKS",
    "VIEWS",
    "WAITING_LISTS",
    "AccountQuota",
    "Gathering",
    "Group",
    "Guest",
    "GuestLink",
    "Status",
    "group_document",
]

MOST_REVISIONS: Final = 2**31 - 1
"""The largest number that calendars take."""

Status = Literal["pending", "coming", "declined", "undecided", "waiting"]


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """A gathering's settings. The document's counters are its figures; see `fold.tally`."""

    id: str
    event_name: str
    event_date: str | None
    """A date or a date-time in local time of `time_zone`, as are the next and `rsvp_deadline`."""
    event_end: str | None = None
    """When it ends; of days, the last one. None: that is not known."""
    location: str | None
    rsvp_deadline: str | None
    max_guests: int | None
    time_zone: str
    settings_data: dict[str, Any]
    created_at: int
    updated_at: int
    host_account: str | None = None
    """The account whose gathering it is."""
    gone: bool = False
    """Whether it was removed: it is then NotFound. The document stays, as it has counters."""

    sequence: int = 0
    """Grows with every change of the settings; see `revision`."""

    @property
    def starts_at(self) -> int | None:
        """When it begins, in microseconds since the epoch; None without a date."""
        return None if self.event_date is None else starts_at(self.event_date, self.time_zone)

    @property
    def ends_at(self) -> int | None:
        """When it ends, or is taken to end where it has no end; None without a date."""
        if self.event_date is None:
            return None
        return ends_at(self.event_date, self.event_end, self.time_zone)

    @property
    def over_at(self) -> int | None:
        """From when on it is over: its end, or else its time or day; None without a date."""
        last = self.event_end or self.event_date
        return None if last is None else closes_at(last, self.time_zone)

    @property
    def revision(self) -> int:
        """The number of the settings' version for calendars, in which it never decreases.

        It is the number of seconds from the creation to the last change, or more if there were
        several changes in a second, or a clock went back.
        """
        seconds = (self.updated_at - self.created_at) // 1_000_000
        return min(max(self.sequence, seconds, 0), MOST_REVISIONS)


class Guest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One invitation: a named person and those who come along."""

    id: str
    gathering_id: str
    group_id: str | None
    first_name: str
    last_name: str
    """Empty for a guest with one name."""
    email: str | None
    """As given; case does not count when addresses are compared."""
    attending: bool | None = None
    num_guests: int = 0
    """How many people come, or would come if there were room, the guest included; 0 after a no."""
    expected_guests: int = 1
    children: int = 0
    """How many of the people are children."""
    dietary: str | None = None
    dietary_tags: tuple[str, ...] = ()
    rsvp_at: int | None = None
    waiting_since: int | None = None
    """Since when the guest is in the waiting list, with `attending` None; None if not in it."""
    is_co_host: bool = False
    created_at: int
    updated_at: int
    link: str | None = None
    """The id of the `GuestLink` that is valid now; it ends when a new one is issued."""
    link_may_manage: bool = True
    """Whether this link, and the logins made with it, let a co-host manage the gathering.

    Not if it was made by somebody who may not name co-hosts, or before the guest's rights as a
    co-host were taken back: whoever had it then would have them again, should they be given anew.
    """

    @property
    def manages(self) -> bool:
        """Whether the guest manages the gathering by the present link."""
        return self.is_co_host and self.link_may_manage

    @property
    def name(self) -> str:
        """`Ada Lovelace`, or the one name there is."""
        return full_name(self.first_name, self.last_name)

    @property
    def seats(self) -> int:
        """The places that this guest takes."""
        return self.num_guests if self.attending else 0

    @property
    def status(self) -> Status:
        """Pending until an answer; then coming, declined, undecided, or waiting for a place."""
        if self.waiting_since is not None:
            return "waiting"
        if self.attending is None:
            return "pending" if self.rsvp_at is None else "undecided"
        return "coming" if self.attending else "declined"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A household: the ids of its members in the order in which they joined, at least one."""

    gathering_id: str
    group_id: str
    members: tuple[str, ...]


class GuestLink(msgspec.Struct, frozen=True, kw_only=True):
    """The guest of a link. The document's id is the SHA-256 of the link's token in hexadecimal."""

    gathering_id: str
    guest_id: str


class AccountQuota(msgspec.Struct, frozen=True):
    """What an account has altogether, in the counters `gatherings` and `guests`.

    It is made when one of its gatherings is next made, removed or given away, or gets or loses a
    guest. The document's id is the account's.
    """

    account_id: str


def group_document(gathering_id: str, group_id: str) -> str:
    """The id of a group's document."""
    return f"{gathering_id}/{group_id}"


GATHERINGS = View(
    "gathering",
    Gathering,
    version=3,
    by_all=lambda gathering: None if gathering.gone else ("all", gathering.id),
    by_host=lambda gathering: (
        None
        if gathering.gone or gathering.host_account is None
        else (gathering.host_account, gathering.id)
    ),
)
GUESTS = View(
    "guest",
    Guest,
    version=4,
    by_gathering=lambda guest: (
        guest.gathering_id,
        *name_order(guest.first_name, guest.last_name),
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
WAITING_LISTS = View(
    "waiting_list",
    WaitingList,
    version=2,
    by_waiting=lambda waiting: ("all",) if waiting.units else None,
)
"""One for each gathering, with the gathering's id."""
ACCOUNT_QUOTAS = View("account_quota", AccountQuota, version=1)

VIEWS: tuple[View[Any], ...] = (
    GATHERINGS,
    GUESTS,
    GROUPS,
    GUEST_LINKS,
    WAITING_LISTS,
    ACCOUNT_QUOTAS,
)
