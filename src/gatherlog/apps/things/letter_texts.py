"""The texts of the letters about things to do. Text that somebody typed is put into one line, but
for what an organiser, a reviewer or a visitor wrote as a text of several lines.

Anybody may name a thing, so a name that holds a link is in no subject: subjects are what people see
of letters from strangers.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from gatherlog.apps.things.answers import OccurrencePlaces
from gatherlog.apps.things.events import (
    BookingCancelled,
    EnquiryMade,
    FamiliesWritten,
    Reason,
    Side,
)
from gatherlog.apps.things.letter_changes import changed_times, moment, new_place, told_change
from gatherlog.apps.things.occurrences import Occurrence
from gatherlog.apps.things.views import Booking, Thing
from gatherlog.core.subscriptions.letters import Letter, has_link, one_line

__all__ = ["LetterTexts"]

MOST_DATES: Final = 5
"""Other dates that a letter offers."""
_WHO: Final[dict[Side, str]] = {
    "organiser": "the organiser",
    "reviewer": "the site",
    "site": "the site",
    "parent": "you",
}


class LetterTexts:
    """The letters to one address about one thing. `site` is the URL that people know."""

    def __init__(self, to: str, site: str, thing: Thing | None = None) -> None:
        self._to = to
        self._site = one_line(site)
        self._name = "" if thing is None else one_line(thing.content.name)
        self._thing = thing

    # To reviewers and to the site.

    def submitted(self) -> Letter:
        return self._letter(
            "Ready for review",
            f"{self._name} is waiting for review.",
            self._link("review"),
        )

    def reported(self, reason: str) -> Letter:
        return self._letter(
            "Reported",
            f"somebody has reported {self._name}:",
            _quoted(reason),
            self._link("review"),
        )

    def enquiry(self, enquiry: EnquiryMade) -> Letter:
        subject = one_line(enquiry.subject)
        return self._letter(
            "A message to the site" if has_link(subject) else f"Message: {subject}",
            f"somebody who gave the address {one_line(enquiry.sender)} has written:",
            _quoted(enquiry.text),
        )

    # To organisers.

    def approved(self) -> Letter:
        return self._letter(
            "Published", f"{self._name} was approved and is published.", self._link("things")
        )

    def rejected(self, reasons: Sequence[Reason]) -> Letter:
        told = [f"{one_line(one.field) or 'In general'}:\n{_quoted(one.text)}" for one in reasons]
        return self._letter(
            "Not published yet",
            f"{self._name} was not approved. Please change it and submit it again:",
            *told,
            self._link("desk"),
        )

    def withdrawn(self, reason: str) -> Letter:
        return self._letter(
            "Taken down",
            f"a reviewer has taken {self._name} down, and its bookings are cancelled. The reason:",
            _quoted(reason),
        )

    def booked_with_you(self, booking: Booking, one: Occurrence) -> Letter:
        waits, count = booking.status == "WAITING", _people(booking.places)
        what = (
            f"a booking for {count} has joined the waiting list of"
            if waits
            else (f"there is a new booking for {count} at")
        )
        return self._letter(
            "On the waiting list" if waits else "New booking",
            f"{what} {self._name}:",
            self._when_and_where(one),
            self._link("desk"),
        )

    def cancelled_with_you(self, booking: Booking, one: Occurrence) -> Letter:
        return self._letter(
            "Booking cancelled",
            f"a booking for {_people(booking.places)} at {self._name} was cancelled:",
            self._when_and_where(one),
            self._link("desk"),
        )

    # To parents.

    def booked(self, booking: Booking, one: Occurrence) -> Letter:
        return self._letter(
            "You have booked",
            f"you have booked {self._name} for {_people(booking.places)}:",
            self._when_and_where(one),
            f"Can you not come? Please cancel, so that others can: {self._url('bookings')}",
        )

    def waits(self, booking: Booking, one: Occurrence) -> Letter:
        whole, everybody = (" as a whole", " for all") if booking.places > 1 else ("", "")
        return self._letter(
            "You are on the waiting list",
            f"there is no room left at {self._name} for {_people(booking.places)}:",
            self._when_and_where(one),
            f"Your booking is on the waiting list{whole}. As soon as there is room{everybody}, it "
            "moves up automatically, and we write to you again. Until then you have no place.",
            f"To leave the waiting list: {self._url('bookings')}",
        )

    def promoted(self, booking: Booking, one: Occurrence) -> Letter:
        return self._letter(
            "You have a place",
            f"there is room now: you have moved up from the waiting list of {self._name}, and your "
            f"booking for {_people(booking.places)} is confirmed.",
            self._when_and_where(one),
            f"Can you not come any more? Please cancel, so that others can: "
            f"{self._url('bookings')}",
        )

    def changed(
        self, booking: Booking, dates: Sequence[Occurrence], before: Thing | None
    ) -> Letter | None:
        """What is new beside what was; None if nothing changed that matters to these bookings.

        `dates` are those of all bookings that the letter is about, of which `booking` is one, and
        `before` is the thing as it was.
        """
        thing = self._thing
        if thing is None or before is None:
            return None
        whose = (
            "which you are waiting for" if booking.status == "WAITING" else "which you have booked"
        )
        if len(dates) > 1:
            whose = "which you have booked or are waiting for"
        changed = changed_times(dates, before)
        moved = [one for one in ("a new time" if changed else "", new_place(thing, before)) if one]
        if not moved:
            return None
        return self._letter(
            "A change",
            f"{self._name}, {whose}, has {' and '.join(moved)}:",
            told_change(thing, dates, changed, before),
            f"Does it not suit you any more? You can cancel: {self._url('bookings')}",
        )

    def cancelled(
        self, event: BookingCancelled, was: Occurrence | None, others: Iterable[OccurrencePlaces]
    ) -> Letter:
        """With other dates on which it still takes place and has places."""
        dates = [one.occurrence for one in others if one.occurrence is not None]
        offered = [f"    {moment(one)}" for one in dates if was is None or one.key != was.key]
        more = (
            [f"There are still places at {self._name} on:\n" + "\n".join(offered[:MOST_DATES])]
            if offered
            else []
        )
        what = "place on the waiting list of" if event.waited else "booking of"
        when = "" if was is None else f" on {moment(was)}"
        return self._letter(
            "Cancelled",
            f"your {what} {self._name}{when} was cancelled by {_WHO[event.by]}.",
            *([_quoted(event.reason)] if event.reason else []),
            *more,
            *([self._link("things")] if offered else []),
        )

    def from_organiser(self, written: FamiliesWritten, booking: Booking, one: Occurrence) -> Letter:
        """The organiser's words, to those who have booked and to those who wait."""
        subject, waits = one_line(written.subject), booking.status == "WAITING"
        return self._letter(
            "From the organiser" if has_link(subject) else subject,
            f"the organiser of {self._name} has written to everybody who has booked or is on the "
            "waiting list:",
            _quoted(written.text),
            self._when_and_where(one),
            "You are on the waiting list, and have no place yet." if waits else "",
        )

    def _letter(self, subject: str, *paragraphs: str) -> Letter:
        shown = "" if not self._name or has_link(self._name) else f": {self._name}"
        end = f"-- \nThis letter was sent by {self._site}"
        return Letter(
            to=self._to,
            subject=f"{subject}{shown}",
            text="\n\n".join(["Hello,", *[one for one in paragraphs if one], end]) + "\n",
        )

    def _when_and_where(self, *dates: Occurrence) -> str:
        place = "" if self._thing is None else one_line(self._thing.content.where.address)
        return "\n".join([*(f"    When: {moment(one)}" for one in dates), f"    Where: {place}"])

    def _link(self, page: str) -> str:
        return "" if self._thing is None else f"{self._url(page)}/{self._thing.id}"

    def _url(self, page: str) -> str:
        return f"{self._site}/{page}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _quoted(text: str) -> str:
    """Somebody's words, line by line, so that nobody takes them for the site's."""
    return "\n".join(f"> {one_line(line)}".rstrip() for line in text.split("\n"))
