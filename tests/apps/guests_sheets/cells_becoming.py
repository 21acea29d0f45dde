"""What becomes of a cell, as short texts."""

import csv
import io

from gatherlog.apps.guests.sheets import Sheet, SheetRow, read_sheet

__all__ = ["becomes", "sheet_with"]


def sheet_with(header: str, cell: str) -> Sheet:
    """A sheet of one guest that has this cell; others are usual."""
    out = io.StringIO()
    beside = [] if header == "Name" else ["Ada Lovelace"]
    writer = csv.writer(out)
    writer.writerows([["Name", *([] if header == "Name" else [header])], [*beside, cell]])
    return read_sheet(out.getvalue().encode())


def becomes(sheet: Sheet) -> str:
    """What a sheet becomes, in one line: guests as `last name, first name`, what is asked, bad
    lines, and lines left out."""
    texts = [_row(row) for row in sheet.rows]
    texts += [f"bad line: {line.reason}" for line in sheet.bad]
    texts += [f"left out: {line.reason}" for line in sheet.left_out]
    return "; ".join(texts)


def _row(row: SheetRow) -> str:
    seats = "" if row.expected_guests in (None, 1) else f", {row.expected_guests} seats"
    children = f", {row.children} for children" if row.children else ""
    email = f" <{row.email}>" if row.email else ""
    kinds = ", ".join(dict.fromkeys(doubt.kind for doubt in row.doubts))
    asked = f"asked ({kinds}): " if kinds else ""
    return f"{asked}{row.last_name}, {row.first_name}{email}{seats}{children}"
