"""Cursors: a place in a list as text, which only the same list of the same store takes back."""

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import CursorInvalid

__all__ = ["fingerprint", "read_cursor", "write_cursor"]

T = TypeVar("T")


def write_cursor(store_id: str, of: int, place: Any) -> str:
    """The cursor of a `place`, in the list with the fingerprint `of`; safe in a URL."""
    packed = msgspec.json.encode((store_id, of, place))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(cursor: str, store_id: str, of: int, place: type[T]) -> T:
    """The place in a cursor. Raises CursorInvalid if it is malformed or of another list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        store, found, at = msgspec.json.decode(packed, type=tuple[str, int, Any])
        if store == store_id and found == of:
            return msgspec.convert(at, place)
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise CursorInvalid("the cursor is malformed") from None
    whose = "query" if store == store_id else "store"
    raise CursorInvalid(f"the cursor belongs to another {whose}")


def fingerprint(*parts: Any) -> int:
    """A number that tells one list from another by what it lists."""
    return binascii.crc32(msgspec.json.encode(parts))
