"""Hand-made guest lists: the bytes of a CSV file become typed rows, and named bad lines. Pure.

Nothing is guessed silently: encoding, delimiter and the meaning of every column are part of the
answer, and a line that cannot be understood whole is a bad line with its reason.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.sheet_files import (
    GUARDED,
    INVISIBLE,
    Broken,
    Record,
    fold,
    read_table,
    write_cells,
)
from gatherlog.apps.guests.sheet_words import DIETS, NO, NO_DIET, PARTICLES, SUFFIXES, YES
from gatherlog.apps.guests.text import folded, folded_email
from gatherlog.apps.guests.views import Guest
from gatherlog.core.clock import rfc3339
from gatherlog.core.errors import Flaw

__all__ = ["BadLine", "Sheet", "SheetColumn", "SheetRow", "read_sheet", "write_sheet"]

EXPORT_HEADER = (
    "First name",
    "Last name",
    "Email",
    "Household",
    "Child",
    "Seats",
    "Diet",
    "Diet notes",
    "Status",
    "People",
    "Children",
    "Answered",
)
_TAG_OF = {word: tag for tag, words in DIETS.items() for word in words}
_LABELS = {
    "first_name": "the first name",
    "last_name": "the last name",
    "email": "the email",
    "group_id": "the household",
    "expected_guests": "seats",
    "dietary": "the diet",
}


class SheetRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One guest as a sheet tells it. None and () mean that the sheet says nothing about it."""

    line: int
    """Where the row starts in the file, from 1, the header included."""
    first_name: str
    last_name: str
    email: str | None = None
    group_id: str | None = None
    child: bool | None = None
    expected_guests: int | None = None
    dietary_tags: tuple[str, ...] = ()
    dietary: str | None = None


class BadLine(msgspec.Struct, frozen=True):
    """A line that names no guest who could be imported, and why."""

    line: int
    reason: str


