"""Which program made a sheet, and what each of its columns contains. Pure."""

import re
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, get_args

from gatherlog.apps.guests.sheet_files import Table, no_sheet, normalised
from gatherlog.apps.guests.sheet_headers import (
    EVENTBRITE,
    EVENTBRITE_MARKS,
    EXPORT,
    GOOGLE,
    GOOGLE_MARKS,
    GOOGLE_NUMBERED,
    OUTLOOK,
    OUTLOOK_MARKS,
    Column,
)
from gatherlog.apps.guests.sheet_words import BARE_NAME, HEADERS, TOGETHER

__all__ = ["FORMATS", "Layout", "SheetFormat", "is_contacts", "understand"]

SheetFormat = Literal["auto", "google", "outlook", "eventbrite", "sheet"]
"""Contacts of Google or Outlook, attendees of Eventbrite, a sheet made by hand; or find out."""
FORMATS: tuple[SheetFormat, ...] = get_args(SheetFormat)

_FIELD_OF = {word: field for field, words in HEADERS.items() for word in words}
_NUMBERED = re.compile(r"(e mail|phone|address) (\d{1,2}) ([a-z ]+)")


ASKED = frozenset({"child", "diet", "diet_notes"})
"""Further questions of organisers to attendees, each with a column of its own."""
NAMES = frozenset({"first_name", "last_name"})
"""Columns that organisers may have renamed, as from Last Name to Surname."""
ADDED = ASKED | {"group_id", "expected_guests", "plus_ones", "children", "children_included"}
"""Columns that hosts add to the contacts that they exported."""


class Layout(NamedTuple):
    """How to read a table."""

    table: Table
    format: SheetFormat
    columns: list[Column | None]
    """What each column contains; None where that is unknown or another column has it already."""
    verbatim: bool
    """Whether this is our own export: cells are taken as they are, nothing is split or guessed."""

    @property
    def names_households(self) -> bool:
        """Whether a column says who belongs to a household."""
        return bool({("group_id", 0), ("order", 0)} & set(self.columns))


def understand(tables: Sequence[Table], wanted: SheetFormat) -> Layout:
    """How to read a file: split at the separator by which most columns are understood.

    Raises Invalid if its columns do not have a first and a last name for every guest.
    """
    layouts = [_layout(table, wanted) for table in tables]
    best = max(layouts, key=lambda layout: len(layout.columns) - layout.columns.count(None))
    if len(best.columns) == 1 and len(tables) > 1:
        # There is one column: take the separator that is in no name, to keep "Lovelace, Ada" whole.
        best = layouts[-1]
        best = best._replace(table=best.table._replace(delimiter="nothing"))
    _demand_names(best, wanted)
    return best


def is_contacts(format: SheetFormat) -> bool:
    """Whether the sheet is an address book, which also has companies and bare addresses."""
    return format in ("google", "outlook")


def _layout(table: Table, wanted: SheetFormat) -> Layout:
    folded = [normalised(cell) for cell in table.header]
    format = _recognised(set(folded)) if wanted == "auto" else wanted
    verbatim = format == "sheet" and set(EXPORT) <= set(table.header)
    match format:
        case "google":
            columns = [_google(word) or _added(word, ADDED) for word in folded]
        case "outlook":
            columns = [OUTLOOK.get(word) or _added(word, ADDED) for word in folded]
        case "eventbrite":
            columns = [EVENTBRITE.get(word) or _added(word, ASKED | NAMES) for word in folded]
        case _:
            columns = _by_hand(folded)
    return Layout(table, format, _each_once(_needed(columns)), verbatim)


def _recognised(words: Collection[str]) -> SheetFormat:
    columns = {EVENTBRITE.get(word) for word in words}
    if ("order", 0) in columns and not EVENTBRITE_MARKS.isdisjoint(words):
        return "eventbrite"
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


def _added(word: str, fields: frozenset[str]) -> Column | None:
    field = _FIELD_OF.get(word)
    return (field, 0) if field in fields else None


def _by_hand(folded: Sequence[str]) -> list[Column | None]:
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
    return [None if field is None else (field, 0) for field in fields]


def _needed(columns: Sequence[Column | None]) -> list[Column | None]:
    """The columns without those that tell who lives together, if a column names households."""
    if ("group_id", 0) not in columns:
        return list(columns)
    return [None if column is None or column[0] in TOGETHER else column for column in columns]


def _each_once(columns: Sequence[Column | None]) -> list[Column | None]:
    """The first column of each kind, but all columns for diet, so that no allergy is lost."""
    seen: set[Column | None] = set()
    once: list[Column | None] = []
    for place, column in enumerate(columns):
        kind = ("diet", place) if column == ("diet", 0) else column
        once.append(None if kind in seen else kind)
        seen.add(kind)
    return once


def _demand_names(layout: Layout, wanted: SheetFormat) -> None:
    """Raise Invalid unless the columns have a first and a last name for every guest."""
    fields = {column[0] for column in layout.columns if column is not None}
    sheet = "the sheet" if wanted == "auto" else f"read as {wanted}, the sheet"
    if not fields and wanted == "auto":
        raise no_sheet(f"{sheet} has no header: its first line must name the columns")
    if fields.isdisjoint({"name", "first_name", "last_name"}):
        raise no_sheet(f"{sheet} has no column for names")
    for field, words in (("first_name", "first name"), ("last_name", "last name")):
        if fields.isdisjoint({"name", field}):
            raise no_sheet(f"{sheet} has no column for the {words}")
