"""What a row of a sheet makes of a guest: a new one, or changes to one who is on the list. Pure."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.apps.guests.inputs import GuestPatch, NewGuest
from gatherlog.apps.guests.name_copies import better, is_copy
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.text import folded_email
from gatherlog.core.texts import N_, Translated, _

__all__ = [
    "FIELD_NAMES",
    "Change",
    "answer_of",
    "changes_of",
    "changes_told",
    "described",
    "doubt_of_answer",
    "full_name",
    "new_guest",
    "patch",
    "written",
]

_ANSWERS: Final = Translated(
    {
        "pending": N_("has not answered yet"),
        "coming": N_("said yes"),
        "declined": N_("said no"),
        "undecided": N_("is not sure yet"),
        "waiting": N_("waits for a place"),
    }
)
FIELD_NAMES: Final = Translated(
    {
        "first_name": N_("first name"),
        "last_name": N_("last name"),
        "email": N_("address"),
        "group_id": N_("household"),
        "expected_guests": N_("places"),
        "children": N_("children"),
        "dietary": N_("diet notes"),
        "dietary_tags": N_("diet"),
    }
)
"""The fields that an import changes, as text for people."""

Value = str | int | tuple[str, ...] | None


class Change(msgspec.Struct, frozen=True):
    """What an import changes in one field of a guest."""

    field: str
    old: Value
    new: Value


def written(value: Value) -> str:
    """The value of a field as text; empty if there is none."""
    if isinstance(value, tuple):
        return ", ".join(tag.replace("_", " ") for tag in value)
    return "" if value is None else str(value)


def answer_of(guest: Guest) -> str:
    """What the guest has answered, as text: `said yes`."""
    return _ANSWERS[guest.status]


def described(guest: Guest) -> str:
    """A guest on the list among others: name, address, household, and what was answered."""
    home = guest.group_id and _("household {name}").format(name=guest.group_id)
    named = ", ".join(filter(None, [full_name(guest), guest.email, home]))
    return _("{guest} ({answer})").format(guest=named, answer=answer_of(guest))


def full_name(person: SheetRow | Guest) -> str:
    """The first and last name as one text; either may be missing."""
    return f"{person.first_name} {person.last_name}".strip()


def new_guest(row: SheetRow) -> NewGuest:
    return NewGuest(
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        group_id=row.group_id,
        expected_guests=1 if row.expected_guests is None else row.expected_guests,
        children=int(row.child or False) if row.children is None else row.children,
        dietary=row.dietary,
        dietary_tags=row.dietary_tags,
    )


def patch(row: SheetRow, guest: Guest) -> GuestPatch:
    """What the row changes in a guest who exists.

    An empty cell changes nothing, and no name is replaced by a worse copy of itself. Diet and
    children do not change once the guest has answered.
    """
    answered = guest.rsvp_at is not None
    first, last = _names(row, guest)
    return GuestPatch(
        first_name=first,
        last_name=last or UNSET,
        email=UNSET if row.email is None or _same_address(row, guest) else row.email,
        group_id=UNSET if _keeps_household(row, guest) else row.group_id,
        expected_guests=UNSET if row.expected_guests is None else row.expected_guests,
        children=UNSET if answered else _children(row, guest),
        dietary=UNSET if answered or row.dietary is None else row.dietary,
        dietary_tags=UNSET if answered or not row.dietary_tags else row.dietary_tags,
    )


def changes_of(row: SheetRow, guest: Guest) -> list[Change]:
    """What the row changes in the guest, old beside new; empty if nothing."""
    given = patch(row, guest)
    return [
        Change(field, old, new)
        for field in given.__struct_fields__
        if (new := getattr(given, field)) is not UNSET and new != (old := getattr(guest, field))
    ]


def changes_told(row: SheetRow, guest: Guest) -> str:
    """What the row changes in the guest, as text: `address nothing becomes ada@example.org`."""
    return "; ".join(
        _("{field} {old} becomes {new}").format(
            field=FIELD_NAMES[change.field],
            old=written(change.old) or _("nothing"),
            new=written(change.new) or _("nothing"),
        )
        for change in changes_of(row, guest)
    )


def doubt_of_answer(row: SheetRow, guest: Guest) -> Doubt | None:
    """The doubt about a guest who has answered or is a co-host, is known by the name alone, and
    would get the address of the row: who has that address could then sign in as the guest."""
    is_free = guest.rsvp_at is None and not guest.is_co_host
    if is_free or guest.email is not None or row.email is None:
        return None
    text = _(
        "{guest} {known} and has no address on the list, so it is not sure that {email} is the "
        "same person’s."
    )
    known = _("is a co-host") if guest.is_co_host else answer_of(guest)
    return Doubt("answered", text.format(guest=full_name(guest), known=known, email=row.email))


def _names(row: SheetRow, guest: Guest) -> tuple[str, str]:
    """The first and last name that the guest then has."""
    first = _spelling(guest.first_name, row.first_name)
    last = _spelling(guest.last_name, row.last_name)
    if (first is None or last is None) and is_copy(full_name(guest), full_name(row)):
        # The same words, parted elsewhere: one name in two cells says more than in one.
        if not (row.first_name and row.last_name):
            return guest.first_name, guest.last_name
        if better(full_name(guest), full_name(row)) != full_name(row):
            return guest.first_name, guest.last_name
    return row.first_name if first is None else first, row.last_name if last is None else last


def _spelling(kept: str, given: str) -> str | None:
    """How a name is spelt then, if one is a copy of the other."""
    if kept == given:
        return kept
    return better(kept, given) if is_copy(kept, given) else None


def _same_address(row: SheetRow, guest: Guest) -> bool:
    return guest.email is not None and folded_email(row.email or "") == folded_email(guest.email)


def _keeps_household(row: SheetRow, guest: Guest) -> bool:
    """Whether the guest's household stays: the row names none, or only a guessed one."""
    return row.group_id is None or (row.household_guessed and guest.group_id is not None)


def _children(row: SheetRow, guest: Guest) -> int | UnsetType:
    """The row's number of children, or one that agrees with whether the guest is a child."""
    if row.children is not None or row.child is None:
        return UNSET if row.children is None else row.children
    if row.child:
        return max(guest.children, 1)
    return 0 if guest.expected_guests <= 1 else guest.children
