"""The rows of indexes: changed with their documents, compared with them, and rewritten."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import apsw
import msgspec

from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.core.eventstore.store import IndexKey, Ref

__all__ = ["decode_keys", "read_misindexed", "rewrite_rows", "update_rows"]

# A row that exists already is right: it may be left of a damaged index.
_LIST = "INSERT OR IGNORE INTO index_row VALUES (?, ?, ?, ?, ?)"
_UNLIST = (
    "DELETE FROM index_row WHERE view = ? AND name = ? AND partition = ? AND sort = ? AND id = ?"
)
# One statement, so that both tables are read as of one moment.
_READ_BOTH = (
    "SELECT id, index_keys, NULL, NULL, NULL FROM document WHERE view = ?1 AND id > ?2"
    " UNION ALL"
    " SELECT id, NULL, name, partition, sort FROM index_row WHERE view = ?1 AND id > ?2"
    " ORDER BY 1"
)
_READ_KEYS = "SELECT index_keys FROM document WHERE view = ? AND id = ?"
_UNLIST_ALL = "DELETE FROM index_row WHERE view = ? AND id IN (SELECT value FROM json_each(?))"
decode_keys = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode
"""The index keys of a document, as the column `index_keys` has them."""
Row = tuple[str, str, str]
"""Name of the index, partition key and sort key, as stored."""


def update_rows(
    cursor: apsw.Cursor,
    ref: Ref,
    before: Mapping[str, IndexKey],
    after: Mapping[str, IndexKey],
) -> None:
    """Replace the rows of the keys that a document had by rows of its new keys; equal ones stay."""
    if before == after:
        return
    view, id = ref
    for index in before.keys() | after.keys():
        was, will = before.get(index), after.get(index)
        if was == will:
            continue
        if was is not None:
            cursor.execute(_UNLIST, (view, index, *split_key(was), id))
        if will is not None:
            cursor.execute(_LIST, (view, index, *split_key(will), id))


def read_misindexed(cursor: apsw.Cursor, view: str, after: str, limit: int) -> list[str]:
    """Ids, in order, whose rows do not agree with their document. Reads all rows of the view."""
    found: list[str] = []
    for id, rows in groupby(cursor.execute(_READ_BOTH, (view, after)), key=itemgetter(0)):
        if not _agree(rows) and len(found) < limit:
            found.append(id)
    return found


def _agree(rows: Iterable[tuple[Any, ...]]) -> bool:
    wanted: set[Row] = set()
    listed: set[Row] = set()
    for _, index_keys, *row in rows:
        if index_keys is None:
            listed.add(tuple(row))
        else:
            wanted.update(_rows(index_keys))
    return wanted == listed


def rewrite_rows(cursor: apsw.Cursor, view: str, ids: Sequence[str]) -> None:
    """Write all rows of these ids again from their documents; delete those without a document."""
    cursor.execute(_UNLIST_ALL, (view, msgspec.json.encode(ids).decode()))
    for id in ids:
        index_keys = cursor.execute(_READ_KEYS, (view, id)).get
        for row in () if index_keys is None else _rows(index_keys):
            cursor.execute(_LIST, (view, *row, id))


def _rows(index_keys: bytes) -> Iterator[Row]:
    for index, key in decode_keys(index_keys).items():
        yield (index, *split_key(key))
