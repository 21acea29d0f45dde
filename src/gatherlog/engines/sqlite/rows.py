"""The SQL of the engine: reads rows for the planner's `State`, and writes its `Changes` as rows.

The results of every statement are read to the end (`.get`, or a list). Otherwise the connection
would go on seeing the database as it was when the statement began.
"""

from collections.abc import Mapping
from itertools import starmap

import apsw
import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import Range
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, Wanted
from gatherlog.core.eventstore.store import Document, Query, Recalled, Ref, StreamHead
from gatherlog.engines.sqlite.cache import RowCache
from gatherlog.engines.sqlite.index_rows import update_rows

__all__ = [
    "declared_views",
    "forget_keys",
    "load",
    "read_document",
    "read_feed",
    "read_head",
    "read_key",
    "read_query",
    "read_scan",
    "read_stream",
    "read_streams",
    "save",
]

_EVENT = "0, position, stream, version, id, type, time, recorded, data, schema, subject, meta"
_DOCUMENT = "view, id, stream, version, counted, body, index_keys, counters"
_READ_DOCUMENT = (
    "SELECT stream, version, counted, body, index_keys, counters"
    " FROM document WHERE view = ? AND id = ?"
)
_READ_KEY = "SELECT fingerprint, answer, at FROM idempotency WHERE key = ? AND at > ?"
_READ_HEAD = "SELECT max(position) FROM event"
_READ_STREAM_HEAD = "SELECT max(version) FROM event WHERE stream = ?"
_READ_STREAM = (
    f"SELECT {_EVENT} FROM event WHERE stream = ? AND version > ? AND version < ?"
    " ORDER BY version LIMIT ?"
)
_READ_STREAM_BACKWARDS = _READ_STREAM.replace("ORDER BY version", "ORDER BY version DESC")
_READ_FEED = f"SELECT {_EVENT} FROM event WHERE position > ? ORDER BY position LIMIT ?"

_SAVE_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAVE_KEY = "INSERT OR REPLACE INTO idempotency (key, fingerprint, answer, at) VALUES (?, ?, ?, ?)"
_OLDEST_KEY = "SELECT at FROM idempotency ORDER BY number LIMIT 1"
_FORGET_KEYS = (
    "DELETE FROM idempotency"
    " WHERE number IN (SELECT number FROM idempotency ORDER BY number LIMIT ?) AND at <= ?"
)
_INSERT_DOCUMENT = "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE_DOCUMENT = (
    "UPDATE document"
    " SET stream = ?, version = ?, counted = ?, body = ?, index_keys = ?, counters = ?"
    " WHERE view = ? AND id = ?"
)
_UPDATE_COUNTERS = "UPDATE document SET counted = ?, counters = ? WHERE view = ? AND id = ?"
_DELETE_DOCUMENT = "DELETE FROM document WHERE view = ? AND id = ?"
_encode = msgspec.json.Encoder().encode
_decode_counters = msgspec.json.Decoder(dict[str, int]).decode
_decode_keys = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode
_NOTHING = b"{}"


def load(cursor: apsw.Cursor, wanted: Wanted, now: int, cache: RowCache) -> State:
    """The state that the planner needs, from the cache or, in this transaction, from the file."""
    keys: dict[str, Recalled] = {}
    for key in wanted.keys:
        if (recalled := read_key(cursor, key, now)) is not None:
            keys[key] = recalled
    streams = {stream: _stream_head(cursor, stream, cache) for stream in wanted.streams}
    documents: dict[Ref, Document] = {}
    for ref in wanted.documents:
        document = cache.documents.get(ref) or read_document(cursor, *ref)
        if document is not None:
            documents[ref] = document
    position = cache.position
    if position is None:
        position = read_head(cursor)
    return State(now, (position,), keys, streams, documents)


def _stream_head(cursor: apsw.Cursor, stream: str, cache: RowCache) -> int:
    version = cache.streams.get(stream)
    return _read_stream_head(cursor, stream) if version is None else version


def _read_stream_head(cursor: apsw.Cursor, stream: str) -> int:
    """The version of a stream; 0 where there is none."""
    version: int | None = cursor.execute(_READ_STREAM_HEAD, (stream,)).get
    return version or 0


def save(cursor: apsw.Cursor, changes: Changes, state: State) -> None:
    """Write the changes of a group of commits."""
    if changes.events:
        cursor.executemany(_SAVE_EVENT, [msgspec.structs.astuple(e)[1:] for e in changes.events])
    for key, recalled in changes.keys.items():
        cursor.execute(_SAVE_KEY, (key, recalled.fingerprint, recalled.answer, recalled.at))
    for ref, document in changes.documents.items():
        _save_document(cursor, ref, state.documents.get(ref), document)


def forget_keys(cursor: apsw.Cursor, most: int, now: int) -> None:
    """Delete up to `most` of the keys that have expired. Keys are numbered in the order of time."""
    oldest: int | None = cursor.execute(_OLDEST_KEY).get
    if oldest is not None and oldest <= now - KEY_LIFETIME:
        cursor.execute(_FORGET_KEYS, (most, now - KEY_LIFETIME))


