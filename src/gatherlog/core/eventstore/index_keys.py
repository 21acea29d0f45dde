"""Index keys as engines store them, and the cursors of queries.

The parts of a key are stripped of control characters, joined by U+0001 and cut to 512 bytes of
UTF-8. Comparing these bytes compares the parts, one after the other.
"""

import base64
import binascii
import re

import msgspec

from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.store import IndexKey, Query

__all__ = ["Range", "encode_key", "next_cursor", "query_range", "split_key"]

MAX_BYTES = 512
_GREATEST = ("", "\x7f", "\u07ff", "\uffff")
"""The greatest character of 0, 1, 2 and 3 bytes. It replaces a character that a cut would split, so
that cut keys keep their order."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Range(msgspec.Struct, frozen=True):
    """The sort keys of a query: low <= key < high, after (key, id) of a cursor if given."""

    low: str
    high: str | None
    beyond: tuple[str, str] | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    store: str
    query: int
    key: str
    id: str


def encode_key(parts: IndexKey) -> str:
    """The parts of a key in their stored form."""
    text = _joined(parts)
    if len(text) * 4 <= MAX_BYTES:
        return text
    whole = text.encode()
    if len(whole) <= MAX_BYTES:
        return text
    kept = whole[:MAX_BYTES].decode(errors="ignore")
    return kept + _GREATEST[MAX_BYTES - len(kept.encode())]


def _joined(parts: IndexKey) -> str:
    return "\x01".join([_CONTROL.sub("", part) for part in parts])


def split_key(key: IndexKey) -> tuple[str, str]:
    """The partition key and the sort key of an index key, in their stored form."""
    return encode_key(key[:1]), encode_key(key[1:])


def query_range(query: Query, store_id: str) -> Range:
    """The sort keys that a query asks for. Raises CursorInvalid for the cursor of another query."""
    low, high = "", None
    if query.prefix:
        low = encode_key(query.prefix)
        high = low + "\x02"
    if query.since:
        low = max(low, encode_key(query.prefix + query.since))
    if query.until:
        parts = query.prefix + query.until
        until = encode_key(parts)
        if until != _joined(parts):
            until += "\x02"  # cut: a key with the same beginning may come before it
        high = until if high is None else min(high, until)
    return Range(low, high, _read_cursor(query, store_id))


def next_cursor(query: Query, store_id: str, key: str, id: str) -> str:
    """The cursor after the row with this sort key and id."""
    packed = msgspec.json.encode(_Cursor(store_id, _shape(query), key, id))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _read_cursor(query: Query, store_id: str) -> tuple[str, str] | None:
    if query.cursor is None:
        return None
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(packed, type=_Cursor)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise CursorInvalid("the cursor is malformed") from None
    if cursor.store != store_id:
        raise CursorInvalid("the cursor belongs to another store")
    if cursor.query != _shape(query):
        raise CursorInvalid("the cursor belongs to another query")
    return cursor.key, cursor.id


def _shape(query: Query) -> int:
    """A fingerprint of what the query asks for, without its page size and cursor."""
    parts = (query.view, query.index, query.partition, query.prefix, query.since, query.until)
    return binascii.crc32(msgspec.json.encode((parts, query.backwards)))
