"""Sheets that are kept in a form's hidden field, so that the server need not store them. Pure."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Steps
from gatherlog.interfaces.bodies import MAX_BODY

__all__ = ["packing", "unpacking"]

_DATA: Final = 6 * 1024
"""Bytes that are packed in one step; a multiple of 3, so that they fill characters of Base64."""
_TEXT: Final = _DATA // 3 * 4


def packing(data: bytes) -> Steps[list[str]]:
    """The data compressed, as parts of a text of characters that no form encodes."""
    writer, compressed = zlib.compressobj(9), bytearray()
    for start in range(0, len(data), _DATA):
        compressed += writer.compress(data[start : start + _DATA])
        yield
    compressed += writer.flush()
    text: list[str] = []
    for start in range(0, len(compressed), _DATA):
        text.append(urlsafe_b64encode(compressed[start : start + _DATA]).decode())
        yield
    return text


def unpacking(text: str) -> Steps[bytes]:
    """The data again, up to MAX_BODY bytes. Raises Invalid if the text was tampered with."""
    reader, data = zlib.decompressobj(), bytearray()
    try:
        for start in range(0, len(text), _TEXT):
            rest = urlsafe_b64decode(text[start : start + _TEXT])
            while len(data) <= MAX_BODY and (part := reader.decompress(rest, _DATA)):
                data += part
                rest = reader.unconsumed_tail
                yield
    except (ValueError, zlib.error):
        data.clear()
    if not data or len(data) > MAX_BODY or not reader.eof:
        raise Invalid(Flaw("/packed", "The sheet got lost on the way. Choose it again."))
    return bytes(data)