class SheetColumn(msgspec.Struct, frozen=True):
    """A header as it stands in the file, and the field it was understood as."""

    header: str
    field: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as it was understood."""

    format: str
    encoding: str
    delimiter: str
    columns: tuple[SheetColumn, ...]
    ignored: tuple[str, ...]
    """Headers that were not understood, or whose field another column holds already."""
    rows: tuple[SheetRow, ...]
    bad: tuple[BadLine, ...]

    @property
    def households(self) -> int:
        """How many households the rows name."""
        return len({row.group_id for row in self.rows if row.group_id is not None})


def read_sheet(data: bytes) -> Sheet:
    """Read a hand-made sheet: CSV in UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab.

    Raises Invalid where there is no sheet to speak of: not text, empty, or without a header.
    Everything else that is wrong is a bad line.
    """
    table = read_table(data)
    rows: list[SheetRow] = []
    bad: list[BadLine] = []
    seen = _Seen()
    for line, record in table.records:
        try:
            if (row := _row(line, record, table.fields)) is not None:
                seen.check(row)
                rows.append(row)
        except Broken as reason:
            bad.append(BadLine(line, str(reason)))
    columns = list(zip(table.header, table.fields, strict=True))
    return Sheet(
        format="sheet",
        encoding=table.encoding,
        delimiter=table.delimiter,
        columns=tuple(SheetColumn(header, field) for header, field in columns if field),
        ignored=tuple(header for header, field in columns if header and not field),
        rows=tuple(rows),
        bad=tuple(bad),
    )


def write_sheet(guests: Iterable[Guest]) -> bytes:
    """CSV of guests and their answers for a spreadsheet: UTF-8 with BOM, formula cells guarded.

    `read_sheet` reads it back and changes nothing; answers (status, people, answered) are not read.
    """
    return write_cells([EXPORT_HEADER, *map(_cells_of, guests)])


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


def _row(line: int, record: Record, fields: Sequence[str | None]) -> SheetRow | None:
    """The guest of one record, None for an empty one; raises Broken with the reason."""
    if isinstance(record, Broken):
        raise record
    cells = [_cell(cell) for cell in record]
    if not any(cells):
        return None
    if any(cells[len(fields) :]):
        raise Broken(
            f"has {len(cells)} cells where the header has {len(fields)}: "
            "a cell that holds the separator needs quotation marks around it"
        )
    by_field = {field: cell for field, cell in zip(fields, cells, strict=False) if field and cell}
    first, last = _names(by_field)
    tags, dietary = _diet(by_field.get("diet", ""), by_field.get("diet_notes", ""))
    check = Checks()
    row = SheetRow(
        line=line,
        first_name=check.name("first_name", first),
        last_name=check.name("last_name", last),
        email=check.email("email", _address(by_field.get("email"))),
        group_id=check.group_id("group_id", _one_line(by_field.get("group_id"))),
        child=_yes_or_no(by_field.get("child")),
        expected_guests=_seats(check, by_field.get("expected_guests")),
        dietary_tags=check.tags("dietary_tags", tags),
        dietary=check.dietary("dietary", dietary),
    )
    if check.flaws:
        raise Broken("; ".join(_told(flaw, row) for flaw in check.flaws))
    return row


def _told(flaw: Flaw, row: SheetRow) -> str:
    field = flaw.pointer.removeprefix("/")
    value = f" {_short(row.email)}" if field == "email" and row.email else ""
    return f"{_LABELS.get(field, field)}{value} {flaw.detail}"


def _cell(cell: str) -> str:
    """The cell without guard, invisible characters and blanks around it; lines end in one way."""
    cell = cell.translate(INVISIBLE).strip()
    if cell.startswith("'") and GUARDED.match(cell):
        cell = cell[1:].strip()
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def _one_line(cell: str | None) -> str | None:
    """A cell that was broken over lines as one line."""
    return None if cell is None else re.sub(r"\s*\n\s*", " ", cell)


def _names(by_field: Mapping[str, str]) -> tuple[str, str]:
    if full := _one_line(by_field.get("name")):
        return _split_name(full)
    first, last = by_field.get("first_name", ""), by_field.get("last_name", "")
    if not first and not last:
        raise Broken("the name is missing")
    return _one_line(first) or "", _one_line(last) or ""


def _split_name(full: str) -> tuple[str, str]:
    """First and last name of "Ada King Lovelace", "Lovelace, Ada" or "Ludwig van Beethoven"."""
    if re.search(r"\s(&|\+|and|und)\s", full, re.IGNORECASE):
        raise Broken(f"{full!r} names more than one person: give each a line of their own")
    before, comma, after = full.partition(",")
    if comma and fold(after) not in SUFFIXES:
        return after.strip(), before.strip()
    words = full.replace(",", " ").split()
    last = len(words) - 1
    if last > 1 and fold(words[last]) in SUFFIXES:
        last -= 1
    while last > 1 and words[last - 1].casefold() in PARTICLES:
        last -= 1
    if last < 1:
        raise Broken(f"the last name is missing beside {full!r}")
    return " ".join(words[:last]), " ".join(words[last:])


def _address(cell: str | None) -> str | None:
    """The address of `ada@example.org`, `Ada <ada@example.org>` or `mailto:ada@example.org`."""
    if cell is None:
        return None
    bracketed = re.fullmatch(r".*<\s*([^<>]+?)\s*>", cell, re.DOTALL)
    return (bracketed[1] if bracketed else cell).removeprefix("mailto:")


def _yes_or_no(cell: str | None) -> bool | None:
    if cell is None:
        return None
    word = fold(cell)
    if word in YES:
        return True
    if word in NO or not word:
        return False
    raise Broken(f"child is {_short(cell)}: write yes or no")


def _seats(check: Checks, cell: str | None) -> int | None:
    if cell is None:
        return None
    number = re.fullmatch(r"(\d{1,9})([.,]0+)?", cell)
    if number is None:
        raise Broken(f"seats is {_short(cell)}: write a number")
    return check.people("expected_guests", int(number[1]))


def _diet(cell: str, notes: str) -> tuple[tuple[str, ...], str | None]:
    """Tags of the fixed list that the cell names; the whole cell as text if it says more."""
    tags: list[str] = []
    says_more = False
    for item in re.split(r"[,;/+&\n]|\s(?:and|und|et|y)\s", cell):
        word = fold(item)
        if (tag := _TAG_OF.get(word)) is not None:
            tags.append(tag)
        elif word and word not in NO_DIET:
            says_more = True
    text = "\n".join(filter(None, [cell if says_more else "", notes]))
    return tuple(tags), text or None


def _short(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")


class _Seen:
    """Who stood in the file before: a guest is one address, or else one name in one household."""

    def __init__(self) -> None:
        self._addresses: dict[str, int] = {}
        self._names: dict[tuple[str, str, str | None], tuple[int, str | None]] = {}

    def check(self, row: SheetRow) -> None:
        address = folded_email(row.email) if row.email else None
        name = (folded(row.first_name), folded(row.last_name), row.group_id)
        if address is not None and address in self._addresses:
            line = self._addresses[address]
            raise Broken(f"the address {row.email} stands on line {line} already")
        if name in self._names and None in (address, self._names[name][1]):
            line = self._names[name][0]
            raise Broken(f"{row.first_name} {row.last_name} stands on line {line} already")
        self._names.setdefault(name, (row.line, address))
        if address is not None:
            self._addresses[address] = row.line
