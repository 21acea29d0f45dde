"""Which letter somebody gets about an event, if any, given the present documents. Pure.

A letter is made of the documents as they are when it is sent, and if it would not be true any more,
there is none. A letter to an organiser or a reviewer names no child and no parent.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatherlog.apps.things.answers import OccurrencePlaces
from gatherlog.apps.things.events import (
    BookingCancelled,
    BookingMade,
    BookingPromoted,
    EnquiryMade,
    FamiliesWritten,
    OccurrenceAltered,
    ReportMade,
    ThingApproved,
    ThingRejected,
    ThingSubmitted,
    ThingWithdrawn,
    VersionReplaced,
)
from gatherlog.apps.things.letter_texts import LetterTexts
from gatherlog.apps.things.occurrences import Occurrence
from gatherlog.apps.things.views import Booking, Thing
from gatherlog.core.subscriptions.letters import Letter

__all__ = ["ANNOUNCED", "NOTICED", "Facts", "letter_about"]

ANNOUNCED: Final = frozenset({"where", "when", "timeZone"})
"""The fields of a thing about whose change families are written to."""
NOTICED: Final = (
    "things.submitted",
    "things.approved",
    "things.rejected",
    "things.withdrawn",
    "things.version_replaced",
    "things.occurrence_altered",
    "things.booking_made",
    "things.booking_promoted",
    "things.booking_cancelled",
    "things.families_written",
    "things.report_made",
    "things.enquiry_made",
)
"""The types of events about which anybody may get a letter."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter is made of."""

    event: Any
    """The event that the letter is about."""
    to: str
    """The address."""
    account_id: str
    """Whose address it is; empty for the site's own."""
    thing: Thing | None
    """The thing that the event is about, or the published one whose new version it is about."""
    booking: Booking | None = None
    """The booking that the event is about, or the one that the account has at its occurrence."""
    occurrence: Occurrence | None = None
    """Where the booking is at present; None where that is off."""
    dates: Sequence[Occurrence] = ()
    """All coming dates of the thing that the account has booked or waits for, the earliest first,
    where the event is about all of them."""
    before: Thing | None = None
    """The thing before an event that changed it."""
    was: Occurrence | None = None
    """When a booking that was cancelled was for."""
    others: Sequence[OccurrencePlaces] = ()
    """Coming occurrences of the thing with places left."""


def letter_about(facts: Facts, *, site: str) -> Letter | None:
    """The letter that an account gets about an event; None for none."""
    event, thing = facts.event, facts.thing
    if isinstance(event, EnquiryMade):
        return LetterTexts(facts.to, site).enquiry(event)
    if thing is None:
        return None
    texts = LetterTexts(facts.to, site, thing)
    is_organiser = facts.account_id == thing.organiser_id
    match event:
        case ThingSubmitted():
            return texts.submitted() if thing.status == "PENDING" and not is_organiser else None
        case ReportMade(reason=reason):
            is_told = thing.status == "PUBLISHED" and not is_organiser
            return texts.reported(reason) if is_told else None
        case ThingApproved():
            return texts.approved() if thing.status == "PUBLISHED" else None
        case ThingRejected(reasons=reasons):
            return texts.rejected(reasons) if thing.status == "REJECTED" else None
        case ThingWithdrawn(by="reviewer", reason=reason):
            return texts.withdrawn(reason)
    if facts.booking is None:
        return None
    if is_organiser and facts.booking.account_id != facts.account_id:
        return _to_organiser(texts, event, facts.booking, facts.occurrence)
    return _to_parent(texts, event, facts, facts.booking)


def _to_organiser(
    texts: LetterTexts, event: Any, booking: Booking, one: Occurrence | None
) -> Letter | None:
    match event:
        case BookingMade() if one is not None and booking.status != "CANCELLED":
            return texts.booked_with_you(booking, one)
        case BookingCancelled(by="parent") if one is not None:
            return texts.cancelled_with_you(booking, one)
    return None


def _to_parent(texts: LetterTexts, event: Any, facts: Facts, booking: Booking) -> Letter | None:
    one = facts.occurrence
    match event:
        case BookingCancelled(by=by) if by != "parent":
            return texts.cancelled(event, facts.was, facts.others)
    if one is None or booking.status == "CANCELLED":
        return None
    match event:
        case BookingMade() if booking.status == "WAITING":
            return texts.waits(booking, one)
        case BookingMade() | BookingPromoted() if booking.status == "BOOKED":
            is_promoted = isinstance(event, BookingPromoted)
            return texts.promoted(booking, one) if is_promoted else texts.booked(booking, one)
        case OccurrenceAltered(altered=altered) if altered.start == one.start:
            return texts.changed(booking, [one], facts.before)
        case VersionReplaced():
            return texts.changed(booking, facts.dates, facts.before)
        case FamiliesWritten() as written:
            return texts.from_organiser(written, booking, one)
    return None
