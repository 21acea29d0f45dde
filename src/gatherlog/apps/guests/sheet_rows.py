"""Reads one record of a sheet: the guests whom it names, and what it says about them. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.inputs import DIETARY_LENGTH, GROUP_LENGTH
from gatherlog.apps.guests.sheet_counts import Counted, People, is_child, people_of
from gatherlog.apps.guests.sheet_diets import Diet, read_diet
from gatherlog.apps.guests.sheet_doubts import Doubt, LeftOut
from gatherlog.apps.guests.sheet_emails import email_in, without_address
from gatherlog.apps.guests.sheet_files import Record, Unreadable, normalised, quoted
from gatherlog.apps.guests.sheet_formats import Layout
from gatherlog.apps.guests.sheet_headers import ADDRESS, WORK, Column
from gatherlog.apps.guests.sheet_households import Home, home_at, home_of
from gatherlog.apps.guests.sheet_names import Named, Person
from gatherlog.apps.guests.sheet_people import people_in
from gatherlog.apps.guests.sheet_records import cells_of, one_line
from gatherlog.apps.guests.sheet_signs import doubts_of_signs
from gatherlog.apps.guests.sheet_status import doubts_of_status
from gatherlog.core.eventstore.errors import Flaw

__all__ = ["Doubt", "Entry", "LeftOut", "SheetRow", "read_entry"]

T = TypeVar("T")

_LABELS = {
    "first_name": "the first name",
    "last_name": "the last name",
    "email": "the email",
    "group_id": "the household",
    "expected_guests": "places",
    "dietary": "the diet",
    "dietary_tags": "the diet",
}
_UNCOUNTED = re.compile(r"is a household; for how many .*")
_MORE_VALUES = ":::"
"""The separator between several values in one cell of Google's export."""


class SheetRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One guest of a sheet. None and () mean that the sheet does not say it."""

    line: int
    """The line in the file, from 1, the header included. Several guests may be on one line."""
    first_name: str
    last_name: str
    email: str | None = None
    group_id: str | None = None
    household_guessed: bool = False
    """Whether `group_id` was guessed from addresses."""
    child: bool | None = None
    """Whether the guest is a child."""
    expected_guests: int | None = None
    children: int | None = None
    """How many of the guest's people are children."""
    dietary_tags: tuple[str, ...] = ()
    dietary: str | None = None
    doubts: tuple[Doubt, ...] = ()
    """What the host is asked before this row is imported."""


class Entry(NamedTuple):
    """The guests of one line, and what tells with whom they live."""

    rows: list[SheetRow]
    home: Home | None
    phone: str | None
    written_together: str | None
    """The names as the line has them, if it names several guests."""
    order: str | None
    seats: int
    """The line's seats. A line of an order may have seats and no guests."""
    unread_diet: str | None
    """The text about food that was not understood completely."""


class _Reasons:
    """Collects every reason why one line is bad."""

    def __init__(self) -> None:
        self._reasons: list[str] = []

    def attempt(self, read: Callable[[], T], otherwise: T) -> T:
        """The result of `read`; if it raises Unreadable, the reason is kept, and `otherwise`."""
        try:
            return read()
        except Unreadable as reason:
            self._reasons.append(str(reason))
            return otherwise

    def note(self, flaws: list[Flaw], email: str | None) -> None:
        self._reasons += [_reason(flaw, email) for flaw in flaws]

    def done(self) -> None:
        """Raise Unreadable if there is any reason."""
        if self._reasons:
            raise Unreadable("; ".join(dict.fromkeys(self._reasons)))


