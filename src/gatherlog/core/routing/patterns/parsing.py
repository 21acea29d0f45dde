"""From a pattern's JSON to its branches.

A pattern matches where all fields of one branch do: `$or` is multiplied out, so that a pattern
with three `$or` of two objects each has eight branches.
"""

from collections.abc import Iterator
from sys import intern

import msgspec

from gatherlog.core.routing.patterns.field_matching import Field, Path, make_field
from gatherlog.core.routing.patterns.operators import RESERVED, read_matcher
from gatherlog.core.routing.patterns.pattern_json import (
    Flaws,
    InvalidPattern,
    Place,
    quoted,
    refuse,
)

__all__ = ["parse_branches"]

MAX_BRANCHES = 1000
"""Branches of one pattern."""
MAX_FIELDS = 256
"""Fields of one branch."""
MAX_TOTAL = 10_000
"""Fields of all branches of one pattern together."""

Branch = dict[Path, Field]


class _Or(msgspec.Struct, frozen=True):
    """A `$or`: the fields of one of its objects must match."""

    place: Place
    objects: "list[list[Field | _Or]]"


Items = list[Field | _Or]


def parse_branches(pattern: dict[str, object]) -> list[list[Field]]:
    """The fields of every branch of the pattern; InvalidPattern if it is not valid."""
    parser = _Parser()
    items = parser.fields(pattern, (), Place(), within_or=False)
    parser.flaws.raise_any()
    branches = _expand(items, [{}])
    if any(len(branch) > MAX_FIELDS for branch in branches):
        refuse(Place(), f"A pattern may have {MAX_FIELDS} fields")
    return [list(branch.values()) for branch in branches]


class _Parser:
    """Reads the fields of a pattern and collects its flaws."""

    def __init__(self) -> None:
        self.flaws = Flaws()

    def fields(
        self, pattern: dict[str, object], path: Path, place: Place, *, within_or: bool
    ) -> Items:
        """The fields of an object of the pattern, and of the objects within it."""
        if not pattern:
            self.flaws.add(place, "Empty objects are not allowed")
        items: Items = []
        for name, value in pattern.items():
            here = place.down(name)
            name = intern(name)  # noqa: PLW2901 - one object for all patterns stays in the cache
            if name == "$or" and (objects := _objects_of_or(value)):
                items.append(_Or(here, list(self._each(objects, path, here))))
            elif within_or and name in RESERVED:
                self.flaws.add(here, f'"{name}" cannot be the name of a field inside $or')
            elif isinstance(value, dict):
                items += self.fields(value, (*path, name), here, within_or=within_or)
            elif isinstance(value, list):
                items.append(self._leaf(value, (*path, name), here))
            else:
                self.flaws.add(here, f'"{quoted(name)}" must be an object or an array')
        return items

    def _each(self, objects: list[dict[str, object]], path: Path, place: Place) -> Iterator[Items]:
        for index, one in enumerate(objects):
            yield self.fields(one, path, place.down(index), within_or=True)

    def _leaf(self, items: list[object], path: Path, place: Place) -> Field:
        if not items:
            self.flaws.add(place, "Empty arrays are not allowed")
        elif path[-1] == "$or" and any(
            isinstance(item, dict) and _has_field_names(item) for item in items
        ):
            self.flaws.add(place, "$or takes an array of 2 or more objects")
            return make_field(path, ())
        matchers = []
        for index, item in enumerate(items):
            try:
                matchers.append(read_matcher(item, place.down(index)))
            except InvalidPattern as error:
                self.flaws.take(error)
        return make_field(path, matchers)


def _objects_of_or(value: object) -> list[dict[str, object]] | None:
    """The objects in the value of `$or`; None if the value makes `$or` the name of a field."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    objects = [item for item in value if isinstance(item, dict) and _has_field_names(item)]
    return objects if len(objects) == len(value) else None


def _has_field_names(item: dict[str, object]) -> bool:
    return RESERVED.isdisjoint(item)


def _expand(items: Items, branches: list[Branch]) -> list[Branch]:
    """Each of the branches with these items added; a later field replaces one at the same path."""
    for item in items:
        if isinstance(item, Field):
            for branch in branches:
                branch[item.path] = item
        else:
            branches = _multiply(item, branches)
    return branches


def _multiply(item: _Or, branches: list[Branch]) -> list[Branch]:
    multiplied: list[Branch] = []
    for items in item.objects:
        multiplied += _expand(items, [dict(branch) for branch in branches])
        if len(multiplied) > MAX_BRANCHES:
            refuse(item.place, f"$or may make {MAX_BRANCHES:,} combinations")
        if sum(map(len, multiplied)) > MAX_TOTAL:
            refuse(item.place, f"$or may make combinations of {MAX_TOTAL:,} fields in all")
    return multiplied
