"""The forms about one guest: to invite somebody, and to change or answer for one. Pure."""

from typing import Final

import msgspec
from msgspec import UNSET
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, GuestPatch, NewGuest
from gatherlog.core.errors import Flaw, Invalid
from gatherlog.interfaces.web.fields import Fields, blank_is_none, whole

__all__ = ["NAMES", "GuestForm", "blank", "new_guest", "patch", "shown"]

_PLAIN: Final = (
    *("first_name", "last_name", "email", "group_id", "expected_guests", "children"),
    *("attending", "num_guests", "dietary", "version"),
)
NAMES: Final = {
    "first_name": "The first name",
    "last_name": "The last name",
    "email": "The address",
    "group_id": "The household",
    "expected_guests": "The number of places",
    "children": "The number of children",
    "attending": "The answer",
    "num_guests": "The number of people",
    "dietary_tags": "What the kitchen should know",
    "dietary": "The note",
}
_ANSWERS: Final = {"coming": True, "declined": False, "pending": None}


class GuestForm(msgspec.Struct, frozen=True):
    """The fields as typed, and the tags that were chosen."""

    fields: Fields
    tags: tuple[str, ...] = ()

    @classmethod
    def read(cls, form: FormData) -> "GuestForm":
        tags = (tag for tag in form.getlist("dietary_tags") if isinstance(tag, str))
        return cls(Fields.read(form, _PLAIN), tuple(dict.fromkeys(tags)))

    def wrong(self, error: Invalid) -> "GuestForm":
        """The same form with what is wrong."""
        return GuestForm(self.fields.wrong(error.flaws, NAMES), self.tags)

    def at(self, version: int) -> "GuestForm":
        """The same form about another version of the guest."""
        values = {**self.fields.values, "version": str(version)}
        return GuestForm(Fields(values, self.fields.flaws), self.tags)


def blank() -> GuestForm:
    """The form for somebody new."""
    return GuestForm(Fields({"expected_guests": "1", "children": "0"}))


def shown(guest: Guest, version: int) -> GuestForm:
    """A guest as known, to be changed."""
    said_yes = guest.status in ("coming", "waiting")
    values = {
        "first_name": guest.first_name,
        "last_name": guest.last_name,
        "email": guest.email or "",
        "group_id": guest.group_id or "",
        "expected_guests": str(guest.expected_guests),
        "children": str(guest.children),
        "attending": "coming" if said_yes else guest.status,
        "num_guests": str(guest.num_guests or guest.expected_guests or 1),
        "dietary": guest.dietary or "",
        "version": str(version),
    }
    return GuestForm(Fields(values), guest.dietary_tags)


def new_guest(form: GuestForm) -> NewGuest:
    """Raises Invalid for what is no number; the rest is for the rules to say."""
    fields, flaws = form.fields, list[Flaw]()
    new = NewGuest(
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        email=blank_is_none(fields["email"]),
        group_id=blank_is_none(fields["group_id"]),
        expected_guests=whole("expected_guests", fields["expected_guests"], flaws),
        children=whole("children", fields["children"], flaws),
        dietary=blank_is_none(fields["dietary"]),
        dietary_tags=form.tags,
    )
    if flaws:
        raise Invalid(*flaws)
    return new


def patch(form: GuestForm) -> GuestPatch:
    """As `new_guest`; an answer of which the form says nothing stays."""
    fields, flaws = form.fields, list[Flaw]()
    attending = _ANSWERS.get(fields["attending"], UNSET)
    comes = attending is True
    changed = GuestPatch(
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        email=blank_is_none(fields["email"]),
        group_id=blank_is_none(fields["group_id"]),
        attending=attending,
        num_guests=whole("num_guests", fields["num_guests"], flaws) if comes else UNSET,
        expected_guests=whole("expected_guests", fields["expected_guests"], flaws),
        children=whole("children", fields["children"], flaws),
        dietary=blank_is_none(fields["dietary"]),
        dietary_tags=form.tags,
    )
    if flaws:
        raise Invalid(*flaws)
    return changed
