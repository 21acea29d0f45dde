"""The form that books one date: which children, and how many others. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from starlette.datastructures import FormData

from gatherlog.apps.things import BookingWish, Child, Content, Occurrence, age_on
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.rest.parameters import check_id
from gatherlog.interfaces.web.fields import Fields, whole
from gatherlog.interfaces.web.things.phrases import ages

__all__ = ["BookingForm", "Choice", "choices", "wish"]

_NAMES: Final = {
    "people": N_("The number of other people"),
    "children": N_("The children"),
}


class Choice(msgspec.Struct, frozen=True):
    """A child who may be chosen."""

    id: str
    name: str
    about: str
    """The age on that day, or why the child does not fit."""
    fits: bool


class BookingForm(msgspec.Struct, frozen=True):
    """The form as it was filled in."""

    fields: Fields
    chosen: Sequence[str]

    @classmethod
    def blank(cls, offered: Sequence[Choice]) -> "BookingForm":
        """The form at first: without a child who fits, for one person."""
        return cls(Fields({"people": "0" if any(one.fits for one in offered) else "1"}), ())

    @classmethod
    def read(cls, form: FormData) -> "BookingForm":
        chosen = [one for one in form.getlist("children") if isinstance(one, str)]
        return cls(Fields.read(form, ["people"]), list(dict.fromkeys(chosen)))

    def with_flaws(self, flaws: Iterable[Flaw]) -> "BookingForm":
        """The same, with what is wrong at its fields. What is wrong about a child is a sentence."""
        sentences = dict(self.fields.flaws)
        about_children = [_(one.detail) for one in flaws if one.pointer.startswith("/children/")]
        if about_children:
            sentences["children"] = ". ".join(about_children) + "."
        others = [one for one in flaws if not one.pointer.startswith("/children/")]
        fields = Fields(self.fields.values, sentences).with_flaws(others, _NAMES)
        return BookingForm(fields, self.chosen)


def choices(children: Iterable[Child], content: Content, one: Occurrence) -> list[Choice]:
    """A parent's children, with their ages on the day of the activity."""
    return [_choice(child, content, one) for child in children]


def wish(form: BookingForm, one: Occurrence) -> BookingWish:
    """Whom it books for. Raises Invalid for nobody, and for what is no number or no child."""
    flaws: list[Flaw] = []
    people = whole("people", form.fields["people"] or "0", flaws)
    children = tuple(_ids(form.chosen, flaws))
    if not (flaws or children or people):
        flaws.append(Flaw("/children/-", N_("Choose a child, or say how many other people come")))
    if flaws:
        raise Invalid(*flaws)
    return BookingWish(date=one.date, start=one.start[11:], children=children, people=people)


def _ids(chosen: Sequence[str], flaws: list[Flaw]) -> list[str]:
    try:
        return [check_id(id) for id in chosen]
    except NotFound:
        flaws.append(Flaw("/children", N_("should be your own")))
        return []


def _choice(child: Child, content: Content, one: Occurrence) -> Choice:
    age = age_on(child.birth_date, one.date)
    fits = content.ages.start <= age <= content.ages.end
    about = _("{age} on that day").format(age=age) if age >= 0 else _("not born yet on that day")
    if not fits:
        meant = _("{about}; this is for {ages}")
        about = meant.format(about=about, ages=ages(content.ages).lower())
    return Choice(child.id, child.name, about, fits)
