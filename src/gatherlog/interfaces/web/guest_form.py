"""The forms that add a guest, and that change one or answer for one. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET
from starlette.datastructures import FormData

from gatherlog.apps.guests import Guest, GuestPatch, NewGuest
from gatherlog.apps.guests.inputs import Unsettled
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.fields import Fields, blank_is_none, whole
from gatherlog.interfaces.web.rows import STATE_NAMES
from gatherlog.interfaces.web.words import label

__all__ = ["NAMES", "GuestForm", "blank", "filled", "new_guest", "patch", "unsettled"]

NAMES: Final = {
    "first_name": N_("The first name"),
    "last_name": N_("The last name"),
    "email": N_("The address"),
    "group_id": N_("The household"),
    "expected_guests": N_("The number of places"),
    "children": N_("The number of children"),
    "attending": N_("The answer"),
    "num_guests": N_("The number of people"),
    "dietary_tags": N_("What the kitchen should know"),
    "dietary": N_("The note"),
}
_TEXTS: Final = (*(name for name in NAMES if name != "dietary_tags"), "version", "was")
_ANSWERS: Final = {"coming": True, "declined": False, "undecided": None, "pending": None}
_UNSETTLED: Final[Mapping[str, Unsettled]] = {"undecided": "undecided", "pending": "pending"}


class GuestForm(msgspec.Struct, frozen=True):
    """The fields as typed; the dietary tags are joined by commas in one of them."""

    fields: Fields

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(filter(None, self.fields["dietary_tags"].split(",")))

    @classmethod
    def read(cls, form: FormData) -> "GuestForm":
        tags = (tag for tag in form.getlist("dietary_tags") if isinstance(tag, str))
        chosen = {"dietary_tags": ",".join(dict.fromkeys(tags))}
        return cls(Fields({**Fields.read(form, _TEXTS).values, **chosen}))

    def with_flaws(self, error: Invalid) -> "GuestForm":
        """The same form, with the flaws at its fields."""
        return GuestForm(self.fields.with_flaws(error.flaws, NAMES))

    def at(self, version: int) -> "GuestForm":
        """The same form for another version of the guest."""
        values = {**self.fields.values, "version": str(version)}
        return GuestForm(Fields(values, self.fields.flaws))

    def rebased(self, now: "GuestForm") -> "GuestForm":
        """The form on top of the guest as saved now; see `Fields.rebased`."""
        return GuestForm(self.fields.rebased(now.fields, _label_of))


def blank() -> GuestForm:
    """The form for a new guest."""
    return GuestForm(Fields({"expected_guests": "1", "children": "0"}))


def filled(guest: Guest, version: int) -> GuestForm:
    """The form filled with a guest as saved."""
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
        "dietary_tags": ",".join(guest.dietary_tags),
    }
    return GuestForm(Fields.saved(values, version))


def new_guest(form: GuestForm) -> NewGuest:
    """The guest to add. Raises Invalid for what is not a number; the rules check the rest."""
    flaws: list[Flaw] = []
    given = _given(form, flaws)
    if flaws:
        raise Invalid(*flaws)
    return NewGuest(**given)


def patch(form: GuestForm) -> GuestPatch:
    """The changes to a guest; as `new_guest`. Without a choice in the form, the answer stays."""
    fields, flaws = form.fields, list[Flaw]()
    attending = _ANSWERS.get(fields["attending"], UNSET)
    comes = attending is True
    num_guests = whole("num_guests", fields["num_guests"], flaws) if comes else UNSET
    given = _given(form, flaws)
    if flaws:
        raise Invalid(*flaws)
    return GuestPatch(**given, attending=attending, num_guests=num_guests)


def _given(form: GuestForm, flaws: list[Flaw]) -> dict[str, Any]:
    """The fields that both forms have, by their names in `NewGuest` and `GuestPatch`."""
    fields = form.fields
    return {
        "first_name": fields["first_name"],
        "last_name": fields["last_name"],
        "email": blank_is_none(fields["email"]),
        "group_id": blank_is_none(fields["group_id"]),
        "expected_guests": whole("expected_guests", fields["expected_guests"], flaws),
        "children": whole("children", fields["children"], flaws),
        "dietary": blank_is_none(fields["dietary"]),
        "dietary_tags": form.tags,
    }


def unsettled(form: GuestForm) -> Unsettled | None:
    """The chosen answer, if it is neither yes nor no."""
    return _UNSETTLED.get(form.fields["attending"])


def _label_of(field: str, value: str) -> str:
    """The text that the page shows for a field's value."""
    if field == "attending":
        return _(STATE_NAMES[value]) if value in STATE_NAMES else value
    if field == "dietary_tags":
        return ", ".join(label(tag) for tag in value.split(",") if tag)
    return value
