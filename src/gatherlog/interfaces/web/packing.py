"""Sheets that are kept in a form's hidden field, so that the server need not store them. Pure."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.bodies import MAX_BODY

__all__ = ["packed", "unpacked"]


def packed(data: bytes) -> str:
    """The data compressed, as text of characters that no form encodes."""
    return urlsafe_b64encode(zlib.compress(data, 9)).decode()


def unpacked(text: str) -> bytes:
    """The data again, up to MAX_BODY bytes. Raises Invalid if the text was tampered with."""
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(urlsafe_b64decode(text), MAX_BODY)
    except (ValueError, zlib.error):
        data, reader = b"", zlib.decompressobj()
    if not data or not reader.eof:
        raise Invalid(Flaw("/packed", "The sheet got lost on the way. Choose it again."))
    return data
