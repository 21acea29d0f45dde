"""What becomes of a cell, as short texts."""

import csv
import io
from operator import itemgetter

from gatherlog.apps.guests.sheets import Sheet, SheetRow, read_sheet

__all__ = ["becomes", "line_by_line", "sheet_with"]


def sheet_with(header: str, cell: str) -> Sheet:
    """A sheet of one guest that has this cell; others are usual."""
    out = io.StringIO()
    beside = [] if header == "Name" else ["Ada Lovelace"]
    writer = csv.writer(out)
    writer.writerows([["Name", *([] if header == "Name" else [header])], [*beside, cell]])
    return read_sheet(out.getvalue().encode())


def becomes(sheet: Sheet) -> str:
    """What a sheet becomes, in one line: guests as `last name, first name`, what is asked about
    them, bad lines, and lines left out."""
    asked = list(dict.fromkeys(map(_asked, sheet.rows)))
    if len(asked) == 1:  # about all of them alike
        texts = [asked[0] + "; ".join(map(_row, sheet.rows))]
    else:
        texts = [_asked(row) + _row(row) for row in sheet.rows]
    texts += [f"bad line: {line.reason}" for line in sheet.bad]
    texts += [f"left out: {line.reason}" for line in sheet.left_out]
    return "; ".join(texts)


def line_by_line(sheet: Sheet) -> list[str]:
    """What each line of a sheet becomes."""
    lines = [(row.line, _asked(row) + _row(row)) for row in sheet.rows]
    lines += [(line.line, f"bad line: {line.reason}") for line in sheet.bad]
    lines += [(line.line, f"left out: {line.reason}") for line in sheet.left_out]
    return [f"{line}: {text}" for line, text in sorted(lines, key=itemgetter(0))]


def _asked(row: SheetRow) -> str:
    kinds = ", ".join(dict.fromkeys(doubt.kind for doubt in row.doubts))
    return f"asked ({kinds}): " if kinds else ""


def _row(row: SheetRow) -> str:
    seats = "" if row.expected_guests in (None, 1) else f", {row.expected_guests} places"
    children = (
        ", a child" if row.child else f", {row.children} for children" if row.children else ""
    )
    email = f" <{row.email}>" if row.email else ""
    return f"{row.last_name}, {row.first_name}{email}{seats}{children}"
