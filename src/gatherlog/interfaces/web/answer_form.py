"""The form of one guest's answer: its fields as typed, and the `Rsvp` that they stand for.

Its fields have the names of `Rsvp`, so that a flaw found by the app's rules is shown at the field
that its pointer names. Checked here is only what a form can get wrong and JSON cannot.
"""

import re
from typing import Final
from zlib import crc32

import msgspec
from msgspec import UNSET, UnsetType
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, Rsvp
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.texts import N_
from gatherlog.interfaces.web.forms import text, version

__all__ = ["AnswerForm", "filled", "number", "rsvp", "submitted"]

_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_ATTENDING: Final = {"yes": True, "undecided": None, "no": False}
_CHOICES: Final = {"coming": "yes", "waiting": "yes", "declined": "no", "undecided": "undecided"}


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as texts, as they are shown and sent."""

    attending: str = ""
    num_guests: str = ""
    children: str | None = None
    """None where the form has no such field."""
    diet: str = ""
    """Whether the kitchen should know anything: `yes`, `no`, or empty for no choice."""
    dietary_tags: tuple[str, ...] = ()
    dietary: str = ""
    version: str = ""
    """The version of the guest that the form showed."""
    shown: str = ""
    """The fingerprint of the form as it was shown."""

    @property
    def expects(self) -> int:
        """The version as a number; 0, which no guest has, if it is none."""
        return version(self.version)

    @property
    def fingerprint(self) -> str:
        """A checksum of the fields, to tell whether two forms have the same; no protection."""
        fields = msgspec.structs.replace(self, version="", shown="")
        return f"{crc32(msgspec.json.encode(fields)):08x}"

    @property
    def changed(self) -> bool:
        """Whether any field differs from the form as it was shown."""
        return self.fingerprint != self.shown


def filled(guest: Guest, at: int, *, own: bool = True, several: bool = False) -> AnswerForm:
    """The form as it is first shown, for the version `at` of the guest.

    It holds the guest's earlier answer, or the number of people expected. Dietary needs are filled
    in only on the guest's `own` page. Children are asked for where `several` people may come.
    """
    several = several or guest.expected_guests > 1 or guest.children > 0
    has_diet = own and bool(guest.dietary or guest.dietary_tags)
    said_yes = guest.status in ("coming", "waiting")
    form = AnswerForm(
        attending=_CHOICES.get(guest.status, ""),
        num_guests=str(guest.num_guests or guest.expected_guests or 1),
        children=str(guest.children) if several else None,
        diet="yes" if has_diet else "no" if said_yes and own else "",
        dietary_tags=guest.dietary_tags if own else (),
        dietary=(guest.dietary or "") if own else "",
    )
    return msgspec.structs.replace(form, version=str(at), shown=form.fingerprint)


def submitted(form: FormData, prefix: str = "") -> AnswerForm:
    """The fields whose names begin with `prefix`, as they were sent; files are ignored."""

    def field(name: str) -> str:
        return text(form, prefix + name)

    tags = (tag for tag in form.getlist(prefix + "dietary_tags") if isinstance(tag, str))
    return AnswerForm(
        attending=field("attending"),
        num_guests=field("num_guests").strip(),
        children=field("children").strip() if prefix + "children" in form else None,
        diet=field("diet"),
        dietary_tags=tuple(dict.fromkeys(tags)),
        # Browsers send every line end as CR LF.
        dietary=field("dietary").replace("\r\n", "\n").strip(),
        version=field("version"),
        shown=field("shown"),
    )


def rsvp(form: AnswerForm) -> Rsvp:
    """The answer that the form stands for. Raises Invalid if it stands for none.

    Number and diet are read only where the guest comes. A diet left open stays as it was.
    """
    if form.attending not in _ATTENDING:
        raise Invalid(Flaw("/attending", N_("is missing: please choose one of the three")))
    attending = _ATTENDING[form.attending]
    if not attending:
        return Rsvp(attending=attending)
    flaws: list[Flaw] = []
    num_guests = number("num_guests", form.num_guests, flaws)
    children = UNSET if form.children is None else number("children", form.children or "0", flaws)
    tags, dietary = _diet(form, flaws)
    if flaws:
        raise Invalid(*flaws)
    return Rsvp(
        attending=True,
        num_guests=num_guests,
        children=children,
        dietary_tags=tags,
        dietary=dietary,
    )


def number(name: str, written: str, flaws: list[Flaw]) -> int:
    """The number in a field; 0, and one more flaw, if it is none."""
    if _NUMBER.fullmatch(written):
        return int(written)
    flaws.append(Flaw(f"/{name}", N_("should be written as a number, such as 2")))
    return 0


def _diet(
    form: AnswerForm, flaws: list[Flaw]
) -> tuple[tuple[str, ...] | UnsetType, str | UnsetType | None]:
    if form.diet == "no":
        return (), None
    if form.dietary_tags or form.dietary:
        return form.dietary_tags, form.dietary or None
    if form.diet == "yes":
        flaws.append(Flaw("/dietary_tags", N_("is missing: choose what applies, or write it down")))
    return UNSET, UNSET
