"""CSV files as people make them: encoding, separator, header and records of the bytes. Pure."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatherlog.apps.guests.sheet_words import BARE_NAME, HEADERS
from gatherlog.core.errors import Flaw, Invalid

__all__ = ["GUARDED", "INVISIBLE", "Broken", "Record", "Table", "fold", "read_table", "write_cells"]

EXPECTED_COLUMNS = "first name, last name, email, household, child, seats, diet"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

GUARDED = re.compile(r"'*[=+\-@\t\r\n]")
"""The start of a cell that a spreadsheet would take for a formula, guarded already or not."""
INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u00ad"))
"""For `str.translate`: what nobody sees and copying brings along; joiners stay, names need them."""

_FIELD_OF = {word: field for field, words in HEADERS.items() for word in words}


class Broken(Exception):
    """Why one line is bad."""


Record = list[str] | Broken
"""The cells of one record, or why it has none."""


class Table(NamedTuple):
    """A file with a header that was understood, and its records with the line each starts on."""

    encoding: str
    delimiter: str
    header: list[str]
    fields: list[str | None]
    """Per column what it holds; None where that is unknown or another column holds it already."""
    records: Iterator[tuple[int, Record]]


def read_table(data: bytes) -> Table:
    """The table in a CSV file: UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab.

    Raises Invalid where there is none: not text, empty, or no header that names the guests.
    """
    text, encoding = _decode(data)
    lines = list(io.StringIO(text, newline=""))
    start = next((n for n, line in enumerate(lines) if line.strip(' \t\r\n,;"')), None)
    if start is None:
        raise _no_sheet("the file is empty")
    delimiters = list(DELIMITERS)
    if declared := re.fullmatch(r"sep=([,;\t])\s*", lines[start], re.IGNORECASE):
        delimiters, start = [declared[1]], start + 1
    tables = [_table(lines, start, encoding, delimiter) for delimiter in delimiters]
    best = max(tables, key=lambda table: len(table.fields) - table.fields.count(None))
    _demand_names(best.fields)
    return best


def write_cells(records: Sequence[Sequence[str]]) -> bytes:
    """CSV that spreadsheets open as text: UTF-8 with BOM, CRLF, no cell that is a formula.

    A cell that would start a formula gets an apostrophe in front, which `read_sheet` takes off.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for record in records:
        writer.writerow([f"'{cell}" if GUARDED.match(cell) else cell for cell in record])
    return out.getvalue().encode("utf-8-sig")


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _no_sheet("this is a workbook, not text: save it as CSV (UTF-8) and try again")
    for encoding, name in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, name
    raise _no_sheet("this is not a text file: save the sheet as CSV (UTF-8) and try again")


def _encodings(data: bytes) -> list[tuple[str, str]]:
    if data.startswith(b"\xef\xbb\xbf"):
        return [("utf-8-sig", "UTF-8 with BOM")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [("utf-16", "UTF-16")]
    start = data[:2000]
    if start.count(0) * 3 > len(start):
        return [
            ("utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be", "UTF-16")
        ]
    return [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")]


def _table(lines: Sequence[str], start: int, encoding: str, delimiter: str) -> Table:
    records = _records(lines, start, delimiter)
    _, first = next(records, (0, Broken()))
    header = [] if isinstance(first, Broken) else [cell.strip() for cell in first]
    return Table(encoding, DELIMITERS[delimiter], header, _fields(header), records)


def _demand_names(fields: Sequence[str | None]) -> None:
    """Raise Invalid unless the columns give every guest a first and a last name."""
    if not any(fields):
        raise _no_sheet("the sheet has no header: its first line must name the columns")
    if "name" not in fields and "first_name" not in fields and "last_name" not in fields:
        raise _no_sheet("the sheet has no column for names")
    for field, words in (("first_name", "first name"), ("last_name", "last name")):
        if "name" not in fields and field not in fields:
            raise _no_sheet(f"the sheet has no column for the {words}")


def _no_sheet(reason: str) -> Invalid:
    columns = f'usual columns are {EXPECTED_COLUMNS}, or "name" for first and last name in one'
    return Invalid(Flaw("", f"{reason}. In any order and language, {columns}"))


def _records(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, Record]]:
    """Records with the line on which each starts; after a broken one, goes on at the next line."""
    while start < len(lines):
        rest = (lines[n] for n in range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        begins = start
        try:
            for record in reader:
                yield begins + 1, record
                begins = start + reader.line_num
            return
        except csv.Error:
            yield (
                begins + 1,
                Broken("a quotation mark is opened and not closed, or stands inside a cell"),
            )
            start = begins + 1


def fold(text: str) -> str:
    """Lower case, no accents, words parted by one space: how headers and words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(INVISIBLE))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


def _fields(header: Sequence[str]) -> list[str | None]:
    """The field of each column; None where it is unknown or stands there already."""
    folded = [fold(cell) for cell in header]
    fields: list[str | None] = [_FIELD_OF.get(word) for word in folded]
    present = set(fields)
    for n, word in enumerate(folded):
        if word in BARE_NAME:
            if "first_name" in present and "last_name" not in present:
                fields[n] = "last_name"
            elif "last_name" in present and "first_name" not in present:
                fields[n] = "first_name"
            elif "last_name" not in present:
                fields[n] = "name"
    if {"first_name", "last_name"} <= set(fields):
        fields = [None if field == "name" else field for field in fields]
    return [field if field not in fields[:n] else None for n, field in enumerate(fields)]
