"""The people on an invitation page: for each one the answer as text, and the form. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.apps.guests import DIETARY_TAGS, Guest
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.answer_form import AnswerForm
from gatherlog.interfaces.web.fields import sentence
from gatherlog.interfaces.web.words import label, people

__all__ = ["Person", "details", "person", "worded"]

_FIELDS: Final = {
    "attending": ("attending-yes", "answer"),
    "num_guests": ("num_guests", "number of people"),
    "children": ("children", "number of children"),
    "dietary_tags": (f"tag-{DIETARY_TAGS[0]}", "kitchen"),
    "dietary": ("dietary", "note"),
}
"""By field, the id of its first control, and its key in `_NAMES`."""
_NAMES: Final = {
    "answer": (N_("Your answer"), N_("The answer for {name}")),
    "number of people": (N_("The number of people"), N_("The number of people for {name}")),
    "number of children": (N_("The number of children"), N_("The number of children for {name}")),
    "kitchen": (N_("What the kitchen should know"), N_("What the kitchen should know of {name}")),
    "note": (N_("Your note"), N_("The note for {name}")),
}
_STATES: Final = {
    "coming": N_("Coming"),
    "declined": N_("Can’t come"),
    "undecided": N_("Not sure yet"),
    "waiting": N_("On the waiting list"),
    "pending": N_("No answer yet"),
}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One guest of the household."""

    prefix: str
    """The prefix of the names and ids of the form's controls."""
    name: str
    first_name: str
    own: bool
    """Whether the page is this guest's."""
    state: str
    count: int
    """People of this invitation who come, or would come if there were room."""
    answer: str
    details: list[tuple[str, str]]
    several: bool
    """Whether the field for the number of people is always shown."""
    child: bool
    form: AnswerForm
    flaws: dict[str, str]

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """For each mistake, the id of the control to go to, and what is wrong."""
        return [(self.prefix + _FIELDS[field][0], text) for field, text in self.flaws.items()]

    @property
    def brings_others(self) -> bool:
        """Whether the fields about people who come along are shown open."""
        return bool({"num_guests", "children"} & self.flaws.keys())


def person(
    guest: Guest, form: AnswerForm, flaws: Sequence[Flaw], *, prefix: str, own: bool
) -> Person:
    """One guest, for the page; `flaws` are those of this guest's answer, with pointers into it."""
    said_yes = guest.status in ("coming", "waiting")
    count = guest.num_guests if said_yes else 0
    more = f", {people(count, guest.children)}" if count > 1 else ""
    return Person(
        prefix=prefix,
        name=guest.name,
        first_name=guest.first_name,
        own=own,
        state=guest.status,
        count=count,
        answer=_(_STATES[guest.status]) + more,
        details=details(guest) if own else [],
        several=guest.expected_guests > 1 or count > 1,
        child=guest.expected_guests == 1 and guest.children == 1,
        form=form,
        flaws=worded(flaws, None if own else guest.first_name),
    )


def details(guest: Guest) -> list[tuple[str, str]]:
    """The details of a guest's yes, as labels with texts."""
    if guest.status not in ("coming", "waiting"):
        return []
    shown = [(_("Who"), people(guest.num_guests, guest.children))]
    if guest.dietary_tags:
        shown.append((_("Food"), ", ".join(label(tag) for tag in guest.dietary_tags)))
    if guest.dietary:
        shown.append((_("Note") if guest.dietary_tags else _("Food"), guest.dietary))
    return shown


def worded(flaws: Sequence[Flaw], name: str | None = None) -> dict[str, str]:
    """By field, its first flaw as a sentence; flaws of other fields are shown at the answer.

    `name` is the guest's first name; None where the guest is the reader.
    """
    sentences: dict[str, str] = {}
    for flaw in flaws:
        pointed = flaw.pointer.split("/")[1] if "/" in flaw.pointer else ""
        field = pointed if pointed in _FIELDS else "attending"
        yours, theirs = _NAMES[_FIELDS[field][1]]
        subject = _(yours) if name is None else _(theirs).format(name=name)
        sentences.setdefault(field, sentence(subject, flaw))
    return sentences
