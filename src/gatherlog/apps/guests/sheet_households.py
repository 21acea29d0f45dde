"""Guesses from addresses who lives together, where a sheet does not say it. Pure.

People at different postal addresses are never put together. A key that would do so, such as a
shared telephone number, is ignored.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from gatherlog.apps.guests.inputs import GROUP_LENGTH
from gatherlog.apps.guests.sheet_files import normalised
from gatherlog.core.commands.text import folded, folded_email
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Clues", "Home", "guessing_households", "home_at", "home_of", "order_name"]

MOST_TOGETHER = 12
"""The most people at one address who may be a household; with more it is a school, for example."""
_TOWN_ONLY = re.compile(r"\d{4,5} \w+")
_SHORTEST_NUMBER = 6
"""The fewest digits of a telephone number; with fewer it is an extension."""


class Home(NamedTuple):
    """A postal address, as it is compared and as it is shown in one line."""

    key: str
    line: str


class Clues(NamedTuple):
    """What one row tells about the people with whom its guest lives."""

    last_name: str
    email: str | None
    home: Home | None
    phone: str | None
    written_together: str | None
    """The names as the line has them, if it names several guests."""
    line: int


def home_of(parts: Sequence[str]) -> Home | None:
    """A home from the cells of `sheet_headers.ADDRESS`; None without a street."""
    street = [part for part in parts[:3] if part]
    key = normalised(" ".join(street)), normalised(parts[3]), normalised(parts[4])
    if not key[0]:
        return None
    return Home("|".join(key), ", ".join(_in_a_line(part) for part in [*street, parts[4]] if part))


def home_at(address: str) -> Home | None:
    """A home from an address in one cell; None for an e-mail address or the name of a town."""
    key = normalised(address)
    first = normalised(re.split(r"[,\n]", address, maxsplit=1)[0])
    if "@" in address or _TOWN_ONLY.fullmatch(first):
        return None
    if not re.search(r"\d", key) or not re.search(r"[^\W\d_]", key):
        return None
    return Home(key, _in_a_line(address))


def guessing_households(rows: Sequence[Clues]) -> Steps[dict[int, tuple[str, bool]]]:
    """The households of the rows whose guests live with others, by the indexes of the rows: the
    name of the household, and whether it is a guess. In steps.

    Names are made of the members' rows only, so the same rows give the same names.
    """
    joined = _DisjointSets([row.home for row in rows])
    for places in (yield from _alike(rows, lambda row: row.line if row.written_together else None)):
        joined.join(places)
        yield
    certain: dict[int, int] = {}
    for place in range(len(rows)):
        certain[place] = joined.root(place)
        yield
    for key in (_home, _surname_at_home, _surname_and_email, _surname_and_phone):
        for places in (yield from _alike(rows, key)):
            if len(places) <= MOST_TOGETHER:
                joined.join(places)
            yield
    households: dict[int, tuple[str, bool]] = {}
    taken: set[str] = set()
    for members in (yield from joined.together()):
        name = _unlike(taken, _name([rows[place] for place in members]))
        guessed = len({certain[place] for place in members}) > 1
        households |= dict.fromkeys(members, (name, guessed))
        yield
    yield from freeing(certain)
    return households


def order_name(last_name: str, order: str | None) -> str:
    """The household of an order, by the first guest in it: `Lovelace, order 1001`."""
    ending = ", order" + (order or "").removeprefix("Order")
    return _cut(last_name, max(GROUP_LENGTH - len(ending), 0)) + ending


class _DisjointSets:
    """Sets of rows that can be joined (union-find). A set has the home of its rows, if any."""

    def __init__(self, homes: Sequence[Home | None]) -> None:
        self._parent = list(range(len(homes)))
        self._home = [None if home is None else home.key for home in homes]

    def root(self, place: int) -> int:
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place

    def join(self, places: Sequence[int]) -> None:
        """Join the sets of these rows into one, unless their homes differ."""
        roots = sorted({self.root(place) for place in places})
        homes = {self._home[root] for root in roots} - {None}
        if len(homes) > 1:
            return
        for root in roots:
            self._parent[root] = roots[0]
            self._home[root] = next(iter(homes), None)

    def together(self) -> Steps[list[list[int]]]:
        """The sets of more than one row, in the order of their first rows."""
        sets: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self._parent)):
            sets[self.root(place)].append(place)
            yield
        together: list[list[int]] = []
        for members in sets.values():
            if len(members) > 1:
                together.append(members)
            yield
        return together


def _alike(rows: Sequence[Clues], key: Callable[[Clues], Hashable]) -> Steps[list[list[int]]]:
    """The indexes of the rows that have the same key, for each key but None."""
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if (found := key(row)) is not None:
            alike[found].append(place)
        yield
    return list(alike.values())


def _home(row: Clues) -> Hashable:
    return None if row.home is None else row.home.key


def _surname_at_home(row: Clues) -> Hashable:
    return None if row.home is None else (row.home.key, folded(row.last_name))


def _surname_and_email(row: Clues) -> Hashable:
    return None if row.email is None else (folded(row.last_name), folded_email(row.email))


def _surname_and_phone(row: Clues) -> Hashable:
    digits = "".join(filter(str.isdecimal, row.phone or "")).lstrip("0")
    return (folded(row.last_name), digits) if len(digits) >= _SHORTEST_NUMBER else None


def _name(members: Sequence[Clues]) -> str:
    """The names as one line has them; else the address; else the last name with the e-mail address
    or number that the members share.

    The last names of people at one address are not used: a further member would change the name.
    """
    for row in members:
        if row.written_together is not None:
            return _in_a_line(row.written_together)
    for row in members:
        if row.home is not None:
            return row.home.line
    bearers = Counter(map(_surname_and_email, members))
    for row in members:
        if row.email is not None and bearers[_surname_and_email(row)] > 1:
            return _in_a_line(f"{row.last_name}, {row.email}")
    phone = next((row.phone for row in members if _surname_and_phone(row) is not None), None)
    return _in_a_line(f"{members[0].last_name}, {phone}")


def _unlike(taken: set[str], name: str) -> str:
    """The name, cut to GROUP_LENGTH, with a number if another household has the same one."""
    unlike, number = _cut(name, GROUP_LENGTH), 1
    while unlike in taken:
        number += 1
        unlike = f"{_cut(name, GROUP_LENGTH - 6)} ({number})"
    taken.add(unlike)
    return unlike


def _cut(name: str, length: int) -> str:
    """The first `length` characters, without a comma or space at the end."""
    return name[:length].strip(" ,")


def _in_a_line(text: str) -> str:
    """The visible text in one line, with commas in place of line ends."""
    lines = ["".join(filter(str.isprintable, line)) for line in text.split("\n")]
    return ", ".join(" ".join(line.split()).rstrip(",") for line in lines if line.strip())
