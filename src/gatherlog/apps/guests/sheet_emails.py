"""The e-mail address in cells of a sheet, as people and programs write it. Pure."""

import re
from collections.abc import Sequence

from gatherlog.apps.guests.sheet_doubts import Doubt
from gatherlog.apps.guests.sheet_files import normalised
from gatherlog.apps.guests.sheet_party_words import NOBODY
from gatherlog.apps.guests.sheet_words import NO, NONE
from gatherlog.core.commands.text import folded_email

__all__ = ["addresses_in", "email_in", "without_address"]

_ADDRESS = re.compile(r"""(?<![^\s<>,;:"()\[\]|@])[^\s<>,;:"()\[\]|@]++@[^\s<>,;:"'()\[\]|@]+""")
LONGEST = 600
"""Characters of a cell with a name and an address; the pattern is not tried on a longer one."""
_EXCHANGE = re.compile(r"(?:ex:)?/(?:o|ou|cn)=", re.IGNORECASE)
"""The beginning of a name in Exchange, which Outlook writes in place of an address."""
_BEHIND_A_NAME = re.compile(
    r"(.*?)[\s,;]*<\s*(?:mailto:)?([^<>\s]+@[^<>\s]+)>[\s,;]*", re.IGNORECASE
)


def email_in(cells: Sequence[str]) -> tuple[str | None, tuple[Doubt, ...]]:
    """The address in the first cell that holds one, and the doubt that another one may be meant.

    Cells that say that there is none count as empty, and so do names in Exchange. If no cell holds
    an address, it is the first text, to be refused.
    """
    for cell in cells:
        if found := addresses_in(cell):
            return found[0], () if len(found) == 1 else (_several(found),)
    return next(filter(_says_something, cells), None), ()


def addresses_in(cell: str) -> list[str]:
    """The addresses in a cell, each once: both of `Ada <a@example.org>; smtp:b@example.org`."""
    addresses: dict[str, str] = {}
    if "@" in cell:
        for found in _ADDRESS.findall(cell):
            address = found.lstrip("'").rstrip(".").partition("?")[0]
            addresses.setdefault(folded_email(address), address)
    return list(addresses.values())


def without_address(cell: str) -> tuple[str, str | None]:
    """The name and the address in "Ada King <ada@example.org>", else the cell and None."""
    may_have_one = len(cell) <= LONGEST and cell.rstrip(" ,;").endswith(">")
    found = _BEHIND_A_NAME.fullmatch(cell) if may_have_one else None
    if found is None or not found[1]:
        return cell, None
    return found[1].strip("\"' "), found[2]


def _several(found: Sequence[str]) -> Doubt:
    others = ", ".join(found[1:4])
    return Doubt("email", f"has {len(found)} addresses: {found[0]} is taken, not {others}")


def _says_something(cell: str) -> bool:
    word = normalised(cell)
    return not (_EXCHANGE.match(cell) or not word or word in NO | NONE | NOBODY)
