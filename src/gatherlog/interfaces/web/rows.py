"""A guest as a row of a list. Pure."""

from typing import Final

import msgspec

from gatherlog.apps.guests import Guest, listed_name
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.words import people

__all__ = ["STATE_NAMES", "Row", "row"]

STATE_NAMES: Final = {
    "coming": N_("Coming"),
    "waiting": N_("Waiting"),
    "undecided": N_("Not sure"),
    "declined": N_("Can’t come"),
    "pending": N_("No answer"),
}
"""What the pages of hosts call the states, in the order of the filter's options. In English."""


class Row(msgspec.Struct, frozen=True):
    """One guest in a list."""

    id: str
    name: str
    about: str
    """People, household, address and so on, as far as they are known."""
    state: str
    answer: str


def row(guest: Guest) -> Row:
    """The guest's row; the last name comes first, as the list is sorted by it."""
    yes = guest.status in ("coming", "waiting")
    count = guest.num_guests if yes else guest.expected_guests
    alone = _("a child") if guest.children else ""
    about = [
        alone if count == 1 else people(count, guest.children),
        guest.group_id or "",
        guest.email or "",
        _("co-host") if guest.is_co_host else "",
        _("special food") if guest.dietary or guest.dietary_tags else "",
    ]
    return Row(
        id=guest.id,
        name=listed_name(guest.first_name, guest.last_name),
        about=" · ".join(part for part in about if part),
        state=guest.status,
        answer=_(STATE_NAMES[guest.status]),
    )
