"""The form of the invitation page: what a guest typed, kept as typed, and the answer it stands for.

Its fields are named as those of `Rsvp`, so that a flaw of a rule finds its field by its pointer.
What the rules say of an answer is theirs to say; here stands only what a form needs more than JSON.
"""

import re
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, Rsvp
from gatherlog.core.errors import Flaw, Invalid

__all__ = ["MAX_FIELDS", "AnswerForm", "filled", "rsvp", "typed"]

MAX_FIELDS: Final = 64
"""Fields that a form may have; the page itself has a dozen."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_ATTENDING: Final = {"yes": True, "undecided": None, "no": False}


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

    @property
    def expects(self) -> int:
        """The version as a number; 0, which no guest has, where it was tampered with."""
        return int(self.version) if _NUMBER.fullmatch(self.version) else 0


def filled(guest: Guest, version: int) -> AnswerForm:
    """The form as a guest first sees it: with the answer given before, else what is expected."""
    has_diet = bool(guest.dietary or guest.dietary_tags)
    several = guest.expected_guests > 1 or guest.children > 0
    return AnswerForm(
        attending={"coming": "yes", "declined": "no"}.get(guest.status, guest.status),
        num_guests=str(guest.num_guests or guest.expected_guests or 1),
        children=str(guest.children) if several else None,
        diet="yes" if has_diet else "no" if guest.attending else "",
        dietary_tags=guest.dietary_tags,
        dietary=guest.dietary or "",
        version=str(version),
    )


def typed(form: FormData) -> AnswerForm:
    """The form as it was sent; unknown fields and files mean nothing."""

    def text(name: str) -> str:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""

    tags = (tag for tag in form.getlist("dietary_tags") if isinstance(tag, str))
    return AnswerForm(
        attending=text("attending"),
        num_guests=text("num_guests").strip(),
        children=text("children").strip() if "children" in form else None,
        diet=text("diet"),
        dietary_tags=tuple(dict.fromkeys(tags)),
        # Browsers send every line end as CR LF.
        dietary=text("dietary").replace("\r\n", "\n").strip(),
        version=text("version"),
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
    num_guests = _number("num_guests", form.num_guests, flaws)
    children = UNSET if form.children is None else _number("children", form.children or "0", flaws)
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


def _number(name: str, text: str, flaws: list[Flaw]) -> int:
    if _NUMBER.fullmatch(text):
        return int(text)
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
