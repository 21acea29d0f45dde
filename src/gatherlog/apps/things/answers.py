"""What the things app answers, besides its documents."""

import msgspec

from gatherlog.apps.things.content import Content
from gatherlog.apps.things.events import Reason
from gatherlog.apps.things.occurrences import Occurrence
from gatherlog.apps.things.views import Booking, Child, Thing

__all__ = [
    "BookingDetails",
    "Figures",
    "HistoryEntry",
    "OccurrencePlaces",
    "Review",
    "Roster",
    "RosterRow",
]


class OccurrencePlaces(msgspec.Struct, frozen=True, kw_only=True):
    """A coming occurrence, or one that was booked, with its figures."""

    key: str
    occurrence: Occurrence | None
    """None for one that was cancelled or is not planned any more."""
    capacity: int | None
    booked: int
    """People who have places."""
    bookings: int
    waiting: int
    """Bookings that wait."""

    @property
    def left(self) -> int | None:
        """Places that nobody has; None where there is no limit. Who waits comes first."""
        return None if self.capacity is None else max(self.capacity - self.booked, 0)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Exact figures of one thing, for its organiser: numbers only, and nobody's name."""

    favourites: int
    occurrences: list[OccurrencePlaces]
    """Those for which somebody has booked, ever."""


class BookingDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A booking, with the thing and the occurrence as they are at present."""

    booking: Booking
    thing: Thing
    occurrence: Occurrence | None
    """None where it was cancelled or is not planned any more."""
    children: list[Child]
    """Those of the booking who are still in the family; empty where the reader may not see them."""
    place: int | None = None
    """For a booking that waits, its place in the waiting list, from 1."""


class RosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One booking of a roster."""

    booking: Booking
    children: list[Child]


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes to an occurrence. It holds what is told of children, so it is for the organiser."""

    thing: Thing
    occurrence: Occurrence
    rows: list[RosterRow]


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer judges: a version, and the published one that it would replace."""

    thing: Thing
    version: int
    """Of the document; approving with `expects` refuses what was changed since."""
    live: Thing | None
    sent_back: Content | None = None
    """What it said when a reviewer sent it back last; None for what never was sent back."""


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a thing or one of its versions."""

    at: int
    thing_id: str
    """The thing, or the new version that it happened to."""
    what: str
    """The type of the event, such as `things.rejected`."""
    actor: str
    """Who caused it, as events name actors: `account:<id>`, `key:<id>`."""
    account_id: str | None = None
    """The account that decided, where it was a decision."""
    reasons: tuple[Reason, ...] = ()
