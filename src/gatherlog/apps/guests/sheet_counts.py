"""How many people a line of a sheet stands for, and which of them are children. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gatherlog.apps.guests.sheet_files import Broken, fold
from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_names import Named
from gatherlog.apps.guests.sheet_words import NO, NONE, YES

__all__ = ["Counted", "People", "is_child", "people_of"]

ADULT = 18
OLDEST = 120
_NUMBER = re.compile(r"([0-9]{1,9})([.,]0+)?")
_YEARS = re.compile(
    r"(?:age|aged|alter|edad|age de)? ?([0-9]{1,3})(?: [0-9])? ?"
    r"(?:jahren?|jahr|j|years?|yrs?|y|yo|y o|ans?|anos?)?(?: alt| old)?"
)
_MONTHS = re.compile(
    r"[0-9]{1,3} ?(?:monate?n?|months?|mois|mes|meses|wochen?|weeks?|semaines?|semanas?)"
    r"(?: alt| old)?"
)


class People(NamedTuple):
    """Seats and children of one guest; None where the sheet says nothing."""

    seats: int | None = None
    children: int | None = None


class Counted(NamedTuple):
    """The seats of a line, and what each of the guests whom it names has of them."""

    seats: int | None
    each: list[People]


def is_child(cell: str | None) -> bool | None:
    """Whether a guest is a child, by a word or by the age. Raises Broken."""
    if cell is None:
        return None
    word = fold(cell)
    if word in YES:
        return True
    if word in NO or not word:
        return False
    if _MONTHS.fullmatch(word):
        return True
    if (age := _YEARS.fullmatch(word)) and int(age[1]) <= OLDEST:
        return int(age[1]) < ADULT
    raise Broken(f"child is {_short(cell)}: write yes or no, or the age")


def people_of(given: Mapping[Column, str], named: Named, *, verbatim: bool) -> Counted:
    """Seats and children of the guests that a line names: the first has the rest.

    Without a number of seats, those named, their plus ones and their children have one each.
    Raises Broken where the numbers do not fit each other, unless they are `verbatim` ours.
    """
    seats, more, beside, among = _numbers(given)
    names = len(named.people)
    adults = names + max(named.companions, more or 0)
    if seats is None and (more is not None or named.companions or beside is not None):
        seats = adults + (beside or 0)
    elif more is not None and seats not in (adults, adults + (beside or 0)):
        raise Broken(f"seats is {seats}, but with the plus ones it would be {adults}")
    children = among if beside is None else beside
    each = _shared(seats, names)
    if each and not verbatim and children and children > (1 if each[0] is None else each[0]):
        raise Broken(f"children is {children}, more than there are seats for")
    return Counted(
        seats, [People(places, None if n else children) for n, places in enumerate(each)]
    )


def _numbers(given: Mapping[Column, str]) -> list[int | None]:
    """What each of the columns of `_READERS` says; raises Broken for all that say nonsense."""
    numbers: list[int | None] = []
    broken: list[str] = []
    for field, read in _READERS.items():
        try:
            numbers.append(read(given.get((field, 0))))
        except Broken as reason:
            broken.append(str(reason))
    if broken:
        raise Broken("; ".join(broken))
    return numbers


def _shared(seats: int | None, names: int) -> list[int | None]:
    if seats is None:
        return [None] * names
    if names < 2:
        return [seats] * names
    if seats < names:
        raise Broken(f"seats is {seats} for {names} people")
    return [seats - names + 1, *[1] * (names - 1)]


def _seats(cell: str | None) -> int | None:
    return _number("seats", cell)


def _number(what: str, cell: str | None) -> int | None:
    if cell is None:
        return None
    number = _NUMBER.fullmatch(cell)
    if number is None:
        raise Broken(f"{what} is {_short(cell)}: write a number")
    return int(number[1])


def _plus_ones(cell: str | None) -> int | None:
    """A number, with or without a plus; or yes for one, which is not a name to invite by."""
    if cell is None or not fold(cell):
        return None
    word = fold(cell)
    if number := _NUMBER.fullmatch(cell.removeprefix("+").strip()):
        return int(number[1])
    if word in YES or word in NO or word in NONE:
        return int(word in YES)
    raise Broken(
        f"plus ones is {_short(cell)}: write a number, and give whom you know a line of their own"
    )


def _children(cell: str | None) -> int | None:
    if cell is None or not (word := fold(cell)):
        return None
    return 0 if word in NONE or (word in NO and word != "0") else _number("children", cell)


_READERS = {
    "expected_guests": _seats,
    "plus_ones": _plus_ones,
    "children": _children,
    "children_included": _children,
}


def _short(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")
