"""Index keys as engines store them, and the ranges of them that queries ask for.

The parts of a key are stripped of control characters and joined by U+0001. The sort key is cut to
what the partition key leaves of 512 bytes of UTF-8; comparing the bytes of sort keys compares their
parts, one after the other. A partition key of more than 400 bytes ends with U+0001 and a hash of
the whole, so that it is never taken for another one, long or short.
"""

import re
from hashlib import sha256
from typing import Final

import msgspec

from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.store import IndexKey, Query

__all__ = ["KEY_BYTES", "PARTITION_BYTES", "IndexRange", "index_range", "next_cursor", "split_key"]

PARTITION_BYTES: Final = 400
KEY_BYTES: Final = 512
"""Of the partition key and the sort key together."""
_GREATEST: Final = ("", "\x7f", "\u07ff", "\uffff")
"""The greatest character of 0, 1, 2 and 3 bytes. It replaces a character that a cut would split, so
that cut keys keep their order."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class IndexRange(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an index that a query asks for: low <= sort key < high, in the stored form."""

    view: str
    index: str
    partition: str
    low: str
    high: str | None
    beyond: tuple[str, str] | None
    """The sort key and id after which to go on; None at the beginning."""
    backwards: bool
    limit: int


def split_key(key: IndexKey) -> tuple[str, str]:
    """The partition key and the sort key of an index key, in their stored form."""
    partition = _partition(key[0])
    return partition, _cut(_joined(key[1:]), _sort_bytes(partition))


def index_range(query: Query, store_id: str) -> IndexRange:
    """The part of the index that a query asks for. Raises CursorInvalid for a foreign cursor."""
    partition = _partition(query.partition)
    most = _sort_bytes(partition)
    low, high = "", None
    if query.prefix:
        low = _cut(_joined(query.prefix), most)
        high = low + "\x02"
    if query.since:
        low = max(low, _cut(_joined(query.prefix + query.since), most))
    if query.until:
        whole = _joined(query.prefix + query.until)
        until = _cut(whole, most)
        if until != whole:
            until += "\x02"  # it was cut: a key with the same beginning may come before it
        high = until if high is None else min(high, until)
    beyond = None
    if query.cursor is not None:
        beyond = read_cursor(query.cursor, store_id, _fingerprint(query), tuple[str, str])
    return IndexRange(
        view=query.view,
        index=query.index,
        partition=partition,
        low=low,
        high=high,
        beyond=beyond,
        backwards=query.backwards,
        limit=query.limit,
    )


def next_cursor(query: Query, store_id: str, sort: str, id: str) -> str:
    """The cursor after the row with this sort key and id."""
    return write_cursor(store_id, _fingerprint(query), (sort, id))


def _partition(part: str) -> str:
    text = _joined((part,))
    if len(text) * 4 > PARTITION_BYTES and len(whole := text.encode()) > PARTITION_BYTES:
        hashed = "\x01" + sha256(whole).hexdigest()  # which no short one has
        text = whole[: PARTITION_BYTES - len(hashed)].decode(errors="ignore") + hashed
    return text


def _joined(parts: IndexKey) -> str:
    return "\x01".join([one if one.isprintable() else _CONTROL.sub("", one) for one in parts])


def _sort_bytes(partition: str) -> int:
    return KEY_BYTES - len(partition.encode())


def _cut(text: str, most: int) -> str:
    if len(text) * 4 <= most:
        return text
    whole = text.encode()
    if len(whole) <= most:
        return text
    kept = whole[:most].decode(errors="ignore")
    return kept + _GREATEST[most - len(kept.encode())]


def _fingerprint(query: Query) -> int:
    return fingerprint(
        query.view,
        query.index,
        query.partition,
        query.prefix,
        query.since,
        query.until,
        query.backwards,
    )
