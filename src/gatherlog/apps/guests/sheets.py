"""Guest lists as files: reads the bytes of a CSV file as typed rows. Pure.

Nothing is guessed silently: format, encoding, separator, the meaning of every column and the
guessed households are part of the result, and a line that cannot be understood completely becomes a
bad line with its reason.
"""

from collections.abc import Sequence

import msgspec

from gatherlog.apps.guests.inputs import MOST_PEOPLE
from gatherlog.apps.guests.names import full_name, sign_in_name
from gatherlog.apps.guests.sheet_alphabets import CODE_PAGES
from gatherlog.apps.guests.sheet_encodings import ENCODINGS, Encoding, SheetEncoding
from gatherlog.apps.guests.sheet_export import write_sheet, writing_links, writing_sheet
from gatherlog.apps.guests.sheet_files import Record, Unreadable, no_sheet
from gatherlog.apps.guests.sheet_formats import FORMATS, Layout, SheetFormat, understanding
from gatherlog.apps.guests.sheet_headers import ADDRESS, Column
from gatherlog.apps.guests.sheet_households import Clues, guessing_households, order_name
from gatherlog.apps.guests.sheet_repeats import Orders, Seen
from gatherlog.apps.guests.sheet_rows import Doubt, Entry, LeftOut, SheetRow, read_entry
from gatherlog.apps.guests.sheet_sources import reading_source
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Steps, at_once, freeing

__all__ = [
    "ENCODINGS",
    "ENCODING_LABELS",
    "FORMATS",
    "BadLine",
    "DietCell",
    "Doubt",
    "Encoding",
    "Sheet",
    "SheetColumn",
    "SheetEncoding",
    "SheetFormat",
    "SheetRow",
    "known_encoding",
    "read_sheet",
    "reading_sheet",
    "write_sheet",
    "writing_links",
    "writing_sheet",
]

MOST_LINES = 10_000
"""The most lines that are not empty, unless the caller asks for more."""
MOST_BAD = 1000
"""The most bad lines; a file with more is refused, as it must be something else."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that is not imported, because it is bad or left out, and the reason."""

    line: int
    reason: str


class DietCell(msgspec.Struct, frozen=True):
    """What a line says about food that was not understood completely. It is kept as text."""

    line: int
    text: str


