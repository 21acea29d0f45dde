"""The SQL of the engine: rows into the planner's `State`, its `Changes` into rows.

Every statement is read to its end (`.get`, or a list): an unfinished one would keep its snapshot.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice, starmap

import apsw
import msgspec

from gatherlog.core.eventstore.engine import IndexPage, RecordedView
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.page_sizes import cut_page, document_bytes, event_bytes
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, Wanted
from gatherlog.core.eventstore.store import Document, Recalled, Ref, StreamHead
from gatherlog.engines.sqlite.cache import RowCache
from gatherlog.engines.sqlite.index_rows import move_rows

__all__ = [
    "load",
    "read_document",
    "read_feed",
    "read_head",
    "read_index",
    "read_key",
    "read_stream",
    "read_streams",
    "read_view",
    "read_views",
    "save",
    "save_views",
]

_EVENT = "0, position, stream, version, id, type, time, recorded, data, schema, subject, meta"
_DOCUMENT = "view, id, stream, version, counted, body, index_keys, counters"
_READ_DOCUMENT = (
    "SELECT stream, version, counted, body, index_keys, counters"
    " FROM document WHERE view = ? AND id = ?"
)
_READ_KEY = "SELECT fingerprint, answer, at FROM idempotency WHERE key = ?"
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
_UPDATE_BODY = _UPDATE_DOCUMENT.replace(" index_keys = ?,", "")
_UPDATE_COUNTERS = "UPDATE document SET counted = ?, counters = ? WHERE view = ? AND id = ?"
_DELETE_DOCUMENT = "DELETE FROM document WHERE view = ? AND id = ?"
_encode = msgspec.json.Encoder().encode
_decode_counters = msgspec.json.Decoder(dict[str, int]).decode
_decode_keys = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode
_decode_names = msgspec.json.Decoder(list[str]).decode
_NOTHING = b"{}"
_CHUNK = 64
"""Rows after which it is seen how many bytes they have."""


def load(cursor: apsw.Cursor, wanted: Wanted, now: int, cache: RowCache) -> State:
    """What the planner must know, as this transaction sees it; what the cache knows is not read."""
    keys: dict[str, Recalled] = {}
    for key in wanted.keys:
        if (recalled := read_key(cursor, key)) is not None:
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
    """Write the net effect of a group."""
    if changes.events:
        cursor.executemany(_SAVE_EVENT, [msgspec.structs.astuple(e)[1:] for e in changes.events])
    for key, recalled in changes.keys.items():
        cursor.execute(_SAVE_KEY, (key, recalled.fingerprint, recalled.answer, recalled.at))
    for ref, document in changes.documents.items():
        _save_document(cursor, ref, state.documents.get(ref), document)
    if changes.keys:
        _forget_keys(cursor, 2 * len(changes.keys), state.now)


def _forget_keys(cursor: apsw.Cursor, most: int, now: int) -> None:
    """Forget up to `most` of the keys that have expired; numbers follow time."""
    oldest: int | None = cursor.execute(_OLDEST_KEY).get
    if oldest is not None and oldest <= now - KEY_LIFETIME:
        cursor.execute(_FORGET_KEYS, (most, now - KEY_LIFETIME))


def _save_document(
    cursor: apsw.Cursor, ref: Ref, before: Document | None, after: Document | None
) -> None:
    if after is None:
        if before is not None:
            cursor.execute(_DELETE_DOCUMENT, ref)
            move_rows(cursor, ref, before.index_keys, {})
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
        move_rows(cursor, ref, {}, after.index_keys)
    elif _differs_in_counters_only(before, after):
        cursor.execute(_UPDATE_COUNTERS, (after.counted, _pack(after.counters), *ref))
    elif before.index_keys == after.index_keys:
        cursor.execute(
            _UPDATE_BODY,
            (
                after.stream,
                after.version,
                after.counted,
                after.body,
                _pack(after.counters),
                *ref,
            ),
        )
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
        move_rows(cursor, ref, before.index_keys, after.index_keys)


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


def read_key(cursor: apsw.Cursor, key: str) -> Recalled | None:
    row = cursor.execute(_READ_KEY, (key,)).get
    return None if row is None else Recalled(*row)


def read_head(cursor: apsw.Cursor) -> int:
    """The last position; 0 in an empty log."""
    position: int | None = cursor.execute(_READ_HEAD).get
    return position or 0


def read_stream(
    cursor: apsw.Cursor,
    stream: str,
    after: int,
    before: int,
    limit: int,
    most: int,
    backwards: bool,
) -> list[Recorded]:
    sql = _READ_STREAM_BACKWARDS if backwards else _READ_STREAM
    return _events(cursor, sql, (stream, after, before, limit), most)


def read_feed(cursor: apsw.Cursor, after: int, limit: int, most: int) -> list[Recorded]:
    return _events(cursor, _READ_FEED, (after, limit), most)


def _events(
    cursor: apsw.Cursor, sql: str, values: tuple[str | int, ...], most: int
) -> list[Recorded]:
    """A page that ends by count, as `sql` says, or after `most` bytes."""
    found: list[Recorded] = []
    size = 0
    with closing(cursor.connection.execute(sql, values)) as rows:
        events = starmap(Recorded, rows)
        while size <= most and (chunk := list(islice(events, _CHUNK))):
            found += chunk
            size += sum(map(event_bytes, chunk))
    return found if size <= most else list(cut_page(found, most, event_bytes))


def read_streams(cursor: apsw.Cursor, category: str, after: str, limit: int) -> list[StreamHead]:
    """Walks the index from stream to stream, so that long streams cost no more than short ones."""
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


def read_view(
    cursor: apsw.Cursor, view: str, after: str, limit: int, most: int
) -> tuple[list[Document], str | None]:
    """Documents by id after `after`, and the id after which the next page begins."""
    sql = f"SELECT {_DOCUMENT} FROM document WHERE view = ? AND id > ? ORDER BY id LIMIT ?"
    found, is_last = _documents(cursor, sql, (view, after), limit, most)
    return [document for _, document in found], None if is_last else found[-1][1].id


def read_index(cursor: apsw.Cursor, wanted: IndexRange, most: int) -> IndexPage:
    where = ["i.view = ?", "i.name = ?", "i.partition = ?", "i.sort >= ?"]
    values = [wanted.view, wanted.index, wanted.partition, wanted.low]
    if wanted.high is not None:
        where.append("i.sort < ?")
        values.append(wanted.high)
    if wanted.beyond is not None:
        where.append("(i.sort, i.id) < (?, ?)" if wanted.backwards else "(i.sort, i.id) > (?, ?)")
        values.extend(wanted.beyond)
    order = "DESC" if wanted.backwards else "ASC"
    columns = ", ".join(f"d.{column}" for column in _DOCUMENT.split(", "))
    sql = (
        f"SELECT {columns}, i.sort FROM document_index i"
        " CROSS JOIN document d ON d.view = i.view AND d.id = i.id"
        f" WHERE {' AND '.join(where)} ORDER BY i.sort {order}, i.id {order} LIMIT ?"
    )
    return IndexPage(*_documents(cursor, sql, tuple(values), wanted.limit, most))


def _documents(
    cursor: apsw.Cursor, sql: str, values: tuple[str, ...], limit: int, most: int
) -> tuple[list[tuple[str, Document]], bool]:
    """Up to `limit` rows of about `most` bytes, each with what stands behind it, and whether
    they are the last."""
    found: list[tuple[str, Document]] = []
    size = 0
    with closing(cursor.connection.execute(sql, (*values, limit + 1))) as rows:
        for row in rows:
            if len(found) == limit or size > most:
                return found, False
            document = _document(*row[:8])
            found.append((row[8] if len(row) > 8 else "", document))
            size += document_bytes(document)
    return found, True


def read_views(cursor: apsw.Cursor) -> dict[str, RecordedView]:
    """The views that are recorded as complete."""
    return {
        name: RecordedView(name, version, frozenset(_decode_names(indexes)))
        for name, version, indexes in cursor.execute("SELECT name, version, indexes FROM view")
    }


def save_views(
    cursor: apsw.Cursor,
    views: Sequence[tuple[RecordedView, RecordedView | None]],
    only_if_empty: bool,
) -> None:
    """Record views, as `Engine.record_views` says."""
    recorded = read_views(cursor)
    for view, before in views:
        has_documents = cursor.execute(
            "SELECT 1 FROM document WHERE view = ? LIMIT 1", (view.name,)
        ).get
        if recorded.get(view.name) == before and not (only_if_empty and has_documents):
            cursor.execute(
                "INSERT OR REPLACE INTO view VALUES (?, ?, ?)",
                (view.name, view.version, _encode(sorted(view.indexes))),
            )
