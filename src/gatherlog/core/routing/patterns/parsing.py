"""From a pattern's JSON to its branches: the combinations of fields of which one must be met."""

from collections.abc import Iterator
from sys import intern

import msgspec

from gatherlog.core.routing.patterns.nesting import Field, Path, read_field
from gatherlog.core.routing.patterns.operators import RESERVED, read_matcher
from gatherlog.core.routing.patterns.reading import Flaws, InvalidPattern, Place, refuse, shown

__all__ = ["read_branches"]

MAX_BRANCHES = 1000
"""Combinations that the branches of all `$or` make."""
MAX_FIELDS = 256
"""Fields of one combination."""
MAX_TOTAL = 10_000
"""Fields of all combinations together."""

Branch = dict[Path, Field]


class _Or(msgspec.Struct, frozen=True):
    place: Place
    branches: "list[list[Field | _Or]]"


Items = list[Field | _Or]


def read_branches(pattern: dict[str, object]) -> list[list[Field]]:
    """The combinations of fields that the pattern stands for; InvalidPattern if it is not valid."""
    reader = _Reader()
    items = reader.fields(pattern, (), Place(), within_or=False)
    reader.flaws.raise_any()
    branches = _expand(items, [{}])
    if any(len(branch) > MAX_FIELDS for branch in branches):
        refuse(Place(), f"A pattern may have {MAX_FIELDS} fields")
    return [list(branch.values()) for branch in branches]


class _Reader:
    """Goes through a pattern and gathers what is wrong with it."""

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
            if name == "$or" and (branches := _branches(value)):
                items.append(_Or(here, list(self._each(branches, path, here))))
            elif within_or and name in RESERVED:
                self.flaws.add(here, f'"{name}" cannot be the name of a field inside $or')
            elif isinstance(value, dict):
                items += self.fields(value, (*path, name), here, within_or=within_or)
            elif isinstance(value, list):
                items.append(self._leaf(value, (*path, name), here))
            else:
                self.flaws.add(here, f'"{shown(name)}" must be an object or an array')
        return items

    def _each(self, branches: list[dict[str, object]], path: Path, place: Place) -> Iterator[Items]:
        for index, branch in enumerate(branches):
            yield self.fields(branch, path, place.down(index), within_or=True)

    def _leaf(self, items: list[object], path: Path, place: Place) -> Field:
        if not items:
            self.flaws.add(place, "Empty arrays are not allowed")
        elif path[-1] == "$or" and any(
            isinstance(item, dict) and _is_branch(item) for item in items
        ):
            self.flaws.add(place, "$or takes an array of 2 or more objects")
            return read_field(path, ())
        matchers = []
        for index, item in enumerate(items):
            try:
                matchers.append(read_matcher(item, place.down(index)))
            except InvalidPattern as error:
                self.flaws.take(error)
        return read_field(path, matchers)


def _branches(value: object) -> list[dict[str, object]] | None:
    """The branches, where the value of `$or` makes it an operator: else it is a field's name."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    branches = [item for item in value if isinstance(item, dict) and _is_branch(item)]
    return branches if len(branches) == len(value) else None


def _is_branch(item: dict[str, object]) -> bool:
    return RESERVED.isdisjoint(item)


def _expand(items: Items, branches: list[Branch]) -> list[Branch]:
    """Each of the branches with these items; a field that is there already gives way."""
    for item in items:
        if isinstance(item, Field):
            for branch in branches:
                branch[item.path] = item
        else:
            branches = _multiply(item, branches)
    return branches


def _multiply(item: _Or, branches: list[Branch]) -> list[Branch]:
    multiplied: list[Branch] = []
    for items in item.branches:
        multiplied += _expand(items, [dict(branch) for branch in branches])
        if len(multiplied) > MAX_BRANCHES:
            refuse(item.place, f"$or may make {MAX_BRANCHES:,} combinations")
        if sum(map(len, multiplied)) > MAX_TOTAL:
            refuse(item.place, f"$or may make combinations of {MAX_TOTAL:,} fields in all")
    return multiplied
