"""What the invitation page shows of a gathering and a household, as texts. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from gatherlog.apps.guests import Gathering, Household, Questions, Waiting
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.texts import N_, _, ngettext
from gatherlog.interfaces.web.answer_form import AnswerForm
from gatherlog.interfaces.web.fields import tags
from gatherlog.interfaces.web.household_form import filled_forms, prefix_of, shown_members
from gatherlog.interfaces.web.overview import deadline
from gatherlog.interfaces.web.persons import Person, person
from gatherlog.interfaces.web.spans import span
from gatherlog.interfaces.web.words import listed, people

__all__ = ["Invitation", "confirmation", "invitation"]

_HEADLINES: Final = {
    "coming": (N_("You’re coming"), N_("The hosts are looking forward to seeing you.")),
    "declined": (N_("You’re not coming"), N_("Thank you for letting the hosts know.")),
    "undecided": (
        N_("You’re not sure yet"),
        N_("The hosts know that you are still thinking about it."),
    ),
    "waiting": (N_("You are on the waiting list"), N_("There is not enough room just now.")),
    "pending": (N_("You haven’t answered"), N_("RSVPs are closed.")),
}
_OPEN: Final = (
    N_("Your answer is still missing"),
    N_("The others see it here as soon as you give it."),
)


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

    @property
    def tags(self) -> list[tuple[str, str]]:
        return tags()

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
            text = ngettext("One of you is coming", "{count} of you are coming", coming)
            return text.format(count=coming)
        if not self.alone and self.state == "waiting" and coming:
            text = ngettext(
                "{count} of you is coming, the others are waiting",
                "{count} of you are coming, the others are waiting",
                coming,
            )
            return text.format(count=coming)
        if self.state == "pending" and not self.closed:
            return _(_OPEN[0])
        return _(_HEADLINES[self.state][0])

    @property
    def subline(self) -> str:
        if self.state == "pending" and not self.closed:
            return _(_OPEN[1])
        return _(_HEADLINES[self.state][1])

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
        text = ngettext(
            "One place is reserved for you.", "{count} places are reserved for you.", self.seats
        )
        return text.format(count=self.seats)

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
    text = ngettext(
        "One place was reserved for you, and now you are {people}. Is that right?",
        "{count} places were reserved for you, and now you are {people}. Is that right?",
        expected,
    )
    return text.format(count=expected, people=people(signed_up))


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
        return _(
            "You are {people}, but the gathering has room for {places} in all, so there will never "
            "be enough places for all of you at once. Fewer of you may fit: change your answer."
        ).format(people=who, places=places)
    told = [_("You are number {place} in line.").format(place=unit.place), _when_free(unit)]
    together = [names[id] for id in unit.members if id in names]
    if len(together) > 1:
        told.append(_("We keep {names} together.").format(names=listed(together)))
    return " ".join(told)


def _when_free(unit: Waiting) -> str:
    if unit.people == 1:
        return _("As soon as a place is free for you, it is yours: there is nothing to do.")
    if unit.people == 2:
        return _(
            "As soon as there is room for both of you, the places are yours: there is nothing to "
            "do."
        )
    return _(
        "As soon as there is room for all {count} of you, the places are yours: there is nothing "
        "to do."
    ).format(count=unit.people)


def _questions(
    questions: Questions, persons: Sequence[Person], names: Mapping[str, str], own: str
) -> Iterator[str]:
    """Questions about members without an answer; none until somebody comes."""
    silent = {person.first_name for person in persons if person.state == "pending"}
    pending = [id for id in questions.not_coming if names.get(id) in silent]
    others = [names[id] for id in pending if id != own]
    if not questions.signed_up:
        return
    if own in pending:
        yield _("You haven’t answered yet.")
    if others:
        text = ngettext(
            "{names} hasn’t answered yet.", "{names} haven’t answered yet.", len(others)
        )
        yield text.format(names=listed(others))


def _room(household: Household, places_left: int | None) -> str:
    if places_left is None or household.questions.signed_up:
        return ""
    if places_left == 0:
        return _(
            "All places are taken just now. Say yes all the same: then you are on the waiting "
            "list, and come in as soon as there is room for you."
        )
    if places_left < household.family_sum:
        text = ngettext(
            "One place is left. If more of you say yes, you wait together until there is room.",
            "{count} places are left. If more of you say yes, you wait together until there is "
            "room.",
            places_left,
        )
        return text.format(count=places_left)
    return ""


def _when(gathering: Gathering) -> str | None:
    if gathering.event_date is None:
        return None
    start, end = gathering.event_date, gathering.event_end
    return span(start, end, gathering.time_zone, between="\n")
