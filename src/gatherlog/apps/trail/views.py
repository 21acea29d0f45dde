"""The documents of the trail: activities, found newest first, and when each guest was last here."""

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
    """One thing that happened to a gathering or a guest, or one look at them."""

    id: str
    """Of the event."""
    gathering_id: str
    guest_id: str | None
    action: str
    """The event's type, or how somebody looked."""
    actor: str
    timestamp: int
    """When it happened; microseconds since the epoch, as `created_at`."""
    created_at: int
    """When it was recorded."""
    version: int
    """Of the event in its stream: what happened in one moment keeps its order."""


class LastSeen(msgspec.Struct, frozen=True, kw_only=True):
    """When a guest last logged in, and last did or saw anything.

    Looks are recorded once an hour, so either may lie up to an hour before the very last time.
    """

    last_login: int | None = None
    last_access: int | None = None

    def later_of(self, other: "LastSeen") -> "LastSeen":
        """The later of both times: neither order nor a clock set back takes anything away."""
        return LastSeen(
            last_login=_later(self.last_login, other.last_login),
            last_access=_later(self.last_access, other.last_access),
        )


def seen_by(log: str, guest_id: str) -> str:
    """The id of what one log, `gathering` or `access`, tells of a guest's visits."""
    return f"{log}/{guest_id}"


def of_guest(gathering_id: str, guest_id: str) -> str:
    """Partition of `by_guest`."""
    return f"{gathering_id}/{guest_id}"


def _moment(activity: Activity) -> str:
    """Sorts by event time, also before 1970, and then by place in the stream."""
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
"""No more indexes than are asked for all the time: each costs a row per activity."""
LAST_SEEN = View("last_seen", LastSeen)

VIEWS: tuple[View[Any], ...] = (ACTIVITIES, LAST_SEEN)
