"""A sheet that waits in a page's form, packed, so that no server has to remember it. Pure."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.bodies import MAX_BODY

__all__ = ["packed", "unpacked"]


def packed(data: bytes) -> str:
    """As text that takes no more room in any form."""
    return urlsafe_b64encode(zlib.compress(data, 9)).decode()


def unpacked(text: str) -> bytes:
    """What was packed, up to MAX_BODY bytes. Raises Invalid where somebody changed it."""
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(urlsafe_b64decode(text), MAX_BODY)
    except (ValueError, zlib.error):
        data, reader = b"", zlib.decompressobj()
    if not data or not reader.eof:
        raise Invalid(Flaw("/packed", "The sheet got lost on the way. Choose it again."))
    return data
