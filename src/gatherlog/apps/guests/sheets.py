"""Guest lists as files: the bytes of a CSV file become typed rows, and named bad lines. Pure.

Nothing is guessed silently: format, encoding, separator, the meaning of every column and the
guessed households are part of the answer, and a line that cannot be understood whole is a bad line
with its reason.
"""

import msgspec

from gatherlog.apps.guests.inputs import MOST_PEOPLE
from gatherlog.apps.guests.sheet_export import write_links, write_sheet
from gatherlog.apps.guests.sheet_files import Broken, Record, no_sheet, read_tables
from gatherlog.apps.guests.sheet_formats import FORMATS, Layout, SheetFormat, understand
from gatherlog.apps.guests.sheet_headers import ADDRESS, Column
from gatherlog.apps.guests.sheet_households import Clues, guess_households, order_name
from gatherlog.apps.guests.sheet_repeats import Orders, Seen
from gatherlog.apps.guests.sheet_rows import Entry, LeftOut, SheetRow, read_entry

__all__ = [
    "FORMATS",
    "BadLine",
    "DietCell",
    "Sheet",
    "SheetColumn",
    "SheetFormat",
    "SheetRow",
    "read_sheet",
    "write_links",
    "write_sheet",
]

MOST_LINES = 10_000
"""That are not empty, unless the caller has more time."""
MOST_BAD = 1000
"""Bad lines that are worth naming; with more, the file is of another kind."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that names no guest who could be imported, and why; or one that is left out."""

    line: int
    reason: str


class DietCell(msgspec.Struct, frozen=True):
    """What a line says about food, where it was not understood whole: kept as text, with a tag."""

    line: int
    text: str


