"""What the invitation page shows of a gathering and a household, as texts. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from gatherlog.apps.guests import DIETARY_TAGS, Gathering, Household, Questions, Waiting
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.interfaces.web.answer_form import AnswerForm
from gatherlog.interfaces.web.household_form import filled_forms, prefix_of, shown_members
from gatherlog.interfaces.web.overview import deadline
from gatherlog.interfaces.web.persons import Person, person
from gatherlog.interfaces.web.words import day, label, listed, local, people, zone

__all__ = ["Invitation", "confirmation", "invitation"]

_HEADLINES: Final = {
    "coming": ("You’re coming", "The hosts are looking forward to seeing you."),
    "declined": ("You’re not coming", "Thank you for letting the hosts know."),
    "undecided": ("You’re not sure yet", "The hosts know that you are still thinking about it."),
    "waiting": ("You are on the waiting list", "There is not enough room just now."),
    "pending": ("You haven’t answered", "RSVPs are closed."),
}
_OPEN: Final = ("Your answer is still missing", "The others see it here as soon as you give it.")


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the template prints."""

    gathering: str
    when: str | None
    place: str | None
    deadline: str | None
    closed: bool
    seats: int
    people: list[Person]
    """The members; the guest whose page it is comes first."""
    others: int
    """How many members are not shown: beyond the number that one form may answer for."""
    waiting: list[str]
    questions: list[str]
    room: str
    """What to know about free places before answering; empty if there are enough."""
    to_confirm: int
    """A number of people that has to be confirmed; 0 if none."""
    thanks: bool
    notice: str | None
    manage: str
    """The token of the form that leads a co-host to the pages of hosts; empty for others."""
    preview: str
    """For a host who previews the page, the path to go back to; empty for the guest."""
    tags: tuple[tuple[str, str], ...] = tuple((tag, label(tag)) for tag in DIETARY_TAGS)

    @property
    def own(self) -> Person:
        return self.people[0]

    @property
    def alone(self) -> bool:
        return len(self.people) == 1

    @property
    def state(self) -> str:
        """The household's state: `waiting` if anybody waits, else `coming` if anybody comes,
        else the guest's own."""
        states = [person.state for person in self.people]
        return next((state for state in ("waiting", "coming") if state in states), self.own.state)

    @property
    def headline(self) -> str:
        coming = sum(person.count for person in self.people if person.state == "coming")
        if not self.alone and self.state == "coming":
            return "One of you is coming" if coming == 1 else f"{coming} of you are coming"
        if not self.alone and self.state == "waiting" and coming:
            return f"{coming} of you {'is' if coming == 1 else 'are'} coming, the others wait"
        if self.state == "pending" and not self.closed:
            return _OPEN[0]
        return _HEADLINES[self.state][0]

    @property
    def subline(self) -> str:
        if self.state == "pending" and not self.closed:
            return _OPEN[1]
        return _HEADLINES[self.state][1]

    @property
    def answered(self) -> bool:
        """Whether anybody has answered."""
        return any(person.state != "pending" for person in self.people)

    @property
    def editing(self) -> bool:
        """Whether the form is shown open, although there is an answer already."""
        return bool(self.mistakes or self.notice or self.to_confirm or self.own.state == "pending")

    @property
    def seats_in_words(self) -> str:
        """How many places are reserved; empty if none are."""
        if self.seats == 0:
            return ""
        if self.seats == 1:
            return "One place is reserved for you."
        return f"{self.seats} places are reserved for you."

    @property
    def in_calendar(self) -> bool:
        """Whether to offer a calendar file: to guests who come or may still come."""
        return self.when is not None and not self.preview and self.state != "declined"

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """For each mistake, the id of the control to go to, and what is wrong."""
        return [mistake for person in self.people for mistake in person.mistakes]


