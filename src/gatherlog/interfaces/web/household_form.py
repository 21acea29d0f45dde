"""The form of a household: one answer form per member, and the answers that it stands for.

The fields of the guest whose page it is bear the names of `Rsvp`; those of another member come
after that member's id and a dot.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, Household, HouseholdAnswer, Rsvp
from gatherlog.apps.guests.inputs import MOST_ANSWERS, MOST_PEOPLE
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.web.answer_form import AnswerForm, filled, rsvp, typed
from gatherlog.interfaces.web.forms import text

__all__ = ["HouseholdForm", "first_filled", "prefix_of", "shown_members", "signed_up", "stands"]


class HouseholdForm(msgspec.Struct, frozen=True):
    """What was sent, for those members of whom anything was sent."""

    forms: Mapping[str, AnswerForm]
    sure: str
    """The number of people that was said to be meant, where it is more than expected."""

    @classmethod
    def read(cls, form: FormData, household: Household) -> "HouseholdForm":
        """The fields of members; whoever has left the household meanwhile is left out."""
        forms = {}
        for member in shown_members(household):
            prefix = prefix_of(household, member.body.id)
            if not prefix or prefix + "version" in form:
                forms[member.body.id] = typed(form, prefix)
        return cls(forms, text(form, "sure"))

    def answers(self, household: Household) -> dict[str, HouseholdAnswer]:
        """An answer for everybody about whom something was said or changed.

        Whoever was not touched keeps the answer given before, or has none yet. Raises Invalid with
        pointers as `answer_household` has them.
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
        """The same fields above what is saved now; whoever was not touched is shown as saved."""
        saved = first_filled(household)
        if not household.members:
            return dict(self.forms)
        return {
            id: msgspec.structs.replace(form, shown=saved[id].fingerprint)
            for id, form in self.forms.items()
            if form.changed and id in saved
        }


def first_filled(household: Household) -> dict[str, AnswerForm]:
    """The forms of all members as they are first seen."""
    own, several = household.guest.body.id, bool(household.members)
    return {
        member.body.id: filled(
            member.body, member.version, own=member.body.id == own, several=several
        )
        for member in shown_members(household)
    }


def shown_members(household: Household) -> list[Stored[Guest]]:
    """The guest, then the others, as many as may be answered for at once."""
    return [household.guest, *household.members[: MOST_ANSWERS - 1]]


def prefix_of(household: Household, guest_id: str) -> str:
    """What the names of a member's fields begin with."""
    return "" if guest_id == household.guest.body.id else f"{guest_id}."


def signed_up(household: Household, answers: Mapping[str, HouseholdAnswer]) -> int:
    """How many people would be signed up after these answers; 0 if a number is out of range."""
    total = 0
    for member in [household.guest, *household.members]:
        guest = member.body
        count = guest.num_guests if guest.status in ("coming", "waiting") else 0
        if guest.id in answers:
            said = answers[guest.id].rsvp
            count = said.num_guests if said.attending and said.num_guests else 0
        if not 0 <= count <= MOST_PEOPLE:
            return 0
        total += count
    return total


def stands(household: Household, answers: Mapping[str, HouseholdAnswer]) -> bool:
    """Whether these are the answers that are known already."""
    members: Sequence[Stored[Guest]] = [household.guest, *household.members]
    known = {member.body.id: member.body for member in members}
    return all(_stands(answer.rsvp, known.get(id)) for id, answer in answers.items())


def _stands(answer: Rsvp, guest: Guest | None) -> bool:
    if guest is None or guest.rsvp_at is None:
        return False
    said = msgspec.structs.replace(guest, attending=True) if guest.waiting_since else guest
    given: Iterable[tuple[str, object]] = msgspec.structs.asdict(answer).items()
    return all(value is msgspec.UNSET or getattr(said, name) == value for name, value in given)
