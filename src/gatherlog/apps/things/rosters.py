"""The sheet of a roster: one line for each child, and for the other people of a booking. Pure."""

from collections.abc import Iterator, Mapping

from gatherlog.apps.things.answers import Roster, RosterRow
from gatherlog.core.commands.cells import write_cells

__all__ = ["write_roster"]

HEADER = (
    "Child",
    "Born",
    "Allergies",
    "Emergency contact",
    "Pick-up",
    "People",
    "Booked by",
    "Booking",
)


def write_roster(roster: Roster, parents: Mapping[str, str] = {}) -> bytes:
    """CSV that spreadsheets open as text; see `write_cells`.

    The people besides the children are in a line of their own. `parents` has names of those who
    have booked, by their accounts, as far as they are known.
    """
    lines = [line for row in roster.rows for line in _lines(row, parents)]
    return write_cells([HEADER, *lines])


def _lines(row: RosterRow, parents: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    booking = row.booking
    end = parents.get(booking.account_id, ""), booking.id
    besides = booking.places - len(row.children)
    for child in row.children:
        told = (child.allergies, child.emergency_contact, child.pick_up)
        yield (child.name, child.birth_date, *[text or "" for text in told], "1", *end)
    if besides:
        yield ("", "", "", "", "", str(besides), *end)
