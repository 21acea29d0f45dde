"""The documents of things to do, and their access patterns.

Every time in a document is event time, in microseconds since the epoch.
"""

from typing import Any, Literal

import msgspec

from gatherlog.apps.things.content import Content
from gatherlog.apps.things.events import Reason, Side
from gatherlog.apps.things.occurrences import Alteration
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.projections.views import View

__all__ = [
    "BOOKED_BY",
    "BOOKINGS",
    "CHILDREN",
    "FAMILIES",
    "FAVOURITES",
    "INTERESTS",
    "OCCURRENCES",
    "ORGANISERS",
    "REPORTS",
    "THINGS",
    "VIEWS",
    "WAITING",
    "BookedBy",
    "Booking",
    "BookingStatus",
    "Child",
    "Family",
    "Favourite",
    "Interest",
    "OccurrenceBookings",
    "Organiser",
    "Report",
    "Thing",
    "ThingStatus",
    "booked_by_document",
    "favourite_document",
    "occurrence_document",
    "report_document",
]

ThingStatus = Literal["DRAFT", "PENDING", "PUBLISHED", "REJECTED", "REMOVED"]
BookingStatus = Literal["BOOKED", "WAITING", "CANCELLED"]


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing to do, or a draft that is to be the new version of one."""

    id: str
    organiser_id: str
    """The organiser's account."""
    status: ThingStatus
    content: Content
    altered: tuple[Alteration, ...] = ()
    """Occurrences that were cancelled or moved alone."""
    reasons: tuple[Reason, ...] = ()
    """Why it was rejected; empty unless REJECTED."""
    replaces: str | None = None
    """The published thing of which this is a new version; also once it has replaced it."""
    new_version: str | None = None
    """The new version of this published thing, from its draft to the decision."""
    submitted_at: int | None = None
    decided_at: int | None = None
    decided_by: str | None = None
    """The account of the reviewer who decided last."""
    published_at: int | None = None
    withdrawn_by: Side | None = None
    withdrawn_because: str | None = None
    created_at: int
    updated_at: int


class Organiser(msgspec.Struct, frozen=True, kw_only=True):
    """The profile under which an account publishes things. The document's id is the account's."""

    id: str
    name: str


class OccurrenceBookings(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody has booked an occurrence, ever.

    The document's counters are `seats` (people who have places), `bookings` (those who have places)
    and `queued` (those who wait).
    """

    thing_id: str
    key: str


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One parent's places at one occurrence, or the wish for them."""

    id: str
    thing_id: str
    key: str
    """The key of the occurrence; see `occurrences`."""
    account_id: str
    status: BookingStatus
    children: tuple[str, ...]
    """The ids of the account's children for whom it is."""
    people: int
    """How many people come besides."""
    made_at: int
    updated_at: int
    cancelled_by: Side | None = None
    cancelled_because: str | None = None

    @property
    def places(self) -> int:
        """How many places it takes, or waits for."""
        return len(self.children) + self.people


class BookedBy(msgspec.Struct, frozen=True):
    """The one booking of an account at an occurrence that is not cancelled."""

    booking_id: str


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A child of one parent. What is told of it is shown to the parent, and on rosters."""

    id: str
    account_id: str
    name: str
    birth_date: str
    allergies: str | None = None
    emergency_contact: str | None = None
    pick_up: str | None = None
    """Who may pick the child up."""
    created_at: int
    updated_at: int


class Family(msgspec.Struct, frozen=True):
    """The ids of a parent's children, in the order in which they were added."""

    children: tuple[str, ...] = ()


class Favourite(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that an account keeps."""

    thing_id: str
    account_id: str
    added_at: int


class Interest(msgspec.Struct, frozen=True):
    """How many keep a thing, as the counter `favourites`. The document's id is the thing's."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reports about a published thing, until a reviewer has looked into it."""

    thing_id: str
    account_id: str
    reason: str
    made_at: int


def occurrence_document(thing_id: str, key: str) -> str:
    """The id of the documents of one occurrence: its bookings' counters, and its waiting list."""
    return f"{thing_id}/{key}"


def booked_by_document(thing_id: str, key: str, account_id: str) -> str:
    return f"{thing_id}/{key}/{account_id}"


def favourite_document(account_id: str, thing_id: str) -> str:
    return f"{account_id}/{thing_id}"


def report_document(thing_id: str, account_id: str) -> str:
    return f"{thing_id}/{account_id}"


def _when(moment: int | None) -> str:
    """A moment as part of a key; later ones sort after earlier ones."""
    return f"{moment or 0:020}"


def _since(thing: Thing) -> str:
    """Since when a thing is in its state, as far as lists are sorted by it."""
    by_status = {"PENDING": thing.submitted_at, "PUBLISHED": thing.published_at}
    return _when(by_status.get(thing.status, thing.updated_at))


THINGS = View(
    "thing",
    Thing,
    by_organiser=lambda thing: (
        None
        if thing.status == "REMOVED"
        else (thing.organiser_id, _when(thing.created_at), thing.id)
    ),
    by_organiser_and_status=lambda thing: (
        None
        if thing.status == "REMOVED"
        else (f"{thing.organiser_id}/{thing.status}", _since(thing), thing.id)
    ),
    by_status=lambda thing: (
        None if thing.status == "REMOVED" else (thing.status, _since(thing), thing.id)
    ),
)
"""My drafts, published, rejected; pending things, and all that are published."""
ORGANISERS = View("organiser", Organiser)
OCCURRENCES = View("occurrence", OccurrenceBookings, by_thing=lambda one: (one.thing_id, one.key))
WAITING = View(
    "occurrence_waiting",
    WaitingList,
    by_waiting=lambda waiting: ("all",) if waiting.units else None,
)
"""One for each occurrence, with the occurrence's id."""
BOOKINGS = View(
    "booking",
    Booking,
    by_account=lambda booking: (booking.account_id, _when(booking.made_at), booking.id),
    by_occurrence=lambda booking: (
        booking.thing_id,
        booking.key,
        _when(booking.made_at),
        booking.id,
    ),
)
BOOKED_BY = View("booked_by", BookedBy)
FAMILIES = View("family", Family)
CHILDREN = View("child", Child)
"""Listed by the document of the family, which is never behind."""
FAVOURITES = View(
    "favourite",
    Favourite,
    by_account=lambda favourite: (
        favourite.account_id,
        _when(favourite.added_at),
        favourite.thing_id,
    ),
)
INTERESTS = View("interest", Interest)
REPORTS = View(
    "report",
    Report,
    by_all=lambda report: (
        "all",
        _when(report.made_at),
        report.thing_id,
        report.account_id,
    ),
)

VIEWS: tuple[View[Any], ...] = (
    THINGS,
    ORGANISERS,
    OCCURRENCES,
    WAITING,
    BOOKINGS,
    BOOKED_BY,
    FAMILIES,
    CHILDREN,
    FAVOURITES,
    INTERESTS,
    REPORTS,
)
