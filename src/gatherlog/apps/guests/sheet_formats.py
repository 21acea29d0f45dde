"""Which program made a sheet, and what each of its columns contains. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple, get_args

from gatherlog.apps.guests.sheet_bare_lists import are_recipients, bare_columns
from gatherlog.apps.guests.sheet_encodings import Decoded
from gatherlog.apps.guests.sheet_files import Record, Table, Unreadable, no_sheet, normalised
from gatherlog.apps.guests.sheet_hand_made import (
    FIELD_OF,
    NAMES,
    SEVERAL,
    bare_pair,
    by_hand,
    has_bare_name,
    is_last_name_first,
    named_parties,
    with_questions,
)
from gatherlog.apps.guests.sheet_headers import (
    EVENTBRITE,
    EVENTBRITE_BUYER,
    EVENTBRITE_MARKS,
    EXPORT,
    GOOGLE,
    GOOGLE_MARKS,
    GOOGLE_NUMBERED,
    MEETUP_MARKS,
    OUTLOOK,
    OUTLOOK_MARKS,
    Column,
)
from gatherlog.apps.guests.sheet_party_words import ONE_KID, ONE_MORE, PEOPLE
from gatherlog.apps.guests.sheet_questions import is_question
from gatherlog.apps.guests.sheet_sources import Source
from gatherlog.apps.guests.sheet_words import TOGETHER
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["FORMATS", "Layout", "SheetFormat", "is_contacts", "understanding"]

SheetFormat = Literal["auto", "google", "outlook", "eventbrite", "meetup", "sheet"]
"""Contacts of Google or Outlook, attendees of Eventbrite or Meetup, a sheet made by hand or by any
other program; or find out."""
FORMATS: tuple[SheetFormat, ...] = get_args(SheetFormat)

MOST_COLUMNS = 1000
"""A record with more is no header."""
HEADER_WITHIN = 12
"""Records in which the header is looked for: there may be titles above it."""

_NUMBERED = re.compile(r"(e mail|phone|address) (\d{1,2}) ([a-z ]+)")
ASKED = frozenset({"child", "diet", "diet_notes"})
"""Further questions of organisers to attendees, each with a column of its own."""
ADDED = ASKED | {
    "group_id",
    "expected_guests",
    "plus_ones",
    "adults",
    "children",
    "children_included",
    "status",
    "cancelled",
}
"""Columns that hosts add to the contacts that they exported."""


class Layout(NamedTuple):
    """How to read a table."""

    encoding: str
    delimiter: str
    header: list[str]
    above: list[int]
    """The lines above the header that are not empty."""
    records: Iterator[tuple[int, Record]]
    """What is below the header."""
    format: SheetFormat
    columns: list[Column | None]
    """What each column contains; None where that is unknown or another column has it already."""
    verbatim: bool
    """Whether this is our own export: cells are taken as they are, nothing is split or guessed."""
    is_bare: bool = False
    """Whether there is no header: a list of names."""
    has_bare_name: bool = False
    """Whether first or last names stand below a mere "Name", and may be whole names."""
    last_name_first: bool = False
    """Whether the header of whole names says that they begin with the last name."""
    unsure: frozenset[Column] = frozenset()
    """Columns of which it is not sure whether a number includes whoever answers."""
    decoded: Decoded | None = None
    """The encoding; None for a workbook."""

    @property
    def names_households(self) -> bool:
        """Whether a column says who belongs to a household."""
        return bool({("group_id", 0), ("order", 0)} & set(self.columns))


def understanding(source: Source, wanted: SheetFormat) -> Steps[Layout]:
    """How to read a file, in steps: split at the separator by which most columns are understood.

    Raises Invalid if its columns do not have a first and a last name for every guest.
    """
    peeked = [_peek(table) for table in source.tables]
    layouts: list[Layout] = []
    for table, first in zip(source.tables, peeked, strict=True):
        layouts.append((yield from _best(table, first, wanted)))
    best = max(layouts, key=_understood)
    if not _understood(best) and wanted in ("auto", "sheet"):
        best = _bare(source.tables, peeked) or best
    elif len(best.columns) == 1 and len(source.tables) > 1:
        # There is one column: take the separator that is in no name, to keep "Lovelace, Ada" whole.
        best = layouts[-1]._replace(delimiter="nothing")
    _demand_names(best, wanted)
    return best._replace(decoded=source.decoded)


def is_contacts(format: SheetFormat) -> bool:
    """Whether the sheet is an address book, which also has companies and bare addresses."""
    return format in ("google", "outlook")


def _understood(layout: Layout) -> int:
    return len(layout.columns) - layout.columns.count(None)


def _peek(table: Table) -> list[tuple[int, Record]]:
    """The first records that are not empty."""
    filled = (
        (line, record)
        for line, record in table.records
        if isinstance(record, Unreadable) or any(map(str.strip, record))
    )
    return list(islice(filled, HEADER_WITHIN))


def _best(table: Table, first: list[tuple[int, Record]], wanted: SheetFormat) -> Steps[Layout]:
    """The layout by the record that is most likely the header."""
    layouts: list[Layout] = []
    for at, (_, record) in enumerate(first):
        yield
        if not isinstance(record, Unreadable) and len(record) <= MOST_COLUMNS:
            layouts.append(_layout(table, first, at, record, wanted))
            if at == 0 and _has_names(layouts[0]) and _understood(layouts[0]) > 1:
                return layouts[0]
    likely = [layout for layout in layouts if not layout.above or _is_header(layout)]
    nothing = Layout(
        table.encoding, table.delimiter, [], [], chain(first, table.records), "sheet", [], False
    )
    return max(
        likely, key=lambda layout: (_has_names(layout), _understood(layout)), default=nothing
    )


def _is_header(layout: Layout) -> bool:
    """Whether a record below others is surely the header, and no guest."""
    if not _has_names(layout):
        return False
    word = normalised(layout.header[0])
    return _understood(layout) > 1 or word not in ONE_MORE | ONE_KID | PEOPLE


def _has_names(layout: Layout) -> bool:
    fields = {column[0] for column in layout.columns if column is not None}
    return not fields.isdisjoint({"name", "first_name", "last_name"})


def _layout(
    table: Table, first: list[tuple[int, Record]], at: int, record: list[str], wanted: SheetFormat
) -> Layout:
    header = [_printable(cell.strip()) for cell in record]
    folded = [normalised(cell) for cell in header]
    format = _recognised(set(folded)) if wanted == "auto" else wanted
    verbatim = format == "sheet" and set(EXPORT) <= set(header)
    questions = [
        word if is_question(cell) else "" for word, cell in zip(folded, header, strict=True)
    ]
    columns, unsure = _columns(folded, questions, format)
    if format == "sheet" and not verbatim:
        columns = named_parties(folded, columns, first[at + 1 :])
    if verbatim:
        columns = [
            None if column and column[0] in ("status", "cancelled") else column
            for column in columns
        ]
    return Layout(
        encoding=table.encoding,
        delimiter=table.delimiter,
        header=header,
        above=[line for line, _ in first[:at]],
        records=chain(first[at + 1 :], table.records),
        format=format,
        columns=_each_once(_needed(columns)),
        verbatim=verbatim,
        unsure=unsure,
        has_bare_name=has_bare_name(folded, columns),
        last_name_first=is_last_name_first(folded, columns),
    )


def _columns(
    folded: Sequence[str], questions: Sequence[str], format: SheetFormat
) -> tuple[list[Column | None], frozenset[Column]]:
    match format:
        case "google":
            return [_google(word) or _added(word, ADDED) for word in folded], frozenset()
        case "outlook":
            return [OUTLOOK.get(word) or _added(word, ADDED) for word in folded], frozenset()
        case "eventbrite":
            return _eventbrite(folded), frozenset()
    columns, unsure = with_questions(questions, by_hand(folded))
    if bare_pair(folded):
        unsure |= {("last_name", 0)}
    if format == "meetup":
        columns = [
            ("plus_ones", 0) if word == "guests" else column
            for word, column in zip(folded, columns, strict=True)
        ]
    return columns, unsure


def _printable(header: str) -> str:
    """The header without bytes that are not in the encoding of the file."""
    return header.encode(errors="replace").decode()


def _recognised(words: Collection[str]) -> SheetFormat:
    columns = {EVENTBRITE.get(word) for word in words}
    if ("order", 0) in columns and not EVENTBRITE_MARKS.isdisjoint(words):
        return "eventbrite"
    if "rsvp" in words and len(MEETUP_MARKS & set(words)) > 1:
        return "meetup"
    if not GOOGLE_MARKS.isdisjoint(words) or any(map(_numbered, words)):
        return "google"
    return "sheet" if OUTLOOK_MARKS.isdisjoint(words) else "outlook"


def _google(word: str) -> Column | None:
    return GOOGLE.get(word) or _numbered(word)


def _numbered(word: str) -> Column | None:
    """`E-mail 2 - Value` is the second address."""
    found = _NUMBERED.fullmatch(word)
    field = None if found is None else GOOGLE_NUMBERED.get(f"{found[1]} {found[3]}")
    return None if found is None or field is None else (field, int(found[2]))


def _eventbrite(folded: Sequence[str]) -> list[Column | None]:
    columns = [EVENTBRITE.get(word) or _added(word, ASKED | NAMES) for word in folded]
    if not {("first_name", 0), ("name", 0)} & set(columns):
        columns = [
            column or EVENTBRITE_BUYER.get(word)
            for word, column in zip(folded, columns, strict=True)
        ]
    return columns


def _added(word: str, fields: frozenset[str]) -> Column | None:
    field = FIELD_OF.get(word)
    return (field, 0) if field in fields else None


def _needed(columns: Sequence[Column | None]) -> list[Column | None]:
    """The columns without those that tell who lives together, if a column names households."""
    if ("group_id", 0) not in columns:
        return list(columns)
    return [None if column is None or column[0] in TOGETHER else column for column in columns]


def _each_once(columns: Iterable[Column | None]) -> list[Column | None]:
    """The first column of each kind, but all columns of the fields in `SEVERAL`."""
    seen: set[Column | None] = set()
    once: list[Column | None] = []
    for place, column in enumerate(columns):
        kind = (column[0], place) if column is not None and column[0] in SEVERAL else column
        once.append(None if kind in seen else kind)
        seen.add(kind)
    return once


def _bare(tables: Sequence[Table], peeked: Sequence[list[tuple[int, Record]]]) -> Layout | None:
    """The layout of a list of names without any header, if it is one."""
    for table, first in zip(tables, peeked, strict=True):
        if are_recipients([record for _, record in first]):
            records = _cell_by_cell(chain(first, table.records))
            return _without_header(table, records, [("name", 0)])
        if columns := bare_columns([record for _, record in first], is_last=table is tables[-1]):
            return _without_header(table, chain(first, table.records), columns)
    return None


def _without_header(
    table: Table, records: Iterator[tuple[int, Record]], columns: list[Column | None]
) -> Layout:
    return Layout(
        encoding=table.encoding,
        delimiter=table.delimiter if len(columns) > 1 else "nothing",
        header=[],
        above=[],
        records=records,
        format="sheet",
        columns=columns,
        verbatim=False,
        is_bare=True,
    )


def _cell_by_cell(records: Iterable[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
    """Each cell as a record of its own."""
    for line, record in records:
        if isinstance(record, Unreadable):
            yield line, record
        else:
            yield from ((line, [cell]) for cell in record if cell.strip())


def _demand_names(layout: Layout, wanted: SheetFormat) -> None:
    """Raise Invalid unless a column has names: one name is enough for a guest."""
    fields = {column[0] for column in layout.columns if column is not None}
    sheet = "the sheet" if wanted == "auto" else f"read as {wanted}, the sheet"
    if not fields and wanted == "auto":
        raise no_sheet(f"{sheet} has no header: its first line must name the columns")
    if fields.isdisjoint({"name", "first_name", "last_name"}):
        raise no_sheet(f"{sheet} has no column for names")
