"""The form of a household: one answer form per member, and the answers that they stand for.

The fields of the guest whose page it is have the names of `Rsvp`. Those of other members have the
member's id and a dot before these names.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, Household, HouseholdAnswer, Rsvp
from gatherlog.apps.guests.inputs import MOST_PEOPLE
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.web.answer_form import AnswerForm, filled, rsvp, submitted
from gatherlog.interfaces.web.forms import text

__all__ = [
    "HouseholdForm",
    "filled_forms",
    "is_saved",
    "people_signed_up",
    "prefix_of",
    "shown_members",
]


class HouseholdForm(msgspec.Struct, frozen=True):
    """The forms that were sent, by the ids of those members that were among them."""

    forms: Mapping[str, AnswerForm]
    confirmed: str
    """The number of people that was confirmed, where it is more than expected."""

    @classmethod
    def read(cls, form: FormData, household: Household) -> "HouseholdForm":
        """The forms of the household's members; those of members who have left are dropped."""
        forms = {}
        for member in shown_members(household):
            prefix = prefix_of(household, member.body.id)
            if not prefix or prefix + "version" in form:
                forms[member.body.id] = submitted(form, prefix)
        return cls(forms, text(form, "sure"))

    def answers(self, household: Household) -> dict[str, HouseholdAnswer]:
        """The answers of the members whose forms were edited; a guest alone always answers.

        If no form was edited, it is the guest's own answer. Raises Invalid, with pointers like
        those of `answer_household`.
        """
        own = household.guest.body.id
        named = [id for id in self.forms if self.forms[id].changed] if household.members else [own]
        answers: dict[str, HouseholdAnswer] = {}
        flaws: list[Flaw] = []
        for id in named or [own]:
            form = self.forms[id]
            try:
                answers[id] = HouseholdAnswer(rsvp=rsvp(form), expects=form.expects)
            except Invalid as wrong:
                flaws += [Flaw(f"/answers/{id}{flaw.pointer}", flaw.detail) for flaw in wrong.flaws]
        if flaws:
            raise Invalid(*flaws)
        return answers

    def shown_again(self, household: Household) -> dict[str, AnswerForm]:
        """The forms to show again; those that were not edited are shown as saved now."""
        saved = filled_forms(household)
        if not household.members:
            return dict(self.forms)
        return {
            id: msgspec.structs.replace(form, shown=saved[id].fingerprint)
            for id, form in self.forms.items()
            if form.changed and id in saved
        }


def filled_forms(household: Household) -> dict[str, AnswerForm]:
    """The forms of all members as they are first shown."""
    own, several = household.guest.body.id, bool(household.members)
    return {
        member.body.id: filled(
            member.body, member.version, own=member.body.id == own, several=several
        )
        for member in shown_members(household)
    }


def shown_members(household: Household) -> list[Stored[Guest]]:
    """The guest, then the others, as many as may be answered for at once."""
    return [household.guest, *household.members[: household.most_answers - 1]]


def prefix_of(household: Household, guest_id: str) -> str:
    """The prefix of the names of a member's fields."""
    return "" if guest_id == household.guest.body.id else f"{guest_id}."


def people_signed_up(household: Household, answers: Mapping[str, HouseholdAnswer]) -> int:
    """How many people would be signed up after these answers; 0 if a number is out of range."""
    total = 0
    for member in [household.guest, *household.members]:
        guest = member.body
        count = guest.num_guests if guest.status in ("coming", "waiting") else 0
        if guest.id in answers:
            answer = answers[guest.id].rsvp
            count = answer.num_guests if answer.attending and answer.num_guests else 0
        if not 0 <= count <= MOST_PEOPLE:
            return 0
        total += count
    return total


def is_saved(household: Household, answers: Mapping[str, HouseholdAnswer]) -> bool:
    """Whether the household's guests have given exactly these answers already."""
    members: Sequence[Stored[Guest]] = [household.guest, *household.members]
    guests = {member.body.id: member.body for member in members}
    return all(_has_given(guests.get(id), answer.rsvp) for id, answer in answers.items())


def _has_given(guest: Guest | None, answer: Rsvp) -> bool:
    """A guest who waits has said yes."""
    if guest is None or guest.rsvp_at is None:
        return False
    before = msgspec.structs.replace(guest, attending=True) if guest.waiting_since else guest
    given: Iterable[tuple[str, object]] = msgspec.structs.asdict(answer).items()
    return all(value is msgspec.UNSET or getattr(before, name) == value for name, value in given)
