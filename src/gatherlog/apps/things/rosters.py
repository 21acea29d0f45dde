"""The sheet of a roster: one line for each child, and for people who come without one. Pure."""

from collections.abc import Iterator

from gatherlog.apps.things.answers import Roster, RosterRow
from gatherlog.core.commands.cells import write_cells

__all__ = ["write_roster"]

HEADER = ("Child", "Born", "Allergies", "Emergency contact", "Pick-up", "People besides", "Booking")


def write_roster(roster: Roster) -> bytes:
    """CSV that spreadsheets open as text; see `write_cells`.

    The people besides the children are in the first line of their booking.
    """
    return write_cells([HEADER, *[line for row in roster.rows for line in _lines(row)]])


def _lines(row: RosterRow) -> Iterator[tuple[str, ...]]:
    booking = row.booking
    besides = str(booking.people)
    for child in row.children:
        told = (child.allergies, child.emergency_contact, child.pick_up)
        yield (child.name, child.birth_date, *[text or "" for text in told], besides, booking.id)
        besides = ""
    if not row.children:
        yield ("", "", "", "", "", besides, booking.id)
