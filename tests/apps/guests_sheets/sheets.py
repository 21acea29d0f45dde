"""Reading sheets in tests, and short forms of what was read."""

from gatherlog.apps.guests.sheets import Sheet, SheetRow, read_sheet


def read(text: str, encoding: str = "utf-8") -> Sheet:
    return read_sheet(text.encode(encoding))


def row(text: str) -> SheetRow:
    """The only row of a sheet without bad lines."""
    sheet = read(text)
    assert sheet.bad == ()
    [only] = sheet.rows
    return only


def names(sheet: Sheet) -> list[tuple[str, str]]:
    return [(row.first_name, row.last_name) for row in sheet.rows]


def reasons(sheet: Sheet) -> list[tuple[int, str]]:
    return [(bad.line, bad.reason) for bad in sheet.bad]
