"""Names as people write them into cells: finds the first and last names of all guests. Pure."""

import re
from typing import NamedTuple

from gatherlog.apps.guests.sheet_files import Unreadable, normalised, quoted
from gatherlog.apps.guests.sheet_words import PARTICLES, PLUS_ONE, SUFFIXES

__all__ = ["Named", "Person", "named_in_full", "named_in_two"]

MOST_ON_A_LINE = 10

# "von und zu" is part of one name. For "Ortega y Gasset", see `_parted`.
_AND = re.compile(r"\s*&\s*|\s\+\s*|\s(?:and|und(?! zu )|et|y)\s", re.IGNORECASE)


class Person(NamedTuple):
    first: str
    last: str


class Named(NamedTuple):
    """The people whom a cell names; `companions` is the number of people without a name."""

    people: list[Person]
    companions: int = 0


def named_in_full(cell: str) -> Named:
    """Reads "Ada Lovelace", "Lovelace, Ada", "Ada & Charles Lovelace", "Ada Lovelace + 1".

    Raises Unreadable if the cell does not tell first and last names apart.
    """
    if re.search(r"\S@\S", cell):
        raise Unreadable(f"{quoted(cell)} is an address and no name")
    parts, companions = _without_companions(_parted(cell))
    if len(parts) == 1:
        return Named([_person(parts[0])], companions)
    if "," in cell:
        return Named(_last_name_first(cell, parts), companions)
    last = _person(parts[-1]).last
    return Named([_sharing(part, last) for part in parts], companions)


def named_in_two(first: str, last: str) -> Named:
    """Reads the cells for first and last name. "Ada & Charles" share a single last name.

    If there are as many last names as first names, they belong to each other in order. Any other
    number of last names is Unreadable.
    """
    firsts, companions = _without_companions(_parted(first))
    if len(firsts) == 1:
        return Named([Person(firsts[0], last)], companions)
    lasts = _parted(last)
    if len(lasts) not in (1, len(firsts)):
        raise Unreadable(f"{quoted(first)} and {quoted(last)} do not tell who has which name")
    if len(lasts) == 1:
        return Named([Person(part, last) for part in firsts], companions)
    return Named(list(map(Person, firsts, lasts)), companions)


def _parted(cell: str) -> list[str]:
    """The parts of a cell between "&", "and" and the like; at least one, and none is empty unless
    the cell is."""
    parts = [part.strip() for part in _AND.split(cell)]
    if len(parts) == 2 and re.search(r"\sy\s", cell, re.IGNORECASE):
        # José Ortega y Gasset is one, Ana y Luis García are two.
        before, after = parts
        if " " in before and " " not in after:
            return [cell]
    if len(parts) > MOST_ON_A_LINE:
        raise Unreadable(f"names {len(parts):,} people: give each a line of their own")
    return [part for part in parts if part] or [cell]


def _without_companions(parts: list[str]) -> tuple[list[str], int]:
    """The parts that are names, and how many others there are, such as "+ 1" or "& guest"."""
    named = [part for n, part in enumerate(parts) if n == 0 or normalised(part) not in PLUS_ONE]
    return named, len(parts) - len(named)


def _last_name_first(cell: str, parts: list[str]) -> list[Person]:
    """Reads "Lovelace, Ada & Charles". "Ada, Charles & Ben Lovelace" is ambiguous: Unreadable."""
    last, _, first = parts[0].partition(",")
    firsts = [first.strip(), *parts[1:]]
    if not first.strip() or any("," in part or " " in part for part in firsts):
        raise Unreadable(f"{quoted(cell)} names several people: give each a line of their own")
    return [Person(part, last.strip()) for part in firsts]


def _sharing(part: str, last: str) -> Person:
    """One of several people: a single word is a first name, with the last name of the last one."""
    return _person(part) if " " in part else Person(part, last)


def _person(full: str) -> Person:
    """First and last name of "Ada King Lovelace", "Lovelace, Ada" or "Ludwig van Beethoven"."""
    parts = [part.strip() for part in full.split(",") if part.strip()]
    suffix = parts.pop() if len(parts) > 1 and normalised(parts[-1]) in SUFFIXES else ""
    if len(parts) > 2:
        raise Unreadable(f"{quoted(full)} has too many commas to tell first and last name")
    if len(parts) == 2:
        return Person(parts[1], f"{parts[0]} {suffix}".strip())
    words = [*" ".join(parts).split(), *suffix.split()]
    last = len(words) - 1
    if last > 1 and normalised(words[last]) in SUFFIXES:
        last -= 1
    while last > 1 and (before := words[last - 1].casefold()) in PARTICLES:
        last -= 2 if before == "y" and last > 2 else 1
    if last < 1:
        raise Unreadable(f"the last name is missing beside {quoted(full)}")
    return Person(" ".join(words[:last]), " ".join(words[last:]))
