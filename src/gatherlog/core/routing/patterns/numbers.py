"""Numbers of patterns and events, which are compared with all the digits that they have.

`exact_json` decodes a fraction as a float if that is written alike, and as a Decimal otherwise.
Beside a Decimal, a float stands for the shortest decimal that gives it: 0.1 is less than
0.10000000000000000001, although the double is not. Beside an integer it is a double.
"""

from decimal import Decimal
from math import copysign, inf
from typing import Final, TypeGuard

__all__ = ["Number", "as_written", "is_number", "nearest_double"]

Number = int | float | Decimal

_NUMBERS: Final = frozenset({int, float, Decimal})
_LARGEST: Final = 2**53
"""Up to here, every whole number is a double."""


def is_number(value: object) -> TypeGuard[Number]:
    """Whether the value is a number in JSON, which True is not."""
    return value.__class__ in _NUMBERS


def as_written(number: Number) -> int | Decimal:
    """The number as it can be compared with a Decimal."""
    return Decimal(repr(number)) if isinstance(number, float) else number


def nearest_double(value: object) -> object:
    """A number of such a kind that equal numbers are equal doubles; any other value as it is."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        try:
            return float(value)
        except OverflowError:
            return copysign(inf, value)
    return value
