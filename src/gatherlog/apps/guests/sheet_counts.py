"""How many people a line of a sheet is for, and how many of them are children. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from gatherlog.apps.guests.sheet_files import Unreadable, normalised, quoted
from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_names import Named
from gatherlog.apps.guests.sheet_party_words import KIDS, ONE_KID, PEOPLE, TICKETS
from gatherlog.apps.guests.sheet_words import NO, NONE, YES

__all__ = ["Counted", "People", "is_child", "people_of"]

ADULT = 18
OLDEST = 120
_NUMBER = re.compile(r"([0-9]{1,9})([.,]0+)?")
_COUNTED = re.compile(r"([0-9]{1,9})\s*([^\W\d_]+)\.?")
_YEARS = re.compile(
    r"(?:age|aged|alter|edad|age de)? ?([0-9]{1,3})(?: [0-9])? ?"
    r"(?:jahren?|jahr|j|years?|yrs?|y|yo|y o|ans?|anos?)?(?: alt| old)?"
)
_MONTHS = re.compile(
    r"[0-9]{1,3} ?(?:monate?n?|months?|mois|mes|meses|wochen?|weeks?|semaines?|semanas?)"
    r"(?: alt| old)?"
)


class People(NamedTuple):
    """The seats and children of one guest; None where the sheet does not say."""

    seats: int | None = None
    children: int | None = None


class Counted(NamedTuple):
    """The seats of a line, and the people of each guest whom it names."""

    seats: int | None
    each: list[People]


def is_child(cell: str | None) -> bool | None:
    """Whether a guest is a child, from a word or an age; None for no cell. Raises Unreadable."""
    if cell is None:
        return None
    word = normalised(cell)
    if word in YES:
        return True
    if word in NO or not word:
        return False
    if _MONTHS.fullmatch(word):
        return True
    if (age := _YEARS.fullmatch(word)) and int(age[1]) <= OLDEST:
        return int(age[1]) < ADULT
    raise Unreadable(f"child is {quoted(cell)}: write yes or no, or the age")


def people_of(given: Mapping[Column, str], named: Named, *, verbatim: bool) -> Counted:
    """The seats and children of the guests whom a line names.

    Every guest has one seat, and the first has all others. Without a number of seats, there is one
    for each guest, plus one and child, or as many as the name says. Raises Unreadable where numbers
    contradict each other; in our own export (`verbatim`) there may be more children than seats.
    """
    seats, more, beside, among, grown = _numbers(given)
    if grown is not None:
        seats = _with_adults(seats, grown, beside or among or 0)
    names = len(named.people)
    companions = named.companions - (0 if beside is None else named.children)
    adults = max(names + companions, names - named.others + (more or 0))
    if seats is None:
        seats = named.total
    if seats is None and (more is not None or companions or beside is not None):
        seats = adults + (beside or 0)
    elif more is not None and seats not in (adults, adults + (beside or 0)):
        raise Unreadable(f"places is {seats}, but with the plus ones it would be {adults}")
    children = among if beside is None else beside
    if children is None and named.children:
        children = named.children
    each = _shared(seats, names)
    if each and not verbatim and children and children > (1 if each[0] is None else each[0]):
        raise Unreadable(f"children is {children}, more than there are places for")
    return Counted(
        seats,
        [
            People(places, 1 if person.is_child else None if n else children)
            for n, (places, person) in enumerate(zip(each, named.people, strict=True))
        ],
    )


def _with_adults(seats: int | None, adults: int, children: int) -> int:
    """All seats, where adults have a column of their own. Raises Unreadable if they contradict."""
    if seats not in (None, adults + children):
        raise Unreadable(f"places is {seats}, but with the adults it would be {adults + children}")
    return adults + children


def _numbers(given: Mapping[Column, str]) -> list[int | None]:
    """The number in each column of `_READERS`. Raises Unreadable with the reasons of all."""
    numbers: list[int | None] = []
    reasons: list[str] = []
    for field, read in _READERS.items():
        try:
            numbers.append(read(given.get((field, 0))))
        except Unreadable as reason:
            reasons.append(str(reason))
    if reasons:
        raise Unreadable("; ".join(reasons))
    return numbers


def _shared(seats: int | None, names: int) -> list[int | None]:
    if seats is None:
        return [None] * names
    if names < 2:
        return [seats] * names
    if seats < names:
        raise Unreadable(f"places is {seats} for {names} people")
    return [seats - names + 1, *[1] * (names - 1)]


def _seats(cell: str | None) -> int | None:
    return _number("places", cell)


def _adults(cell: str | None) -> int | None:
    return _number("adults", cell)


def _number(what: str, cell: str | None) -> int | None:
    if cell is None:
        return None
    cell = unicodedata.normalize("NFKC", cell)
    number = _NUMBER.fullmatch(cell)
    if number is None and (counted := _COUNTED.fullmatch(cell)) and _is_unit(counted[2]):
        number = counted
    if number is None:
        raise Unreadable(f"{what} is {quoted(cell)}: write a number")
    return int(number[1])


def _is_unit(word: str) -> bool:
    """Whether a word behind a number says what is counted: "2 tickets"."""
    return normalised(word) in PEOPLE | KIDS | ONE_KID | TICKETS


def _plus_ones(cell: str | None) -> int | None:
    """A number, with or without a plus sign; yes is one. A name is Unreadable."""
    if cell is None or not (word := _word(cell)):
        return None
    if number := _NUMBER.fullmatch(cell.removeprefix("+").strip()):
        return int(number[1])
    if word in YES or word in NO or word in NONE:
        return int(word in YES)
    raise Unreadable(
        f"plus ones is {quoted(cell)}: write a number, and give whom you know a line of their own"
    )


def _word(cell: str) -> str:
    """The cell as it is compared; empty if it says nothing, as "-" does. "?" says something."""
    return normalised(cell) or "?" * ("?" in cell)


def _children(cell: str | None) -> int | None:
    if cell is None or not (word := _word(cell)):
        return None
    return 0 if word in NONE or (word in NO and word != "0") else _number("children", cell)


_READERS = {
    "expected_guests": _seats,
    "plus_ones": _plus_ones,
    "children": _children,
    "children_included": _children,
    "adults": _adults,
}
