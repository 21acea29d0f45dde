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
from gatherlog.core.texts import N_, _, ngettext

__all__ = ["LetterTexts"]

MOST_DATES: Final = 5
"""Other dates that a letter offers."""
_WHO: Final[dict[Side, str]] = {
    "organiser": N_("the organiser"),
    "reviewer": N_("the site"),
    "site": N_("the site"),
    "parent": N_("you"),
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
            _("Ready for review"),
            _("{name} is waiting for review.").format(name=self._name),
            self._link("review"),
        )

    def reported(self, reason: str) -> Letter:
        return self._letter(
            _("Reported"),
            _("Somebody has reported {name}:").format(name=self._name),
            _quoted(reason),
            self._link("review"),
        )

    def enquiry(self, enquiry: EnquiryMade) -> Letter:
        subject, sender = one_line(enquiry.subject), one_line(enquiry.sender)
        if has_link(subject):
            subject = _("A message to the site")
        else:
            subject = _("Message: {subject}").format(subject=subject)
        return self._letter(
            subject,
            _("Somebody who gave the address {sender} has written:").format(sender=sender),
            _quoted(enquiry.text),
            reply_to=enquiry.sender,
        )

    # To organisers.

    def approved(self) -> Letter:
        return self._letter(
            _("Published"),
            _("{name} was approved and is published.").format(name=self._name),
            self._link("things"),
        )

    def rejected(self, reasons: Sequence[Reason]) -> Letter:
        general = _("In general")
        told = [f"{one_line(one.field) or general}:\n{_quoted(one.text)}" for one in reasons]
        said = _("{name} was not approved. Please change it and submit it again:")
        return self._letter(
            _("Not published yet"),
            said.format(name=self._name),
            *told,
            self._link("desk"),
        )

    def withdrawn(self, reason: str) -> Letter:
        said = _("A reviewer has taken {name} down, and its bookings are cancelled. The reason:")
        return self._letter(
            _("Taken down"),
            said.format(name=self._name),
            _quoted(reason),
        )

    def booked_with_you(self, booking: Booking, one: Occurrence) -> Letter:
        waits = booking.status == "WAITING"
        if waits:
            said = _("A booking for {people} has joined the waiting list of {name}:")
        else:
            said = _("There is a new booking for {people} at {name}:")
        return self._letter(
            _("On the waiting list") if waits else _("New booking"),
            said.format(people=_people(booking.places), name=self._name),
            self._when_and_where(one),
            self._link("desk"),
        )

    def cancelled_with_you(self, booking: Booking, one: Occurrence) -> Letter:
        said = _("A booking for {people} at {name} was cancelled:")
        return self._letter(
            _("Booking cancelled"),
            said.format(people=_people(booking.places), name=self._name),
            self._when_and_where(one),
            self._link("desk"),
        )

    # To parents.

    def booked(self, booking: Booking, one: Occurrence) -> Letter:
        said = _("You have booked {name} for {people}:")
        return self._to_parent(
            _("You have booked"),
            said.format(name=self._name, people=_people(booking.places)),
            self._when_and_where(one),
            _("Can’t come? Please cancel, so that others can: {link}").format(
                link=self._url("bookings")
            ),
        )

    def waits(self, booking: Booking, one: Occurrence) -> Letter:
        if booking.places > 1:
            told = _(
                "Your booking is on the waiting list as a whole. As soon as there is room for all "
                "of you, it moves up automatically, and we write to you again. Until then you do "
                "not have a place."
            )
        else:
            told = _(
                "Your booking is on the waiting list. As soon as there is room, it moves up "
                "automatically, and we write to you again. Until then you do not have a place."
            )
        return self._to_parent(
            _("You are on the waiting list"),
            _("There is no room left at {name} for {people}:").format(
                name=self._name, people=_people(booking.places)
            ),
            self._when_and_where(one),
            told,
            _("To leave the waiting list: {link}").format(link=self._url("bookings")),
        )

    def promoted(self, booking: Booking, one: Occurrence) -> Letter:
        return self._to_parent(
            _("You have a place"),
            _(
                "There is room now: you have moved up from the waiting list of {name}, and your "
                "booking for {people} is confirmed."
            ).format(name=self._name, people=_people(booking.places)),
            self._when_and_where(one),
            _("Can’t come any more? Please cancel, so that others can: {link}").format(
                link=self._url("bookings")
            ),
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
        changed = changed_times(dates, before)
        moved = [_("a new time")] if changed else []
        moved += [place] if (place := new_place(thing, before)) else []
        if not moved:
            return None
        news = (
            _("{one} and {other}").format(one=moved[0], other=moved[1]) if moved[1:] else moved[0]
        )
        return self._to_parent(
            _("A change"),
            _whose(booking, len(dates)).format(name=self._name, news=news),
            told_change(thing, dates, changed, before),
            _("Does it no longer suit you? You can cancel: {link}").format(
                link=self._url("bookings")
            ),
        )

    def cancelled(
        self, event: BookingCancelled, was: Occurrence | None, others: Iterable[OccurrencePlaces]
    ) -> Letter:
        """With other dates on which it still takes place and has places."""
        dates = [one.occurrence for one in others if one.occurrence is not None]
        offered = [f"    {moment(one)}" for one in dates if was is None or one.key != was.key]
        more = _("There are still places at {name} on:").format(name=self._name)
        return self._to_parent(
            _("Cancelled"),
            self._cancelled_by(event, was),
            *([_quoted(event.reason)] if event.reason else []),
            *(["\n".join([more, *offered[:MOST_DATES]]), self._link("things")] if offered else []),
        )

    def _cancelled_by(self, event: BookingCancelled, was: Occurrence | None) -> str:
        who = _(_WHO[event.by])
        if was is None:
            said = (
                _("Your place on the waiting list of {name} was cancelled by {who}.")
                if event.waited
                else _("Your booking of {name} was cancelled by {who}.")
            )
            return said.format(name=self._name, who=who)
        said = (
            _("Your place on the waiting list of {name} on {date} was cancelled by {who}.")
            if event.waited
            else _("Your booking of {name} on {date} was cancelled by {who}.")
        )
        return said.format(name=self._name, date=moment(was), who=who)

    def from_organiser(self, written: FamiliesWritten, booking: Booking, one: Occurrence) -> Letter:
        """The organiser's words, to those who have booked and to those who wait."""
        subject, waits = one_line(written.subject), booking.status == "WAITING"
        return self._to_parent(
            _("From the organiser") if has_link(subject) else subject,
            _(
                "The organiser of {name} has written to everybody who has booked or is on the "
                "waiting list:"
            ).format(name=self._name),
            _quoted(written.text),
            self._when_and_where(one),
            _("You are on the waiting list, and do not have a place yet.") if waits else "",
        )

    def _to_parent(self, subject: str, *paragraphs: str) -> Letter:
        """A letter that is answered to the address for questions, where there is one."""
        contact = None if self._thing is None else self._thing.content.contact
        return self._letter(subject, *paragraphs, reply_to=contact.email if contact else None)

    def _letter(self, subject: str, *paragraphs: str, reply_to: str | None = None) -> Letter:
        shown = "" if not self._name or has_link(self._name) else f": {self._name}"
        end = "-- \n" + _("This letter was sent by {site}").format(site=self._site)
        return Letter(
            to=self._to,
            subject=f"{subject}{shown}",
            text="\n\n".join([_("Hello,"), *[one for one in paragraphs if one], end]) + "\n",
            reply_to=reply_to or None,
        )

    def _when_and_where(self, *dates: Occurrence) -> str:
        place = "" if self._thing is None else one_line(self._thing.content.where.address)
        lines = [_("When: {date}").format(date=moment(one)) for one in dates]
        return "\n".join(
            f"    {line}" for line in [*lines, _("Where: {place}").format(place=place)]
        )

    def _link(self, page: str) -> str:
        return "" if self._thing is None else f"{self._url(page)}/{self._thing.id}"

    def _url(self, page: str) -> str:
        return f"{self._site}/{page}"


def _people(count: int) -> str:
    return ngettext("{count} person", "{count} people", count).format(count=count)


def _whose(booking: Booking, dates: int) -> str:
    """What is said of a change, with a place for the `news`."""
    if dates > 1:
        return _("{name}, which you have booked or are waiting for, has {news}:")
    if booking.status == "WAITING":
        return _("{name}, which you are waiting for, has {news}:")
    return _("{name}, which you have booked, has {news}:")


def _quoted(text: str) -> str:
    """Somebody's words, line by line, so that nobody takes them for the site's."""
    return "\n".join(f"> {one_line(line)}".rstrip() for line in text.split("\n"))
