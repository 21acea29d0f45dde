"""Reading and writing JSON without changing the value of any number.

Integers may have any size. A fraction that a float cannot hold exactly as it was written, such as
0.1000000000000000000001, becomes a Decimal.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

__all__ = ["DEPTH", "decode", "encode", "is_deep"]

DEPTH: Final = 100
"""The deepest nesting that is accepted, so that code which recurses never runs out of stack."""

encode = msgspec.json.Encoder(decimal_format="number").encode
"""The JSON, as bytes, of any value that `decode` returns."""


def decode(text: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError if it is not JSON."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, InvalidOperation, RecursionError) as error:
        raise ValueError(str(error)) from None


def is_deep(value: Any) -> bool:
    """Whether a JSON value is nested beyond `DEPTH` levels."""
    level = [value]
    for _ in range(DEPTH):
        if not level:
            return False
        inner = [node for node in level if isinstance(node, dict | list)]
        level = [x for node in inner for x in (node.values() if type(node) is dict else node)]
    return bool(level)


def _number(text: str) -> float | Decimal:
    """A float if it has exactly the value that was written, otherwise a Decimal."""
    value = float(text)
    if repr(value) == text:
        return value
    exact = Decimal(text)
    return value if exact == Decimal(repr(value)) else exact


_decode = msgspec.json.Decoder(float_hook=_number).decode