class SheetColumn(msgspec.Struct, frozen=True):
    """A header as it stands in the file, and the field it was understood as."""

    header: str
    field: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as it was understood."""

    format: SheetFormat
    encoding: str
    delimiter: str
    columns: tuple[SheetColumn, ...]
    ignored: tuple[str, ...]
    """Headers of filled columns that were not understood, or say what another says already."""
    rows: tuple[SheetRow, ...]
    bad: tuple[BadLine, ...]
    left_out: tuple[BadLine, ...]
    """Lines with nothing wrong that are no guests of their own: cancelled tickets, companies."""
    unread_diets: tuple[DietCell, ...] = ()

    @property
    def seats(self) -> int:
        """For how many people the rows are; one each where the sheet does not say."""
        return sum(1 if row.expected_guests is None else row.expected_guests for row in self.rows)

    @property
    def children(self) -> int:
        """How many of these people the sheet calls children."""
        return sum(
            int(row.child or False) if row.children is None else row.children for row in self.rows
        )

    @property
    def in_households(self) -> int:
        """How many of the rows name a household, the guessed ones included."""
        return sum(row.group_id is not None for row in self.rows)

    @property
    def households(self) -> int:
        """How many households the rows name, the guessed ones included."""
        return len({row.group_id for row in self.rows if row.group_id is not None})

    @property
    def guessed(self) -> int:
        """How many of the households are guesses."""
        return len({row.group_id for row in self.rows if row.household_guessed})


def read_sheet(data: bytes, format: SheetFormat = "auto", *, most_lines: int = MOST_LINES) -> Sheet:
    """Read a guest list in CSV: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252.

    Raises Invalid where there is no sheet to speak of: not text, empty, without a header, longer
    than `most_lines`, or with more than 1,000 bad lines. Everything else that is wrong is a bad
    line.
    """
    layout = understand(read_tables(data), format)
    reading = _Reading(layout, most_lines)
    filled: set[int] = set()
    for line, record in layout.table.records:
        if not isinstance(record, Broken):
            filled.update(n for n, cell in enumerate(record) if cell)
        reading.take(line, record)
    columns = list(zip(layout.table.header, layout.columns, strict=True))
    return Sheet(
        format=layout.format,
        encoding=layout.table.encoding,
        delimiter=layout.table.delimiter,
        columns=tuple(SheetColumn(header, _field(column)) for header, column in columns if column),
        ignored=tuple(
            header
            for n, (header, column) in enumerate(columns)
            if header and column is None and n in filled
        ),
        rows=reading.rows(),
        bad=tuple(reading.bad),
        left_out=tuple(reading.left_out),
        unread_diets=tuple(reading.unread_diets),
    )


class _Reading:
    """The lines of one sheet, as they are taken in."""

    def __init__(self, layout: Layout, most_lines: int) -> None:
        self.bad: list[BadLine] = []
        self.left_out: list[BadLine] = []
        self.unread_diets: list[DietCell] = []
        self._layout = layout
        self._most_lines = most_lines
        self._rows: list[SheetRow] = []
        self._clues: list[Clues] = []
        self._seen = Seen()
        self._orders = Orders()
        self._named: dict[str | None, str] = {}
        """How the household of each order is called, by the name that tells it from others."""

    def take(self, line: int, record: Record) -> None:
        """Raises Invalid where there are more lines than a guest list has."""
        try:
            if (entry := read_entry(line, record, self._layout)) is not None:
                self._add(entry)
        except Broken as reason:
            self.bad.append(BadLine(line, str(reason)))
        except LeftOut as reason:
            self.left_out.append(BadLine(line, str(reason)))
        if len(self.bad) > MOST_BAD:
            first = self.bad[0]
            told = f"more than {MOST_BAD:,} lines are bad, line {first.line} first"
            raise no_sheet(f"{told}: {first.reason}")
        if len(self._rows) + len(self.left_out) > self._most_lines:
            raise no_sheet(f"the file has more than {self._most_lines:,} lines")

    def rows(self) -> tuple[SheetRow, ...]:
        """All guests; those without a household have the one that was guessed."""
        households = guess_households(self._clues)
        for place, (name, guessed) in households.items():
            row = self._rows[place]
            if row.group_id is None:
                self._rows[place] = msgspec.structs.replace(
                    row, group_id=name, household_guessed=guessed
                )
        return tuple(map(self._in_order, self._rows))

    def _in_order(self, row: SheetRow) -> SheetRow:
        """The row with the household of its order, if it has one, as that is called."""
        name = self._named.get(row.group_id)
        return row if name is None else msgspec.structs.replace(row, group_id=name)

    def _add(self, entry: Entry) -> None:
        if (holder := self._orders.holder(entry)) is not None:
            raise LeftOut(self._seat(holder, entry.seats))
        if not self._layout.verbatim:
            self._seen.demand_new(entry)
        if entry.unread_diet is not None:
            self.unread_diets.append(DietCell(entry.rows[0].line, entry.unread_diet))
        self._orders.add(entry, len(self._rows))
        if entry.order is not None and entry.rows:
            first = entry.rows[0]
            self._named.setdefault(first.group_id, order_name(first.last_name, first.group_id))
        self._rows += entry.rows
        self._clues += [self._clues_of(entry, row) for row in entry.rows]

    def _seat(self, holder: int, seats: int) -> str:
        """Give a guest the seats of one more ticket, and say so."""
        row = self._rows[holder]
        before = 1 if row.expected_guests is None else row.expected_guests
        if before + seats > MOST_PEOPLE:
            raise Broken(f"gives line {row.line} more than {MOST_PEOPLE} seats")
        self._rows[holder] = msgspec.structs.replace(row, expected_guests=before + seats)
        return f"is one more ticket of {row.first_name} {row.last_name}, line {row.line}"

    def _clues_of(self, entry: Entry, row: SheetRow) -> Clues:
        """Where a column names households, a line's own words are the only other clue."""
        told = self._layout.names_households
        return Clues(
            last_name=row.last_name,
            email=None if told else row.email,
            home=None if told else entry.home,
            phone=None if told else entry.phone,
            written_together=entry.written_together,
            line=row.line,
        )


def _field(column: Column) -> str:
    """What a column is told to hold; the parts of an address are one thing to the reader."""
    field = column[0].removesuffix("_label")
    if field in ADDRESS:
        return "address"
    return "group_id" if field == "order" else field