def read_entry(line: int, record: Record, layout: Layout) -> Entry | None:
    """Reads one record; None for an empty one.

    Raises Unreadable for a bad line and LeftOut for a line to be left out, each with the reason.
    """
    given, mended = cells_of(record, layout)
    if given is None:
        return None
    reasons = _Reasons()
    doubts = [*mended, *doubts_of_status(given)]
    named = reasons.attempt(lambda: people_in(given, layout), Named([]))
    said = _said(given, layout, reasons)
    counted = reasons.attempt(
        lambda: people_of(given, named, verbatim=layout.verbatim),
        Counted(None, [People()] * len(named.people)),
    )
    doubts += [
        *_with_places(named, counted.seats),
        *said.doubts,
        *_doubts_of_seats(given, named, layout),
    ]
    doubts += _doubts_of_headers(given, layout)
    rows = [
        _row(line, person, people, said, reasons)
        for person, people in zip(named.people, counted.each, strict=True)
    ]
    reasons.done()
    return Entry(
        rows=[_doubted(row, doubts, named.household, layout) for row in rows],
        home=_home(given),
        phone=_phone(given),
        written_together=_words(given) if len(rows) > 1 else None,
        order=given.get(("order", 0)),
        seats=1 if counted.seats is None else counted.seats,
        unread_diet=said.diet.unread,
    )


def _doubted(
    row: SheetRow, doubts: Sequence[Doubt], household: str | None, layout: Layout
) -> SheetRow:
    """The row with its doubts, and with the household that its name is."""
    signs = doubts_of_signs(row.first_name, row.last_name)
    if layout.verbatim:
        signs = tuple(doubt for doubt in signs if doubt.kind == "encoding")
    more = [*doubts, *signs, *_open_letters(row, layout)]
    if household is not None and row.group_id is None and len(household) <= GROUP_LENGTH:
        row = msgspec.structs.replace(row, group_id=household)
    return msgspec.structs.replace(row, doubts=tuple(dict.fromkeys(more))) if more else row


def _open_letters(row: SheetRow, layout: Layout) -> tuple[Doubt, ...]:
    """The doubt in which encoding the row's names are, where two are likely."""
    name, decoded = f"{row.first_name} {row.last_name}", layout.decoded
    if decoded is None or decoded.open_letters.isdisjoint(name):
        return ()
    others = [encoding.label for encoding in decoded.encodings[1:4]]
    instead = f", not {' or '.join(others)}" if others else ""
    return (Doubt("encoding", f"{quoted(name)} is read as {decoded.label}{instead}: choose one"),)


def _with_places(named: Named, seats: int | None) -> tuple[Doubt, ...]:
    """The doubts of a name; of a household, with the places that a column gives it."""
    if named.household is None or seats is None or named.total is not None:
        return named.doubts
    places = f"is a household, and would become one guest with {seats} places"
    return tuple(
        msgspec.structs.replace(doubt, reason=_UNCOUNTED.sub(places, doubt.reason))
        for doubt in named.doubts
    )


def _doubts_of_headers(given: Mapping[Column, str], layout: Layout) -> tuple[Doubt, ...]:
    """The doubt which of two columns has the last names, where both headers say no more than
    "name"."""
    columns: tuple[Column, Column] = (("last_name", 0), ("first_name", 0))
    if columns[0] not in layout.unsure or not all(column in given for column in columns):
        return ()
    last, first = (quoted(layout.header[layout.columns.index(column)]) for column in columns)
    return (Doubt("name", f"the last name is taken from {last}, the first from {first}"),)


def _doubts_of_seats(
    given: Mapping[Column, str], named: Named, layout: Layout
) -> tuple[Doubt, ...]:
    column = ("expected_guests", 0)
    if not layout.verbatim and given.get(column, "").strip("0") == "" and column in given:
        return (Doubt("seats", "is for nobody; it may be a cancellation"),)
    if column in layout.unsure and column in given:
        reason = f"is read as {given[column]} in all, and not as further people"
        return (Doubt("seats", f"{quoted(layout.header[layout.columns.index(column)])} {reason}"),)
    if named.total is not None and given.get(column, str(named.total)) != str(named.total):
        reason = f"the name says {named.total} people, the column {given[column]}, which counts"
        return (Doubt("seats", reason),)
    return ()


class _Said(NamedTuple):
    """What a line says about each of its guests."""

    email: str | None
    group_id: str | None
    child: bool | None
    diet: Diet
    doubts: tuple[Doubt, ...]


