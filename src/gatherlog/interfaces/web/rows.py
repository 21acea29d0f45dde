"""A guest as a row of a list, in words. Pure."""

from typing import Final

import msgspec

from gatherlog.apps.guests import Guest
from gatherlog.interfaces.web.words import people

__all__ = ["STATES", "Row", "row"]

STATES: Final = {
    "coming": "Coming",
    "waiting": "Waiting",
    "undecided": "Not sure",
    "declined": "Not coming",
    "pending": "No answer",
}
"""How a host's pages call the states, in the order of filters."""


class Row(msgspec.Struct, frozen=True):
    """One guest in a list."""

    id: str
    name: str
    about: str
    """Household, address, people: what there is."""
    state: str
    said: str


def row(guest: Guest) -> Row:
    """Last name first, as the list is sorted."""
    yes = guest.status in ("coming", "waiting")
    count = guest.num_guests if yes else guest.expected_guests
    alone = "a child" if guest.children else ""
    about = [
        alone if count == 1 else people(count, guest.children),
        guest.group_id or "",
        guest.email or "",
        "co-host" if guest.is_co_host else "",
        "special food" if guest.dietary or guest.dietary_tags else "",
    ]
    return Row(
        id=guest.id,
        name=f"{guest.last_name}, {guest.first_name}",
        about=" · ".join(part for part in about if part),
        state=guest.status,
        said=STATES[guest.status],
    )
