"""Matchers: what an item of a pattern's array says about a single value of an event.

A single value is a string, a number, a bool or None. A matcher never sees an array or an object:
`field_matching` walks through those and tests the single values in them.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from sys import intern
from typing import Final, NamedTuple

from gatherlog.core.routing.patterns.numbers import Number, as_written, is_number
from gatherlog.core.routing.patterns.pattern_json import Place, refuse

__all__ = [
    "ABSENT",
    "EQUAL",
    "PART",
    "PREFIX",
    "PRESENT",
    "Key",
    "Matcher",
    "Test",
    "equal",
    "one_of",
    "string",
]

Test = Callable[[object], bool]
_NUMERIC: Final = (int, float, Decimal)
"""Types of which values can be equal without being alike; bool is an int."""


EQUAL: Final = 0
PREFIX: Final = 1
PART: Final = 2


class Key(NamedTuple):
    """What the rule index files a matcher under.

    Every value that matches is equal to `value`, begins with it, or has it somewhere within.
    """

    kind: int
    """EQUAL, PREFIX or PART. A prefix and a part are texts."""
    value: object

    @property
    def is_equal(self) -> bool:
        return self.kind == EQUAL


class Matcher(NamedTuple):
    """A test of a single value, and the matcher's key if it has one.

    Where the key is one of equality, the test is equality with the key's value and nothing more.
    """

    test: Test
    key: Key | None = None


PRESENT = Matcher(lambda value: True)
ABSENT = Matcher(lambda value: False)
"""The matcher of `{"exists": false}`. No value passes; `make_field` recognises it by `is`."""


def one_of(values: Iterable[object]) -> Test:
    """The test for values that have the JSON type of one of `values` and are equal to it.

    1.0 is equal to 1, and True is not.
    """
    wanted = list(values)
    if not [value for value in wanted if isinstance(value, _NUMERIC)]:
        return frozenset(wanted).__contains__
    others = frozenset(value for value in wanted if not is_number(value))
    is_wanted = _one_of_numbers([value for value in wanted if is_number(value)])
    return lambda value: is_wanted(value) if is_number(value) else value in others


def _one_of_numbers(wanted: list[Number]) -> Callable[[Number], bool]:
    written = frozenset(map(as_written, wanted))
    if any(isinstance(number, Decimal) for number in wanted):
        return lambda value: as_written(value) in written
    plain = frozenset(wanted)
    return lambda value: value in (written if isinstance(value, Decimal) else plain)


def equal(value: object) -> Matcher:
    if isinstance(value, str):
        value = intern(value)  # one object for all rules with this string: it stays in cache
    return Matcher(one_of([value]), Key(EQUAL, value))


def string(operand: object, place: Place, what: str) -> str:
    """The operand; InvalidPattern unless it is a string."""
    if not isinstance(operand, str):
        refuse(place, f"{what} pattern must be a string")
    return operand
