"""The events of things to do, their bookings, families, favourites and organisers.

| stream | holds | subject |
|---|---|---|
| `thing-{id}` | a thing, or a new version until it replaces the published one | empty |
| `occurrence-{thing}/{key}` | bookings of one occurrence | the booking |
| `family-{account}` | the children of one parent | the child |
| `favourites-{thing}` | who keeps the thing as a favourite | the account |
| `organiser-{account}` | the profile | empty |
| `reports-{thing}` | what people report about the thing | the account |
| `enquiry-{id}` | what somebody wrote to the site | empty |
| `notices-{thing}` | letters that are to be written, also `notices-site` | the account |
| `things-index` | when indexes for searching were to be built anew | empty |

An event holds everything that its documents need. Who caused it is in its meta; who decided, and
whose booking or child it is, is an account's id.
"""

from typing import Literal

import msgspec

from gatherlog.apps.things.content import Content
from gatherlog.apps.things.occurrences import Alteration
from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "EVENTS",
    "BookingCancelled",
    "BookingMade",
    "BookingPromoted",
    "ChildAdded",
    "ChildChanged",
    "ChildRemoved",
    "EnquiryMade",
    "FamiliesWritten",
    "FavouriteAdded",
    "FavouriteRemoved",
    "NewVersionCreated",
    "NewVersionDropped",
    "NoticeRequested",
    "OccurrenceAltered",
    "ProfileSaved",
    "Reason",
    "ReindexRequested",
    "ReportMade",
    "ReportSettled",
    "Side",
    "ThingApproved",
    "ThingChanged",
    "ThingCreated",
    "ThingRejected",
    "ThingRemoved",
    "ThingSubmitted",
    "ThingWithdrawn",
    "VersionReplaced",
]

Side = Literal["parent", "organiser", "reviewer", "site"]
"""Who cancels or withdraws: a parent, an organiser, a reviewer, or the site by itself."""


class Reason(msgspec.Struct, frozen=True):
    """Why a thing was rejected, for one field; `field` is one of `content.FIELDS` or empty."""

    field: str
    text: str


# A thing: stream `thing-{id}`.


@event_type("things.created")
class ThingCreated(msgspec.Struct, frozen=True, kw_only=True):
    """An organiser began a draft; one that `replaces` a published thing is its new version."""

    organiser_id: str
    content: Content
    replaces: str | None = None


@event_type("things.changed")
class ThingChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The organiser changed a draft, or what waits for review, or what was rejected."""

    content: Content


@event_type("things.submitted")
class ThingSubmitted(msgspec.Struct, frozen=True):
    """The organiser asks for publication; a reviewer decides."""


@event_type("things.approved")
class ThingApproved(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer published it. As a new version, it is part of the thing that it `replaces`."""

    reviewer_id: str
    replaces: str | None = None


@event_type("things.rejected")
class ThingRejected(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer did not publish it, for these reasons; it may be changed and submitted again."""

    reviewer_id: str
    reasons: tuple[Reason, ...]


@event_type("things.new_version_created")
class NewVersionCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The draft `version` was made, which replaces the published thing once it is approved."""

    version: str


@event_type("things.new_version_dropped")
class NewVersionDropped(msgspec.Struct, frozen=True, kw_only=True):
    """The organiser removed the draft of a new version."""

    version: str


@event_type("things.version_replaced")
class VersionReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer approved the new `version`: the published thing has its content now."""

    version: str
    reviewer_id: str
    content: Content
    changed: tuple[str, ...] = ()
    """Which of `content.FIELDS` are not what they were."""
    ended: tuple[str, ...] = ()
    """The keys of coming occurrences that do not take place any more."""


@event_type("things.removed")
class ThingRemoved(msgspec.Struct, frozen=True):
    """The organiser removed what was not published."""


@event_type("things.withdrawn")
class ThingWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A published thing was taken down. Its bookings are cancelled."""

    by: Side
    account_id: str
    reason: str


@event_type("things.occurrence_altered")
class OccurrenceAltered(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence was cancelled, which cancels its bookings, or moved, which keeps them."""

    altered: Alteration


# Bookings: stream `occurrence-{thing}/{key}`.


@event_type("things.booking_made")
class BookingMade(msgspec.Struct, frozen=True, kw_only=True):
    """A parent booked, or joined the waiting list."""

    account_id: str
    children: tuple[str, ...]
    people: int
    """People beside the children."""
    waits: bool


@event_type("things.booking_promoted")
class BookingPromoted(msgspec.Struct, frozen=True, kw_only=True):
    """There is room now: the booking has its places."""


@event_type("things.booking_cancelled")
class BookingCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The booking, or the place in the waiting list, was given up."""

    account_id: str
    """Whose booking it was."""
    by: Side
    reason: str | None
    waited: bool


@event_type("things.families_written")
class FamiliesWritten(msgspec.Struct, frozen=True, kw_only=True):
    """The organiser writes to all who have booked the occurrence or wait for it."""

    subject: str
    text: str


# Families, favourites, organisers, reports, enquiries.


@event_type("things.child_added")
class ChildAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A parent told of a child."""

    name: str
    birth_date: str
    allergies: str | None = None
    emergency_contact: str | None = None
    pick_up: str | None = None


@event_type("things.child_changed")
class ChildChanged(msgspec.Struct, frozen=True, kw_only=True):
    """All fields of the child, as they are from now on."""

    name: str
    birth_date: str
    allergies: str | None = None
    emergency_contact: str | None = None
    pick_up: str | None = None


@event_type("things.child_removed")
class ChildRemoved(msgspec.Struct, frozen=True):
    """The parent removed the child."""


@event_type("things.favourite_added")
class FavouriteAdded(msgspec.Struct, frozen=True):
    """The event's subject, an account, keeps the thing as a favourite."""


@event_type("things.favourite_removed")
class FavouriteRemoved(msgspec.Struct, frozen=True):
    """The event's subject, an account, does not keep the thing as a favourite any more."""


@event_type("things.profile_saved")
class ProfileSaved(msgspec.Struct, frozen=True):
    """The name under which an organiser publishes."""

    name: str


@event_type("things.report_made")
class ReportMade(msgspec.Struct, frozen=True):
    """Somebody reports a published thing; a later report by the same account replaces it."""

    reason: str


@event_type("things.report_settled")
class ReportSettled(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer has looked into the report of the event's subject."""

    reviewer_id: str


@event_type("things.enquiry_made")
class EnquiryMade(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wrote to the site; `sender` is the address that they gave."""

    subject: str
    text: str
    sender: str


@event_type("things.notice_requested")
class NoticeRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The event's subject, an account, shall get a letter about another event, its cause.

    An empty subject is the address of the site for enquiries.
    """

    stream: str
    version: int
    """Where the cause is."""


@event_type("things.reindex_requested")
class ReindexRequested(msgspec.Struct, frozen=True):
    """Every process shall build its index for searching anew."""


EVENTS: tuple[type[msgspec.Struct], ...] = (
    ThingCreated,
    ThingChanged,
    ThingSubmitted,
    ThingApproved,
    ThingRejected,
    NewVersionCreated,
    NewVersionDropped,
    VersionReplaced,
    ThingRemoved,
    ThingWithdrawn,
    OccurrenceAltered,
    BookingMade,
    BookingPromoted,
    BookingCancelled,
    FamiliesWritten,
    ChildAdded,
    ChildChanged,
    ChildRemoved,
    FavouriteAdded,
    FavouriteRemoved,
    ProfileSaved,
    ReportMade,
    ReportSettled,
    EnquiryMade,
    NoticeRequested,
    ReindexRequested,
)
CODEC = Codec(EVENTS)