class SheetColumn(msgspec.Struct, frozen=True):
    """A header in the file, and the field that it was understood as."""

    header: str
    field: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as it was read."""

    format: SheetFormat
    encoding: str
    delimiter: str
    columns: tuple[SheetColumn, ...]
    ignored: tuple[str, ...]
    """Headers of columns with content that were not understood, or repeat another column."""
    rows: tuple[SheetRow, ...]
    bad: tuple[BadLine, ...]
    left_out: tuple[BadLine, ...]
    """Lines in which nothing is wrong and that become no guest: cancelled tickets, companies."""
    unread_diets: tuple[DietCell, ...] = ()
    seats: int
    """For how many people the rows are; one for each row that does not say."""
    children: int
    """How many of these people the sheet calls children."""
    in_households: int
    """How many of the rows have a household, the guessed ones included."""
    households: int
    """How many households the rows have, the guessed ones included."""
    guessed: int
    """How many of the households are guesses."""
    encodings: tuple[Encoding, ...] = ()
    """The encodings that a text may be in, the one in which it was read first."""
    encoding_sure: bool = True
    """Whether no other encoding is likely. If not, rows that it would change have a doubt."""


ENCODING_LABELS = {name: label for name, (_, label) in CODE_PAGES.items()}
"""How each encoding that may be chosen is shown."""


def known_encoding(name: str) -> SheetEncoding:
    """The encoding of this name. Raises Invalid for one that sheets are not read in."""
    for known in ENCODINGS:
        if known == name.lower():
            return known
    raise Invalid(Flaw("/encoding", f"should be one of {', '.join(ENCODINGS)}"))


def read_sheet(
    data: bytes,
    format: SheetFormat = "auto",
    *,
    encoding: SheetEncoding = "auto",
    most_lines: int = MOST_LINES,
) -> Sheet:
    """Read a guest list: CSV with comma, semicolon or tab, or an Excel workbook.

    Raises Invalid for a file that is neither, is empty, has no names, has more than `most_lines`
    lines, or more than 1,000 bad lines. Everything else that is wrong becomes a bad line, and what
    is not sure a doubt of its row.
    """
    return at_once(reading_sheet(data, format, encoding=encoding, most_lines=most_lines))


def reading_sheet(
    data: bytes,
    format: SheetFormat = "auto",
    *,
    encoding: SheetEncoding = "auto",
    most_lines: int = MOST_LINES,
) -> Steps[Sheet]:
    """As `read_sheet`, in steps."""
    source = yield from reading_source(data, encoding)
    layout = yield from understanding(source, format)
    reader = _Reader(layout, most_lines)
    filled: set[int] = set()
    for line, record in layout.records:
        if not isinstance(record, Unreadable):
            filled.update(n for n, cell in enumerate(record) if cell)
        reader.take(line, record)
        yield
    rows = yield from reader.rows()
    counts = yield from _counting(rows)
    columns = list(zip(layout.header, layout.columns, strict=False))
    return Sheet(
        format=layout.format,
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        columns=tuple(SheetColumn(header, _field(column)) for header, column in columns if column),
        ignored=tuple(
            header
            for n, (header, column) in enumerate(columns)
            if header and column is None and n in filled
        ),
        rows=rows,
        bad=tuple(reader.bad),
        left_out=tuple(reader.left_out),
        unread_diets=tuple(reader.unread_diets),
        seats=counts.seats,
        children=counts.children,
        in_households=counts.in_households,
        households=len(counts.households),
        guessed=len(counts.guessed),
        encodings=() if source.decoded is None else source.decoded.encodings,
        encoding_sure=source.decoded is None or source.decoded.is_sure,
    )


class _Counts:
    """What the rows of a sheet add up to."""

    def __init__(self) -> None:
        self.seats = self.children = self.in_households = 0
        self.households: set[str] = set()
        self.guessed: set[str | None] = set()


def _counting(rows: Sequence[SheetRow]) -> Steps[_Counts]:
    counts = _Counts()
    for row in rows:
        counts.seats += 1 if row.expected_guests is None else row.expected_guests
        counts.children += int(row.child or False) if row.children is None else row.children
        if row.group_id is not None:
            counts.in_households += 1
            counts.households.add(row.group_id)
        if row.household_guessed:
            counts.guessed.add(row.group_id)
        yield
    return counts


class _Reader:
    """Collects the lines of one sheet."""

    def __init__(self, layout: Layout, most_lines: int) -> None:
        self.bad: list[BadLine] = []
        self.left_out = [BadLine(line, "is above the header") for line in layout.above]
        self.unread_diets: list[DietCell] = []
        self._layout = layout
        self._most_lines = most_lines
        self._rows: list[SheetRow] = []
        self._clues: list[Clues] = []
        self._seen = Seen()
        self._orders = Orders()
        self._named: dict[str | None, str] = {}
        """The name of the household of each order, by the `group_id` that its rows begin with."""

    def take(self, line: int, record: Record) -> None:
        """Read one record. Raises Invalid if there are too many bad lines, or too many lines."""
        try:
            if (entry := read_entry(line, record, self._layout)) is not None:
                self._add(entry)
        except Unreadable as reason:
            self.bad.append(BadLine(line, str(reason)))
        except LeftOut as reason:
            self.left_out.append(BadLine(line, str(reason)))
        if len(self.bad) > MOST_BAD:
            first = self.bad[0]
            detail = f"more than {MOST_BAD:,} lines are bad, line {first.line} first"
            raise no_sheet(f"{detail}: {first.reason}")
        if len(self._rows) + len(self.left_out) > self._most_lines:
            raise no_sheet(f"the file has more than {self._most_lines:,} lines")

    def rows(self) -> Steps[tuple[SheetRow, ...]]:
        """All guests. Those without a household get the guessed one."""
        households = yield from guessing_households(self._clues)
        for place, (name, guessed) in households.items():
            row = self._rows[place]
            if row.group_id is None:
                self._rows[place] = msgspec.structs.replace(
                    row, group_id=name, household_guessed=guessed
                )
            yield
        for place, row in enumerate(self._rows):
            self._rows[place] = self._in_order(row)
            yield
        rows = tuple(self._rows)
        yield from freeing(self._clues, households, self._rows)
        yield from self._seen.freeing()
        return rows

    def _in_order(self, row: SheetRow) -> SheetRow:
        """The row with the name of the household of its order, if it is part of one."""
        name = self._named.get(row.group_id)
        return row if name is None else msgspec.structs.replace(row, group_id=name)

    def _add(self, entry: Entry) -> None:
        if (holder := self._orders.holder(entry)) is not None:
            raise LeftOut(self._seat(holder, entry.seats))
        if not self._layout.verbatim:
            entry = entry._replace(rows=self._seen.doubting(entry))
        if entry.unread_diet is not None:
            self.unread_diets.append(DietCell(entry.rows[0].line, entry.unread_diet))
        self._orders.add(entry, len(self._rows))
        if entry.order is not None and entry.rows:
            first = entry.rows[0]
            name = sign_in_name(first.first_name, first.last_name)
            self._named.setdefault(first.group_id, order_name(name, first.group_id))
        self._rows += entry.rows
        self._clues += [self._clues_of(entry, row) for row in entry.rows]

    def _seat(self, holder: int, seats: int) -> str:
        """Give a guest the seats of a further ticket; the reason why its line is left out."""
        row = self._rows[holder]
        before = 1 if row.expected_guests is None else row.expected_guests
        if before + seats > MOST_PEOPLE:
            raise Unreadable(f"gives line {row.line} more than {MOST_PEOPLE} places")
        self._rows[holder] = msgspec.structs.replace(row, expected_guests=before + seats)
        return f"is one more ticket of {full_name(row.first_name, row.last_name)}, line {row.line}"

    def _clues_of(self, entry: Entry, row: SheetRow) -> Clues:
        """The clues of a row. If a column names households, addresses and numbers do not count."""
        named = self._layout.names_households
        return Clues(
            last_name=sign_in_name(row.first_name, row.last_name),
            email=None if named else row.email,
            home=None if named else entry.home,
            phone=None if named else entry.phone,
            written_together=entry.written_together,
            line=row.line,
        )


def _field(column: Column) -> str:
    """The name of a column's field in `Sheet.columns`; all parts of an address are "address"."""
    if column[1] and column[0] in ("first_name", "last_name", "name"):
        return "child_name" if column[1] < 0 else "companion_name"
    field = column[0].removesuffix("_label").removeprefix("their_")
    if field in ADDRESS:
        return "address"
    return "group_id" if field == "order" else field
