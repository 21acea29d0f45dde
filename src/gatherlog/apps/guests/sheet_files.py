"""CSV files that people make: finds separator and records in the text. Pure.

Time and memory are proportional to the size of the file, whatever its text is.
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
    "Broken",
    "Record",
    "Table",
    "Unreadable",
    "no_sheet",
    "normalised",
    "quoted",
    "split_tables",
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

_DECLARED = re.compile(r"\s*\"?sep=([,;\t])\"?[\s,;]{0,9}", re.IGNORECASE)
"""The first line that a spreadsheet writes to declare the separator."""
_NO_WORD = re.compile(r"[\W_]+")


class Unreadable(Exception):
    """Why a line is a bad line."""


class Broken(str):
    """Why a cell cannot be read, in place of its text."""


Record = list[str] | Unreadable
"""The cells of one record, or why it could not be read."""


class Table(NamedTuple):
    """A file split at one separator: its records, with the lines they start on."""

    encoding: str
    delimiter: str
    records: Iterator[tuple[int, Record]]


def split_tables(text: str, encoding: str) -> list[Table]:
    """The text, split at each separator that may be meant: comma, semicolon, tab.

    Raises Invalid for a file that is empty. Iterating over the records raises Invalid if too many
    have wrong quotation marks.
    """
    if text.count("\n") + text.count("\r") > MOST_LINES:
        raise no_sheet(f"the file has more than {MOST_LINES:,} lines")
    lines = list(io.StringIO(text, newline=""))
    start = _first(lines, 0)
    delimiters = list(DELIMITERS)
    if declared := _DECLARED.fullmatch(lines[start]):
        delimiters, start = [declared[1]], _first(lines, start + 1)
    return [
        Table(encoding, DELIMITERS[delimiter], _records(lines, start, delimiter))
        for delimiter in delimiters
    ]


def _first(lines: Sequence[str], start: int) -> int:
    """The first line, from `start` on, that is not empty."""
    for at in range(start, len(lines)):
        if lines[at].strip(' \t\r\n,;"'):
            return at
    raise no_sheet("the file is empty")


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
