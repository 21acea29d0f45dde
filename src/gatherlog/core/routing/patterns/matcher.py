"""What a matcher is: a test of one value, and what the values that pass have in common.

A test is given single values only (string, number, bool, None), never arrays or objects.
"""

from collections.abc import Callable, Iterable
from sys import intern
from typing import NamedTuple, TypeGuard

from gatherlog.core.routing.patterns.reading import Place, refuse

__all__ = ["ABSENT", "PRESENT", "Key", "Matcher", "Test", "equal", "is_number", "one_of", "string"]

Test = Callable[[object], bool]


class Key(NamedTuple):
    """What every value that passes is equal to, or begins with: what a rule is indexed by."""

    begins: bool
    value: object


class Matcher(NamedTuple):
    """A test, and its key if it has one. A matcher with a key of equality is that and no more."""

    test: Test
    key: Key | None = None


PRESENT = Matcher(lambda value: True)
ABSENT = Matcher(lambda value: False)
"""Of `{"exists": false}`: no value passes; it is told from the others by what it is."""

_NUMBERS = frozenset({int, float})


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number of JSON, which True is not."""
    return value.__class__ in _NUMBERS


def one_of(values: Iterable[object]) -> Test:
    """Passes what has the JSON type of one of these and is equal to it: 1.0 is 1, True is not."""
    wanted = list(values)
    if not any(isinstance(value, int | float) for value in wanted):
        return frozenset(wanted).__contains__
    bools = frozenset(value for value in wanted if isinstance(value, bool))
    others = frozenset(value for value in wanted if not isinstance(value, bool))
    return lambda value: value in (bools if isinstance(value, bool) else others)


def equal(value: object) -> Matcher:
    if isinstance(value, str):
        value = intern(value)  # many rules ask for the same: one object stays in the cache
    return Matcher(one_of([value]), Key(False, value))


def string(operand: object, place: Place, what: str) -> str:
    """The operand, if it is a string."""
    if not isinstance(operand, str):
        refuse(place, f"{what} pattern must be a string")
    return operand
