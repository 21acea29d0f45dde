"""Sheets to be opened in a spreadsheet: guests with their answers, or guests' links. Pure."""

from collections.abc import Iterable
from itertools import chain

from gatherlog.apps.guests.sheet_headers import EXPORT
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.cells import writing_cells
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.giving_way import Steps, at_once

__all__ = ["write_sheet", "writing_links", "writing_sheet"]

LINKS = ("First name", "Last name", "Email", "Household", "Link")


def write_sheet(guests: Iterable[Guest]) -> bytes:
    """CSV of guests and their answers, in the form of `write_cells`.

    Importing it again changes nothing. The import does not read the columns of the answer: status,
    people and time.
    """
    return at_once(writing_sheet(guests))


def writing_sheet(guests: Iterable[Guest]) -> Steps[bytes]:
    """As `write_sheet`, in steps."""
    return writing_cells(chain([EXPORT], map(_cells_of, guests)))


def writing_links(links: Iterable[tuple[Guest, str]]) -> Steps[bytes]:
    """CSV of guests and the addresses of their pages, for a mail merge; see `write_cells`."""
    rows = (
        (guest.first_name, guest.last_name, guest.email or "", guest.group_id or "", link)
        for guest, link in links
    )
    return writing_cells(chain([LINKS], rows))


def _cells_of(guest: Guest) -> list[str]:
    return [
        guest.first_name,
        guest.last_name,
        guest.email or "",
        guest.group_id or "",
        "yes" if guest.children and guest.expected_guests == 1 else "",
        str(guest.expected_guests),
        ", ".join(tag.replace("_", " ") for tag in guest.dietary_tags),
        guest.dietary or "",
        guest.status,
        str(guest.num_guests),
        str(guest.children),
        "" if guest.rsvp_at is None else rfc3339(guest.rsvp_at),
    ]
