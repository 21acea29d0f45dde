"""Reading and writing JSON without changing the value of any number.

Integers may have any size. A fraction that a float cannot hold exactly as it was written, such as
0.1000000000000000000001, becomes a Decimal.
"""

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import msgspec

__all__ = ["DEPTH", "TooDeep", "decode", "decoder", "encode", "is_deep", "number"]

T = TypeVar("T")

DEPTH: Final = 100
"""The deepest nesting that is accepted, so that code which recurses never runs out of stack."""


class TooDeep(ValueError):
    """A JSON text that is nested far beyond `DEPTH` levels, so that it is not read at all."""

    def __init__(self) -> None:
        super().__init__(f"nested beyond {DEPTH} levels")


encode = msgspec.json.Encoder(decimal_format="number").encode
"""The JSON, as bytes, of any value that `decode` returns."""


def decode(text: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError if it is not JSON, of which TooDeep is one."""
    try:
        return _decode(text)
    except RecursionError:
        raise TooDeep from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(str(error)) from None


def decoder(kind: type[T]) -> Callable[[bytes | str], T]:
    """A decoder for JSON of a type; what the type leaves open (`Any`) is decoded as by `decode`.

    It raises msgspec.DecodeError, also for a number beyond the range of a double, which no part of
    a type may be.
    """
    return msgspec.json.Decoder(kind, float_hook=_double_or_decimal).decode


def is_deep(value: Any) -> bool:
    """Whether a JSON value is nested beyond `DEPTH` levels."""
    level = [value]
    for _ in range(DEPTH):
        if not level:
            return False
        inner = [node for node in level if isinstance(node, dict | list)]
        level = [x for node in inner for x in (node.values() if type(node) is dict else node)]
    return bool(level)


def number(text: str) -> float | Decimal:
    """A fraction as it is written in JSON: a float if that is written alike, else a Decimal.

    Raises ValueError for an exponent that no Decimal can have.
    """
    value = float(text)
    if repr(value) == text:
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError("Number out of range") from None
    return value if exact == Decimal(repr(value)) else exact


def _double_or_decimal(text: str) -> float | Decimal:
    try:
        value = number(text)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from None
    if not math.isfinite(float(value)):
        raise msgspec.DecodeError("Number out of range")
    return value


_decode = msgspec.json.Decoder(float_hook=number).decode
