"""The form of one guest's answer: what was typed, kept as typed, and the answer it stands for.

Its fields are named as those of `Rsvp`, so that a flaw of a rule finds its field by its pointer.
What the rules say of an answer is theirs to say; here stands only what a form needs more than JSON.
"""

import re
from typing import Final
from zlib import crc32

import msgspec
from msgspec import UNSET, UnsetType
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, Rsvp
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.web.forms import text, version

__all__ = ["AnswerForm", "filled", "number", "rsvp", "typed"]

_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_ATTENDING: Final = {"yes": True, "undecided": None, "no": False}
_CHOICES: Final = {"coming": "yes", "waiting": "yes", "declined": "no", "undecided": "undecided"}


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as texts, just as they are shown and sent."""

    attending: str = ""
    num_guests: str = ""
    children: str | None = None
    """None where the form does not ask."""
    diet: str = ""
    """Whether the kitchen should know anything: yes, no, or not said."""
    dietary_tags: tuple[str, ...] = ()
    dietary: str = ""
    version: str = ""
    """The version of the guest that the form showed."""
    shown: str = ""
    """The fingerprint of the form as it was shown."""

    @property
    def expects(self) -> int:
        """The version as a number; 0, which no guest has, where it was tampered with."""
        return version(self.version)

    @property
    def fingerprint(self) -> str:
        """Tells whether two forms say the same; it guards nothing."""
        said = msgspec.structs.replace(self, version="", shown="")
        return f"{crc32(msgspec.json.encode(said)):08x}"

    @property
    def changed(self) -> bool:
        """Whether somebody has typed or chosen anything since it was shown."""
        return self.fingerprint != self.shown


def filled(guest: Guest, at: int, *, own: bool = True, several: bool = False) -> AnswerForm:
    """The form as it is first seen, of the version `at`: with the answer before, or as expected.

    What the kitchen knows is shown to nobody but the guest `own` self. Children are asked for
    where `several` people may come.
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


def typed(form: FormData, prefix: str = "") -> AnswerForm:
    """The fields that begin with `prefix` as they were sent; others, and files, mean nothing."""

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
    """The answer that the form stands for. Raises Invalid where it stands for none.

    Number and food matter only to those who come. A diet that was not spoken of stays as it is.
    """
    if form.attending not in _ATTENDING:
        raise Invalid(Flaw("/attending", "is missing: please choose one of the three"))
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
    """A field's number; 0 and one more flaw where it is none."""
    if _NUMBER.fullmatch(written):
        return int(written)
    flaws.append(Flaw(f"/{name}", "should be written as a number, such as 2"))
    return 0


def _diet(
    form: AnswerForm, flaws: list[Flaw]
) -> tuple[tuple[str, ...] | UnsetType, str | UnsetType | None]:
    if form.diet == "no":
        return (), None
    if form.dietary_tags or form.dietary:
        return form.dietary_tags, form.dietary or None
    if form.diet == "yes":
        flaws.append(Flaw("/dietary_tags", "is missing: choose what applies, or write it down"))
    return UNSET, UNSET