def invitation(
    gathering: Gathering,
    household: Household,
    *,
    today: date,
    places_left: int | None,
    forms: Mapping[str, AnswerForm] | None = None,
    flaws: Sequence[Flaw] = (),
    to_confirm: int = 0,
    thanks: bool = False,
    notice: str | None = None,
    manage: str = "",
    preview: str = "",
) -> Invitation:
    """The page of a household.

    `forms` are forms that were sent and could not be saved, `flaws` why, with pointers like those
    of `answer_household`. `to_confirm` is a number of people that has to be confirmed. `today` is
    the date in the gathering's time zone. `places_left` is None if there is no limit.
    """
    shown = shown_members(household)
    persons = list(_persons(household, {**filled_forms(household), **(forms or {})}, flaws))
    own = household.guest.body
    names = {member.body.id: member.body.first_name for member in shown}
    waits = [_waiting(unit, names, gathering) for unit in household.waiting]
    return Invitation(
        gathering=gathering.event_name,
        when=_when(gathering),
        place=gathering.location,
        deadline=deadline(gathering, today),
        closed=household.closed,
        seats=household.family_sum,
        people=persons,
        others=1 + len(household.members) - len(shown),
        waiting=waits,
        questions=list(_questions(household.questions, persons, names, own.id)),
        room=_room(household, places_left),
        to_confirm=to_confirm,
        thanks=thanks and any(person.state != "pending" for person in persons),
        notice=notice,
        manage=manage,
        preview=preview,
    )


def confirmation(signed_up: int, expected: int) -> str:
    """The question that is asked where more people are signed up than were expected."""
    kept = "One place was" if expected == 1 else f"{expected} places were"
    return f"{kept} reserved for you, and now you are {people(signed_up)}. Is that right?"


def _persons(
    household: Household, forms: Mapping[str, AnswerForm], flaws: Sequence[Flaw]
) -> Iterator[Person]:
    own = household.guest.body.id
    for member in shown_members(household):
        guest, start = member.body, f"/answers/{member.body.id}"
        mine = [
            Flaw(flaw.pointer.removeprefix(start), flaw.detail)
            for flaw in flaws
            if flaw.pointer.startswith(start) or (guest.id == own and flaw.pointer == "/answers")
        ]
        form = msgspec.structs.replace(forms[guest.id], version=str(member.version))
        yield person(guest, form, mine, prefix=prefix_of(household, guest.id), own=guest.id == own)


def _waiting(unit: Waiting, names: Mapping[str, str], gathering: Gathering) -> str:
    who = people(unit.people)
    if not unit.fits:
        places = people(gathering.max_guests or 0)
        return (
            f"You are {who}, but the gathering has room for {places} in all, so there will never "
            "be enough places for all of you at once. Fewer of you may fit: change your answer."
        )
    place = f"You are number {unit.place} in line."
    if unit.people == 1:
        return f"{place} As soon as a place is free for you, it is yours: there is nothing to do."
    whole = "both" if unit.people == 2 else f"all {unit.people}"
    together = [names[id] for id in unit.members if id in names]
    family = f" We keep {listed(together)} together." if len(together) > 1 else ""
    return (
        f"{place} As soon as there is room for {whole} of you, the places are yours: "
        f"there is nothing to do.{family}"
    )


def _questions(
    questions: Questions, persons: Sequence[Person], names: Mapping[str, str], own: str
) -> Iterator[str]:
    """Questions about members without an answer; none until somebody comes."""
    silent = {person.first_name for person in persons if person.state == "pending"}
    pending = [id for id in questions.not_coming if names.get(id) in silent]
    # The reader is addressed as "you", and named first, as everywhere on the page.
    asked = ["you"] * (own in pending) + [names[id] for id in pending if id != own]
    if asked and questions.signed_up:
        is_one = len(asked) == 1 and asked != ["you"]
        verb = f"{'Isn' if is_one else 'Aren'}\N{RIGHT SINGLE QUOTATION MARK}t"
        missing = f"There is no answer for {listed(asked, 'or')} yet."
        yield f"{verb} {listed(asked)} coming? {missing}"


def _room(household: Household, places_left: int | None) -> str:
    if places_left is None or household.questions.signed_up:
        return ""
    if places_left == 0:
        return (
            "All places are taken just now. Say yes all the same: then you are on the waiting "
            "list, and come in as soon as there is room for you."
        )
    if places_left < household.family_sum:
        left = "One place is" if places_left == 1 else f"{places_left} places are"
        return f"{left} left. If more of you say yes, you wait together until there is room."
    return ""


def _when(gathering: Gathering) -> str | None:
    if gathering.event_date is None:
        return None
    when = local(gathering.event_date)
    if isinstance(when, datetime):
        return f"{day(when)}\n{when:%H:%M}, {zone(gathering.time_zone)}"
    return day(when)
