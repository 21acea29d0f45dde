"""The documents of the trail: activities, and when each guest was last here."""

from typing import Any

import msgspec

from gatherlog.core.projections.views import View

__all__ = [
    "ACTIVITIES",
    "LAST_SEEN",
    "VIEWS",
    "Activity",
    "LastSeen",
    "of_guest",
    "seen_by",
]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a gathering or a guest, or one access to them."""

    id: str
    """The id of the event."""
    gathering_id: str
    guest_id: str | None
    action: str
    """The event's type, or the kind of access."""
    actor: str
    timestamp: int
    """When it happened; microseconds since the epoch, as `created_at`."""
    created_at: int
    """When it was recorded."""
    version: int
    """The event's version in its stream, which orders the events of one moment."""


class LastSeen(msgspec.Struct, frozen=True, kw_only=True):
    """When a guest last logged in, and last did or read anything; microseconds since the epoch.

    Accesses are recorded once an hour, so both times may be up to an hour too early.
    """

    last_login: int | None = None
    last_access: int | None = None

    def later_of(self, other: "LastSeen") -> "LastSeen":
        """For each of the two times the later one, so that the order of calls does not matter."""
        return LastSeen(
            last_login=_later(self.last_login, other.last_login),
            last_access=_later(self.last_access, other.last_access),
        )


def seen_by(category: str, guest_id: str) -> str:
    """The id of a guest's document for one category of streams, `gathering` or `access`."""
    return f"{category}/{guest_id}"


def of_guest(gathering_id: str, guest_id: str) -> str:
    """The partition key of `by_guest`."""
    return f"{gathering_id}/{guest_id}"


def _moment(activity: Activity) -> str:
    """A sort key: by event time, also before 1970, and then by version."""
    return f"{activity.timestamp + 2**63:020} {activity.version:012}"


def _later(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


ACTIVITIES = View(
    "activity",
    Activity,
    by_gathering=lambda activity: (activity.gathering_id, _moment(activity)),
    by_guest=lambda activity: (
        None
        if activity.guest_id is None
        else (of_guest(activity.gathering_id, activity.guest_id), _moment(activity))
    ),
)
"""It has only the indexes that are used all the time, since each costs a row per activity."""
LAST_SEEN = View("last_seen", LastSeen)

VIEWS: tuple[View[Any], ...] = (ACTIVITIES, LAST_SEEN)