def _save_document(
    cursor: apsw.Cursor, ref: Ref, before: Document | None, after: Document | None
) -> None:
    if after is None:
        if before is not None:
            cursor.execute(_DELETE_DOCUMENT, ref)
            update_rows(cursor, ref, before.index_keys, {})
        return
    if before is None:
        cursor.execute(
            _INSERT_DOCUMENT,
            (
                *ref,
                after.stream,
                after.version,
                after.counted,
                after.body,
                _pack(after.index_keys),
                _pack(after.counters),
            ),
        )
        update_rows(cursor, ref, {}, after.index_keys)
    elif _differs_in_counters_only(before, after):
        cursor.execute(_UPDATE_COUNTERS, (after.counted, _pack(after.counters), *ref))
    else:
        cursor.execute(
            _UPDATE_DOCUMENT,
            (
                after.stream,
                after.version,
                after.counted,
                after.body,
                _pack(after.index_keys),
                _pack(after.counters),
                *ref,
            ),
        )
        update_rows(cursor, ref, before.index_keys, after.index_keys)


def _differs_in_counters_only(before: Document, after: Document) -> bool:
    return (
        after.version == before.version
        and after.stream == before.stream
        and after.body == before.body
        and after.index_keys == before.index_keys
    )


def _pack(mapping: Mapping[str, object]) -> bytes:
    return _encode(mapping) if mapping else _NOTHING


def _document(
    view: str,
    id: str,
    stream: str,
    version: int,
    counted: int,
    body: bytes | None,
    index_keys: bytes,
    counters: bytes,
) -> Document:
    return Document(
        view,
        id,
        stream,
        version,
        counted,
        body,
        {} if index_keys == _NOTHING else _decode_keys(index_keys),
        {} if counters == _NOTHING else _decode_counters(counters),
    )


def read_document(cursor: apsw.Cursor, view: str, id: str) -> Document | None:
    row = cursor.execute(_READ_DOCUMENT, (view, id)).get
    return None if row is None else _document(view, id, *row)


def read_key(cursor: apsw.Cursor, key: str, now: int) -> Recalled | None:
    row = cursor.execute(_READ_KEY, (key, now - KEY_LIFETIME)).get
    return None if row is None else Recalled(*row)


def read_head(cursor: apsw.Cursor) -> int:
    """The last position; 0 in an empty log."""
    position: int | None = cursor.execute(_READ_HEAD).get
    return position or 0


def read_stream(
    cursor: apsw.Cursor, stream: str, after: int, before: int, limit: int, backwards: bool
) -> list[Recorded]:
    sql = _READ_STREAM_BACKWARDS if backwards else _READ_STREAM
    return list(starmap(Recorded, cursor.execute(sql, (stream, after, before, limit))))


def read_feed(cursor: apsw.Cursor, after: int, limit: int) -> list[Recorded]:
    return list(starmap(Recorded, cursor.execute(_READ_FEED, (after, limit))))


def read_streams(cursor: apsw.Cursor, category: str, after: str, limit: int) -> list[StreamHead]:
    """Seeks from stream to stream in the index: long streams cost no more than short ones."""
    found: list[StreamHead] = []
    name = max(after, category + "-")
    while len(found) < limit:
        name = cursor.execute(
            "SELECT stream FROM event WHERE stream > ? AND stream < ? ORDER BY stream LIMIT 1",
            (name, category + "."),  # "." follows "-"
        ).get
        if name is None:
            break
        found.append(StreamHead(name, _read_stream_head(cursor, name)))
    return found


def read_scan(cursor: apsw.Cursor, view: str, after: str, limit: int) -> list[Document]:
    rows = cursor.execute(
        f"SELECT {_DOCUMENT} FROM document WHERE view = ? AND id > ? ORDER BY id LIMIT ?",
        (view, after, limit),
    )
    return list(starmap(_document, rows))


def read_query(
    cursor: apsw.Cursor, query: Query, partition: str, wanted: Range
) -> list[tuple[str, Document]]:
    """Sort keys and documents of a page, and one more if there is one."""
    where = ["i.view = ?", "i.name = ?", "i.partition = ?", "i.sort >= ?"]
    values: list[str | int] = [query.view, query.index, partition, wanted.low]
    if wanted.high is not None:
        where.append("i.sort < ?")
        values.append(wanted.high)
    if wanted.beyond is not None:
        where.append("(i.sort, i.id) < (?, ?)" if query.backwards else "(i.sort, i.id) > (?, ?)")
        values.extend(wanted.beyond)
    order = "DESC" if query.backwards else "ASC"
    columns = ", ".join(f"d.{column}" for column in _DOCUMENT.split(", "))
    rows = cursor.execute(
        f"SELECT i.sort, {columns} FROM document_index i"
        " CROSS JOIN document d ON d.view = i.view AND d.id = i.id"
        f" WHERE {' AND '.join(where)} ORDER BY i.sort {order}, i.id {order} LIMIT ?",
        (*values, query.limit + 1),
    )
    return [(sort, _document(*document)) for sort, *document in rows]


def declared_views(cursor: apsw.Cursor) -> dict[str, tuple[int, frozenset[str]]]:
    """Per view, the version and indexes for which its documents are complete."""
    return {
        name: (version, frozenset(msgspec.json.decode(indexes, type=list[str])))
        for name, version, indexes in cursor.execute("SELECT name, version, indexes FROM view")
    }
