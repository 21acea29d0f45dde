"""The cells of one record, by what their columns contain. Pure."""

import re

from gatherlog.apps.guests.sheet_doubts import Doubt, LeftOut
from gatherlog.apps.guests.sheet_files import (
    INVISIBLE,
    Broken,
    Record,
    Unreadable,
    quoted,
)
from gatherlog.apps.guests.sheet_formats import Layout
from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_signs import mended
from gatherlog.core.commands.cells import GUARDED, unguarded

__all__ = ["cells_of", "one_line"]

_NOT_IN_ENCODING = re.compile("[\udc80-\udcff]")


def cells_of(record: Record, layout: Layout) -> tuple[dict[Column, str] | None, tuple[Doubt, ...]]:
    """The cells that say something, and what is doubtful in their text; None for an empty record.

    Raises Unreadable for a record that cannot be read, and LeftOut for one that is a header again.
    """
    if isinstance(record, Unreadable):
        raise record
    _demand_readable(record, layout)
    cells = [unguarded(_unix(cell)) if layout.verbatim else _cell(cell) for cell in record]
    if not any(cells):
        return None, ()
    if not layout.is_bare:
        _demand_no_header(cells, layout)
    if any(cells[len(layout.columns) :]):
        raise Unreadable(
            f"has {len(cells)} cells where the header has {len(layout.columns)}: "
            "a cell that holds the separator needs quotation marks around it"
        )
    given = {
        column: cell for column, cell in zip(layout.columns, cells, strict=False) if column and cell
    }
    return given, () if layout.verbatim else _mend(given)


def one_line(cell: str | None) -> str:
    """The cell in one line, with single spaces."""
    return "" if cell is None else " ".join(cell.split())


def _demand_readable(record: list[str], layout: Layout) -> None:
    for place, cell in enumerate(record):
        if not cell.isascii() and _NOT_IN_ENCODING.search(cell):
            raise Unreadable(
                f"has bytes that are not {layout.encoding.removesuffix(' with BOM')}: "
                "correct the line, or choose the encoding"
            )
        if isinstance(cell, Broken) and layout.columns[place : place + 1] != [None]:
            raise Unreadable(str(cell))


def _demand_no_header(cells: list[str], layout: Layout) -> None:
    """Raise LeftOut for the header once more, as where two sheets were put together."""
    if cells[0] == layout.header[0] and cells == layout.header[: len(cells)]:
        raise LeftOut("is the header once more")


def _mend(given: dict[Column, str]) -> tuple[Doubt, ...]:
    """Put right the cells that were read in a wrong encoding before; the doubt about them."""
    doubts: list[Doubt] = []
    for column, cell in given.items():
        if not cell.isascii() and (was := mended(cell)) is not None:
            given[column] = was
            reason = f"{quoted(cell)} was read in a wrong encoding before; it becomes {quoted(was)}"
            doubts.append(Doubt("encoding", reason))
    return tuple(doubts[:3])


def _cell(cell: str) -> str:
    """The cell without guard, invisible characters and surrounding white space, with LF only."""
    cell = cell.translate(INVISIBLE).strip()
    if cell.startswith("'") and GUARDED.match(cell):
        cell = cell[1:].strip()
    return _unix(cell)


def _unix(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")
