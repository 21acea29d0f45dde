"""CSV files that people make: finds encoding, separator and records in the bytes. Pure.

Time and memory are proportional to the size of the file, whatever the bytes are.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "INVISIBLE",
    "Record",
    "Table",
    "Unreadable",
    "no_sheet",
    "normalised",
    "quoted",
    "read_tables",
]

EXPECTED_COLUMNS = "first name, last name, email, household, child, seats, diet"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
LONGEST_RECORD = 64 * 1024
"""In characters. A longer record is taken for a quotation mark that is not closed."""
MOST_UNREADABLE = 100
"""Records with wrong quotation marks; each may cost reading LONGEST_RECORD characters again."""
MOST_LINES = 1_000_000
"""Empty lines included."""
LONGEST_WORD = 300
"""Characters that `normalised` reads: no header and no word that is looked up is longer."""

INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u00ad"))
"""For `str.translate`: invisible characters to be removed. Joiners stay, as some names need them.
"""

_NO_WORD = re.compile(r"[\W_]+")


class Unreadable(Exception):
    """Why a line is a bad line."""


Record = list[str] | Unreadable
"""The cells of one record, or why it could not be read."""


class Table(NamedTuple):
    """A file split at one separator: its header, and its records with the lines they start on."""

    encoding: str
    delimiter: str
    header: list[str]
    records: Iterator[tuple[int, Record]]


def read_tables(data: bytes) -> list[Table]:
    """The file, split at each separator that may be meant: comma, semicolon, tab.

    The encoding may be UTF-8, UTF-16 or Windows-1252. Raises Invalid for a file that is empty or no
    text. Iterating over the records raises Invalid if too many have wrong quotation marks.
    """
    text, encoding = _decode(data)
    if text.count("\n") + text.count("\r") > MOST_LINES:
        raise no_sheet(f"the file has more than {MOST_LINES:,} lines")
    lines = list(io.StringIO(text, newline=""))
    start = next((n for n, line in enumerate(lines) if line.strip(' \t\r\n,;"')), None)
    if start is None:
        raise no_sheet("the file is empty")
    delimiters = list(DELIMITERS)
    if declared := re.fullmatch(r"sep=([,;\t])\s{0,2}", lines[start], re.IGNORECASE):
        delimiters, start = [declared[1]], start + 1
    return [_table(lines, start, encoding, delimiter) for delimiter in delimiters]


def normalised(text: str) -> str:
    """A header or word as it is compared: lower case, no accents, words separated by one space."""
    plain = text[:LONGEST_WORD].casefold()
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain.translate(INVISIBLE))
        plain = "".join(c for c in apart if not unicodedata.combining(c))
    return " ".join(_NO_WORD.sub(" ", plain).split())


def quoted(cell: str) -> str:
    """The cell in quotation marks, cut to 40 characters, for a reason why a line is bad."""
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")


def no_sheet(reason: str) -> Invalid:
    """The refusal of a file; its message tells what a sheet looks like."""
    columns = f'usual columns are {EXPECTED_COLUMNS}, or "name" for first and last name in one'
    return Invalid(Flaw("", f"{reason}. In any order and language, {columns}"))


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise no_sheet("this is a workbook, not text: save it as CSV (UTF-8) and try again")
    for encoding, name in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, name
    raise no_sheet("this is not a text file: save the sheet as CSV (UTF-8) and try again")


def _encodings(data: bytes) -> list[tuple[str, str]]:
    if data.startswith(b"\xef\xbb\xbf"):
        return [("utf-8-sig", "UTF-8 with BOM")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [("utf-16", "UTF-16")]
    if 0 in data[:2000]:
        # In UTF-16 of any script, separators and line ends have a zero in one of their two bytes.
        even, odd = data[:2000:2].count(0), data[1:2000:2].count(0)
        if odd >= 4 * even:
            return [("utf-16-le", "UTF-16 without BOM")]
        return [("utf-16-be", "UTF-16 without BOM")] if even >= 4 * odd else []
    return [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")]


def _table(lines: Sequence[str], start: int, encoding: str, delimiter: str) -> Table:
    records = _records(lines, start, delimiter)
    _, first = next(records, (0, Unreadable()))
    header = [] if isinstance(first, Unreadable) else [cell.strip() for cell in first]
    return Table(encoding, DELIMITERS[delimiter], header, records)


def _records(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, Record]]:
    """Records with the line on which each starts. After an unreadable record it continues with the
    line after the record's first."""
    unreadable = 0
    while start < len(lines):
        rest = _Lines(lines, start)
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        begins = start
        try:
            for record in reader:
                yield begins + 1, record
                begins = rest.begin_record()
            return
        except (csv.Error, _TooLong):
            if (unreadable := unreadable + 1) > MOST_UNREADABLE:
                raise no_sheet(f"quotation marks are broken on {MOST_UNREADABLE:,} lines") from None
            yield begins + 1, Unreadable(_why_broken(lines[begins]))
            start = begins + 1


class _TooLong(Exception):
    """A record has more than LONGEST_RECORD characters."""


class _Lines:
    """The lines from `start` on. Raises _TooLong where a record gets too long."""

    def __init__(self, lines: Sequence[str], start: int) -> None:
        self._lines = lines
        self._at = start
        self._room = LONGEST_RECORD

    def begin_record(self) -> int:
        """Start a record; the index of its first line."""
        self._room = LONGEST_RECORD
        return self._at

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._at == len(self._lines):
            raise StopIteration
        line = self._lines[self._at]
        self._room -= len(line)
        if self._room < 0:
            raise _TooLong
        self._at += 1
        return line


def _why_broken(line: str) -> str:
    if len(line) > LONGEST_RECORD:
        return f"has {len(line):,} characters; at most {LONGEST_RECORD:,} fit"
    return "a quotation mark is opened and not closed, or stands inside a cell"
