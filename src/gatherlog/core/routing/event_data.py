"""What all JSON forms of an event share: its decoded data, and its times as text."""

import base64
from typing import Any, Final

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.exact_json import DEPTH, decode, is_deep

__all__ = ["decoded_data", "time_text"]

_FIRST: Final = "0001-01-01T00:00:00.000000Z"
_LAST: Final = "9999-12-31T23:59:59.999999Z"


def decoded_data(data: bytes) -> tuple[Any, bool]:
    """The decoded data and True if it is JSON, else `{"base64": …}` and False.

    JSON that is nested deeper than DEPTH levels, or holds a number that Python cannot, counts as
    not JSON.
    """
    try:
        value = decode(data)
        if data.count(b"{") + data.count(b"[") <= DEPTH or not is_deep(value):
            return value, True
    except ValueError:
        pass
    return {"base64": base64.b64encode(data).decode()}, False


def time_text(micros: int) -> str:
    """The time in RFC 3339; outside the years 1 to 9999, the first or last moment of those."""
    try:
        return rfc3339(micros)
    except OverflowError:
        return _FIRST if micros < 0 else _LAST
