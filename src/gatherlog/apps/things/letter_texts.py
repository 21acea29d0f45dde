"""The texts of the letters about things to do. Text that somebody typed is put into one line, but
for what an organiser, a reviewer or a visitor wrote as a text of several lines.

Anybody may name a thing, so a name that holds a link is in no subject: subjects are what people see
of letters from strangers.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from gatherlog.apps.things.answers import OccurrencePlaces
from gatherlog.apps.things.events import EnquiryMade, FamiliesWritten, Reason, Side
from gatherlog.apps.things.occurrences import Occurrence
from gatherlog.apps.things.views import Booking, Thing
from gatherlog.core.subscriptions.letters import Letter, has_link, one_line, spoken_moment

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
            "A thing to review",
            f"{self._name} waits for review.",
            self._link("review"),
        )

    def reported(self, reason: str) -> Letter:
        return self._letter(
            "A thing was reported",
            f"somebody reports {self._name}:",
            _quoted(reason),
            self._link("review"),
        )

    def enquiry(self, enquiry: EnquiryMade) -> Letter:
        subject = one_line(enquiry.subject)
        return self._letter(
            "A message to the site" if has_link(subject) else f"Message: {subject}",
            f"somebody who gives the address {one_line(enquiry.sender)} writes:",
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
        waits = booking.status == "WAITING"
        what = "wait for a place" if waits else "are coming"
        return self._letter(
            "Somebody waits" if waits else "A booking",
            f"{_people(booking.places)} {what}:",
            self._when_and_where(one),
            self._link("desk"),
        )

    def cancelled_with_you(self, booking: Booking, one: Occurrence) -> Letter:
        return self._letter(
            "A cancellation",
            f"a booking for {_people(booking.places)} was cancelled:",
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
        return self._letter(
            "You are on the waiting list",
            f"there is no room left at {self._name} for {_people(booking.places)}:",
            self._when_and_where(one),
            "You are on the waiting list, all of you together. As soon as there is room, you move "
            "up by yourself, and another letter tells you so. Until then you have no place.",
            f"To wait no longer: {self._url('bookings')}",
        )

    def promoted(self, booking: Booking, one: Occurrence) -> Letter:
        return self._letter(
            "You have a place",
            f"there is room now: you have moved up and have places at {self._name} for "
            f"{_people(booking.places)}.",
            self._when_and_where(one),
            f"Can you not come any more? Please cancel, so that others can: "
            f"{self._url('bookings')}",
        )

    def changed(self, booking: Booking, dates: Sequence[Occurrence]) -> Letter:
        """`dates` are those of all bookings that the letter is about, of which `booking` is one."""
        whose = "which you wait for" if booking.status == "WAITING" else "which you have booked"
        if len(dates) > 1:
            whose = "which you have booked or wait for"
        return self._letter(
            "A change",
            f"time or place of {self._name}, {whose}, have changed. They are now:",
            self._when_and_where(*dates),
            f"Does it not suit you any more? You can cancel: {self._url('bookings')}",
        )

    def cancelled(
        self, by: Side, reason: str | None, others: Iterable[OccurrencePlaces], key: str
    ) -> Letter:
        """With other dates on which it still takes place and has places."""
        dates = [one.occurrence for one in others if one.occurrence is not None and one.key != key]
        offered = [f"    {_moment(one)}" for one in dates[:MOST_DATES]]
        more = [f"{self._name} has places on:\n" + "\n".join(offered)] if offered else []
        return self._letter(
            "Cancelled",
            f"your booking of {self._name} was cancelled by {_WHO[by]}{_planned(key)}.",
            *([_quoted(reason)] if reason else []),
            *more,
            *([self._link("things")] if offered else []),
        )

    def from_organiser(self, written: FamiliesWritten, one: Occurrence) -> Letter:
        subject = one_line(written.subject)
        return self._letter(
            "From the organiser" if has_link(subject) else subject,
            f"the organiser of {self._name} writes to all who have booked:",
            _quoted(written.text),
            self._when_and_where(one),
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
        return "\n".join([*(f"    When: {_moment(one)}" for one in dates), f"    Where: {place}"])

    def _link(self, page: str) -> str:
        return "" if self._thing is None else f"{self._url(page)}/{self._thing.id}"

    def _url(self, page: str) -> str:
        return f"{self._site}/{page}"


def _moment(one: Occurrence) -> str:
    return spoken_moment(one.start, one.time_zone)


def _planned(key: str) -> str:
    """`, which was planned for Saturday, 3 April 2027`; nothing where the key is no date."""
    return f", planned for {spoken_moment(key[:10], '')}" if key[:1].isdigit() else ""


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _quoted(text: str) -> str:
    """Somebody's words, line by line, so that nobody takes them for the site's."""
    return "\n".join(f"> {one_line(line)}".rstrip() for line in text.split("\n"))
