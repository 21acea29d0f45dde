"""What the invitation page shows of a gathering and one of its guests, all of it in words. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from gatherlog.apps.guests import DIETARY_TAGS, Gathering, Guest
from gatherlog.core.errors import Flaw
from gatherlog.interfaces.web.answer_form import AnswerForm, filled
from gatherlog.interfaces.web.words import day, label, local, moment, people, zone

__all__ = ["Invitation", "invitation"]

_HEADLINES: Final = {
    "coming": ("You are coming", "The hosts are looking forward to seeing you."),
    "declined": ("You cannot come", "Thank you for letting the hosts know."),
    "undecided": ("You are not sure yet", "The hosts know that you are still thinking about it."),
    "pending": ("You have not answered", "The time for answering is over."),
}
_FIELDS: Final = {
    "attending": ("attending-yes", "Your answer"),
    "num_guests": ("num_guests", "The number of people"),
    "children": ("children", "The number of children"),
    "dietary_tags": (f"tag-{DIETARY_TAGS[0]}", "What the kitchen should know"),
    "dietary": ("dietary", "Your note"),
}
"""Of each field the id of its first control, and what it is called when it is wrong."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the template prints."""

    gathering: str
    when: str | None
    place: str | None
    deadline: str | None
    closed: bool
    first_name: str
    name: str
    seats: int
    state: str
    details: list[tuple[str, str]]
    form: AnswerForm
    flaws: dict[str, str]
    thanks: bool
    notice: str | None
    tags: tuple[tuple[str, str], ...] = tuple((tag, label(tag)) for tag in DIETARY_TAGS)

    @property
    def headline(self) -> str:
        return _HEADLINES[self.state][0]

    @property
    def subline(self) -> str:
        return _HEADLINES[self.state][1]

    @property
    def answered(self) -> bool:
        return self.state != "pending"

    @property
    def editing(self) -> bool:
        """Whether the form lies open although there is an answer already."""
        return bool(self.flaws or self.notice)

    @property
    def seats_in_words(self) -> str:
        """How many places the hosts set aside; nothing where they set aside none."""
        if self.seats == 0:
            return ""
        if self.seats == 1:
            return "One place is reserved for you."
        return f"{self.seats} places are reserved for you."

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """For each mistake the id of the control to go to, and what is wrong."""
        return [(_FIELDS[field][0], text) for field, text in self.flaws.items()]


def invitation(
    gathering: Gathering,
    guest: Guest,
    version: int,
    *,
    today: date,
    closed: bool,
    form: AnswerForm | None = None,
    flaws: Sequence[Flaw] = (),
    thanks: bool = False,
    notice: str | None = None,
) -> Invitation:
    """The page of `guest`; `form` is what was sent and not taken, `today` the gathering's day."""
    return Invitation(
        gathering=gathering.event_name,
        when=_when(gathering),
        place=gathering.location,
        deadline=_deadline(gathering, today),
        closed=closed,
        first_name=guest.first_name,
        name=f"{guest.first_name} {guest.last_name}",
        seats=guest.expected_guests,
        state=guest.status,
        details=_details(guest),
        form=form or filled(guest, version),
        flaws=_worded(flaws),
        thanks=thanks and guest.status != "pending",
        notice=notice,
    )


def _worded(flaws: Sequence[Flaw]) -> dict[str, str]:
    """The first flaw of each field as a sentence; one of no field here goes to the answer."""
    worded: dict[str, str] = {}
    for flaw in flaws:
        name = flaw.pointer.split("/")[1]
        field = name if name in _FIELDS else "attending"
        worded.setdefault(field, f"{_FIELDS[field][1]} {flaw.detail}.")
    return worded


def _details(guest: Guest) -> list[tuple[str, str]]:
    if guest.status != "coming":
        return []
    details = [("Who", people(guest.num_guests, guest.children))]
    if guest.dietary_tags:
        details.append(("Food", ", ".join(label(tag) for tag in guest.dietary_tags)))
    if guest.dietary:
        details.append(("Note" if guest.dietary_tags else "Food", guest.dietary))
    return details


def _when(gathering: Gathering) -> str | None:
    if gathering.event_date is None:
        return None
    when = local(gathering.event_date)
    if isinstance(when, datetime):
        return f"{day(when)}\n{when:%H:%M}, {zone(gathering.time_zone)}"
    return day(when)


def _deadline(gathering: Gathering, today: date) -> str | None:
    """`Friday, 5 June, end of day, Berlin time`; the year only where it is not this one."""
    if gathering.rsvp_deadline is None:
        return None
    until = local(gathering.rsvp_deadline)
    year = until.year != today.year
    if isinstance(until, datetime):
        return moment(until, gathering.time_zone, year=year)
    return f"{day(until, year=year)}, end of day, {zone(gathering.time_zone)}"
