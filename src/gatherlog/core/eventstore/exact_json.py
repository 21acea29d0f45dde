"""JSON in and out without a number changing its value.

Integers may have any size; a fraction that binary floating point would change, as
0.1000000000000000000001, is a Decimal.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

__all__ = ["DEPTH", "decode", "encode", "is_deep"]

DEPTH: Final = 100
"""Levels of nesting that everything which recurses can take."""

encode = msgspec.json.Encoder(decimal_format="number").encode
"""JSON of anything that `decode` gives."""


def decode(text: bytes | str) -> Any:
    """The JSON value; ValueError for what is none."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, InvalidOperation, RecursionError) as error:
        raise ValueError(str(error)) from None


def is_deep(value: Any) -> bool:
    """Whether a JSON value is nested beyond `DEPTH` levels."""
    level = [value]
    for _ in range(DEPTH):
        inner = [node for node in level if isinstance(node, dict | list)]
        level = [x for node in inner for x in (node.values() if type(node) is dict else node)]
    return bool(level)


def _number(text: str) -> float | Decimal:
    """A float if that has the very value that was written."""
    value = float(text)
    if repr(value) == text:
        return value
    exact = Decimal(text)
    return value if exact == Decimal(repr(value)) else exact


_decode = msgspec.json.Decoder(float_hook=_number).decode