def _said(given: Mapping[Column, str], layout: Layout, reasons: _Reasons) -> _Said:
    check = Checks()
    email, doubts = email_in([cell for _, cell in _all(given, "email")])
    email = email or without_address(given.get(("name", 0), ""))[1]
    cells = [cell for (field, _), cell in sorted(given.items()) if field == "diet"]
    diet = read_diet(cells, given.get(("diet_notes", 0), ""))
    address = check.email("email", email)
    reasons.note(check.flaws, email)
    check = Checks()
    said = _Said(
        email=address,
        group_id=check.group_id("group_id", _household(given, layout)),
        child=reasons.attempt(lambda: is_child(given.get(("child", 0))), None),
        diet=diet._replace(
            tags=check.tags("dietary_tags", diet.tags),
            text=check.free_text("dietary", diet.text, DIETARY_LENGTH),
        ),
        doubts=doubts,
    )
    reasons.note(check.flaws, email)
    return said


def _row(line: int, person: Person, people: People, said: _Said, reasons: _Reasons) -> SheetRow:
    check = Checks()
    row = SheetRow(
        line=line,
        first_name=check.name("first_name", person.first),
        last_name=check.last_name("last_name", person.last),
        email=check.email("email", person.email) if person.is_beside else said.email,
        group_id=said.group_id,
        child=True if person.is_child else said.child,
        expected_guests=None
        if people.seats is None
        else check.people("expected_guests", people.seats),
        children=None
        if people.children is None
        else check.people("children", _children(people, said.child)),
        dietary_tags=said.diet.tags,
        dietary=said.diet.text,
    )
    reasons.note(check.flaws, person.email or said.email)
    return row


def _children(people: People, child: bool | None) -> int:
    """The number of children, adjusted to the column that says whether the guest is a child."""
    children = people.children or 0
    if child:
        return max(children, 1)
    return 0 if child is False and people.seats == 1 else children


def _reason(flaw: Flaw, email: str | None) -> str:
    field = flaw.pointer.removeprefix("/")
    value = f" {quoted(email)}" if field == "email" and email else ""
    return f"{_LABELS.get(field, field)}{value} {flaw.detail}"


def _household(given: Mapping[Column, str], layout: Layout) -> str | None:
    if (order := given.get(("order", 0))) is not None:
        return f"Order {one_line(order)}"
    group = given.get(("group_id", 0))
    return group if layout.verbatim else one_line(group) or None


def _all(given: Mapping[Column, str], field: str) -> list[tuple[int, str]]:
    """The first values in the columns for one field, with the columns' numbers."""
    found = [(place, cell) for (name, place), cell in given.items() if name == field]
    return [(place, cell.partition(_MORE_VALUES)[0].strip()) for place, cell in sorted(found)]


def _home(given: Mapping[Column, str]) -> Home | None:
    """Where the guests live: the first address that is not labelled as a place of work."""
    places = sorted({place for field, place in given if field in (*ADDRESS, "address")})
    for place in places:
        if _is_work(given, "address_label", place):
            continue
        parts = [given.get((part, place), "").partition(_MORE_VALUES)[0] for part in ADDRESS]
        whole = given.get(("address", place), "").partition(_MORE_VALUES)[0]
        if home := home_of(parts) or (home_at(whole) if whole else None):
            return home
    return None


def _phone(given: Mapping[Column, str]) -> str | None:
    return next(
        (cell for n, cell in _all(given, "phone") if not _is_work(given, "phone_label", n)), None
    )


def _is_work(given: Mapping[Column, str], label: str, place: int) -> bool:
    said = given.get((label, place), "").partition(_MORE_VALUES)[0]
    return normalised(said) in WORK


def _words(given: Mapping[Column, str]) -> str:
    """The names of the guests as the line has them."""
    first, last = given.get(("first_name", 0), ""), given.get(("last_name", 0), "")
    return f"{first} {last}".strip() or given.get(("name", 0), "")
