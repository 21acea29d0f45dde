"""The data of an event in JSON forms: as values, or byte for byte. Every event has a form.

Data counts as JSON where it is UTF-8, is nested at most DEPTH levels deep, and holds no number that
Python cannot hold and no half of a surrogate pair. So every program can read what is made of it.
Other data is shown in base64.
"""

import base64
from typing import Any

import msgspec

from gatherlog.core.eventstore.exact_json import DEPTH, decode, is_deep

__all__ = ["decoded_data", "json_line"]


def decoded_data(data: bytes) -> tuple[Any, bool]:
    """The decoded data and True if it is JSON, else `{"base64": …}` and False."""
    try:
        value = decode(data)
        if data.count(b"{") + data.count(b"[") <= DEPTH or not is_deep(value):
            return value, True
    except ValueError:
        pass
    return {"base64": base64.b64encode(data).decode()}, False


def json_line(data: bytes) -> bytes | None:
    """The data byte for byte if it is JSON, without the spaces between values where it has line
    breaks; None if it is not JSON."""
    if not decoded_data(data)[1]:
        return None
    if b"\n" in data or b"\r" in data:
        return msgspec.json.format(data, indent=-1)
    return data
