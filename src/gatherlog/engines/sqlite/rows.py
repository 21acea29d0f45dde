"""The SQL of the engine: reads rows for the planner's `State`, and writes its `Changes` as rows.

The results of every statement are read to the end (`.get`, or a list), or the statement is closed.
Otherwise the connection would go on seeing the database as it was when the statement began.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import starmap
from typing import Any

import apsw
import msgspec

from gatherlog.core.eventstore.engine import IndexPage, RecordedView
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.giving_way import Steps
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.page_sizes import (
    bytes_of_events,
    bytes_of_rows,
    take_page,
    taking_page,
)
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, Wanted
from gatherlog.core.eventstore.row_cache import RowCache
from gatherlog.core.eventstore.store import Document, IndexKey, Recalled, Ref, StreamHead
from gatherlog.engines.sqlite.index_rows import decode_keys, update_rows

__all__ = [
    "EventPage",
    "blank",
    "forget",
    "load",
    "read_document",
    "read_feed",
    "read_head",
    "read_key",
    "read_stream",
    "read_views",
    "reading_documents",
    "reading_index",
    "reading_streams",
    "reading_view",
    "save_views",
    "saving",
]

EventPage = tuple[list[Recorded], bool]
"""Events, and whether they are the last that there are."""
_EVENT = "0, position, stream, version, id, type, time, recorded, data, schema, subject, meta"
_DOCUMENT = "view, id, stream, version, counted, body, index_keys, counters"
_READ_DOCUMENT = f"SELECT {_DOCUMENT} FROM document WHERE view = ? AND id = ?"
_READ_KEY = "SELECT fingerprint, answer, at FROM idempotency WHERE key = ?"
_READ_HEAD = "SELECT max(position) FROM event"
_READ_STREAM_HEAD = "SELECT max(version) FROM event WHERE stream = ?"
_READ_STREAM = (
    f"SELECT {_EVENT} FROM event WHERE stream = ? AND version > ? AND version < ?"
    " ORDER BY version LIMIT ?"
)
_READ_STREAM_BACKWARDS = _READ_STREAM.replace("ORDER BY version", "ORDER BY version DESC")
_READ_FEED = f"SELECT {_EVENT} FROM event WHERE position > ? ORDER BY position LIMIT ?"

# The first value of an event is its partition, for which there is no column.
_SAVE_EVENT = "INSERT INTO event VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
_SAVE_KEY = "INSERT OR REPLACE INTO idempotency (key, fingerprint, answer, at) VALUES (?, ?, ?, ?)"
_OLDEST_KEY = "SELECT at FROM idempotency ORDER BY number LIMIT 1"
_FORGET_KEYS = (
    "DELETE FROM idempotency"
    " WHERE number IN (SELECT number FROM idempotency ORDER BY number LIMIT ?) AND at <= ?"
)
_INSERT_DOCUMENT = "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE_DOCUMENT = (
    "UPDATE document SET stream = ?3, version = ?4, counted = ?5, body = ?6, index_keys = ?7,"
    " counters = ?8 WHERE view = ?1 AND id = ?2"
)
_DELETE_DOCUMENT = "DELETE FROM document WHERE view = ? AND id = ?"
_BLANK_EVENT = (
    "UPDATE event SET data = x'', meta = x'' WHERE position = ? AND (data <> x'' OR meta <> x'')"
)
_FORGET_ANSWERS = "DELETE FROM idempotency WHERE instr(answer, CAST(? AS BLOB)) > 0"
_READ_ANY_OF_VIEW = "SELECT 1 FROM document WHERE view = ? LIMIT 1"
_encode = msgspec.json.Encoder().encode
_decode_counters = msgspec.json.Decoder(dict[str, int]).decode
_decode_names = msgspec.json.Decoder(list[str]).decode
_NOTHING = b"{}"
_TOGETHER = 8
"""Documents that are written in one step."""


def load(cursor: apsw.Cursor, wanted: Wanted, now: int, cache: RowCache) -> State:
    """The state that the planner needs, from the cache or, in this transaction, from the file."""
    keys: dict[str, Recalled] = {}
    for key in wanted.keys:
        if (recalled := read_key(cursor, key)) is not None:
            keys[key] = recalled
    streams: dict[str, int] = {}
    for stream in wanted.streams:
        streams[stream] = cache.streams.get(stream) or _read_stream_head(cursor, stream)
    documents: dict[Ref, Document] = {}
    for ref in wanted.documents:
        is_known = ref in cache.documents
        document = cache.documents[ref] if is_known else read_document(cursor, ref)
        if document is not None:
            documents[ref] = document
    positions = cache.positions or (read_head(cursor),)
    return State(now, positions, keys, streams, documents)


def _read_stream_head(cursor: apsw.Cursor, stream: str) -> int:
    """The version of a stream; 0 if it has no event."""
    version: int | None = cursor.execute(_READ_STREAM_HEAD, (stream,)).get
    return version or 0


def saving(cursor: apsw.Cursor, changes: Changes, state: State) -> Steps[None]:
    """Write the changes of a group of commits, in steps."""
    if changes.events:
        cursor.executemany(_SAVE_EVENT, map(msgspec.structs.astuple, changes.events))
    for key, recalled in changes.keys.items():
        cursor.execute(_SAVE_KEY, (key, recalled.fingerprint, recalled.answer, recalled.at))
    changed = list(changes.documents.items()) if changes.documents else []
    for start in range(0, len(changed), _TOGETHER):
        _save_documents(cursor, changed[start : start + _TOGETHER], state.documents)
        yield
    if changes.keys:
        _forget_keys(cursor, 2 * len(changes.keys), state.now)


def _forget_keys(cursor: apsw.Cursor, most: int, now: int) -> None:
    """Delete up to `most` of the keys that have expired. Keys are numbered in the order of time."""
    oldest: int | None = cursor.execute(_OLDEST_KEY).get
    if oldest is not None and oldest <= now - KEY_LIFETIME:
        cursor.execute(_FORGET_KEYS, (most, now - KEY_LIFETIME))


def _save_documents(
    cursor: apsw.Cursor,
    changed: Sequence[tuple[Ref, Document | None]],
    present: Mapping[Ref, Document],
) -> None:
    new: list[tuple[Any, ...]] = []
    known: list[tuple[Any, ...]] = []
    for ref, after in changed:
        before = present.get(ref)
        if after is None:
            cursor.execute(_DELETE_DOCUMENT, ref)
        else:
            keys, counters = _pack(after.index_keys), _pack(after.counters)
            row = (*ref, after.stream, after.version, after.counted, after.body, keys, counters)
            (new if before is None else known).append(row)
        update_rows(cursor, ref, _index_keys(before), _index_keys(after))
    if new:
        cursor.executemany(_INSERT_DOCUMENT, new)
    if known:
        cursor.executemany(_UPDATE_DOCUMENT, known)


def _index_keys(document: Document | None) -> Mapping[str, IndexKey]:
    return {} if document is None else document.index_keys


def _pack(mapping: Mapping[str, object]) -> bytes:
    return _encode(mapping) if mapping else _NOTHING


def _document(row: tuple[Any, ...]) -> Document:
    """The document of a row with the columns `_DOCUMENT`, whose types the driver does not tell."""
    view, id, stream, version, counted, body, index_keys, counters = row
    keys = {} if index_keys == _NOTHING else decode_keys(index_keys)
    values = {} if counters == _NOTHING else _decode_counters(counters)
    return Document(view, id, stream, version, counted, body, keys, values)


def read_document(cursor: apsw.Cursor, ref: Ref) -> Document | None:
    row = cursor.execute(_READ_DOCUMENT, ref).get
    return None if row is None else _document(row)


def reading_documents(cursor: apsw.Cursor, refs: Sequence[Ref]) -> Steps[list[Document | None]]:
    """The documents of these names, in steps, between which no statement is open."""
    found: list[Document | None] = []
    for ref in refs:
        found.append(read_document(cursor, ref))
        yield
    return found


def read_key(cursor: apsw.Cursor, key: str) -> Recalled | None:
    row = cursor.execute(_READ_KEY, (key,)).get
    return None if row is None else Recalled(*row)


def forget(cursor: apsw.Cursor, text: str) -> None:
    """Delete the keys whose answer holds this text."""
    cursor.execute(_FORGET_ANSWERS, (text,))


def blank(cursor: apsw.Cursor, positions: Sequence[int]) -> None:
    """Empty events, and overwrite with zeros what they held in the pages of the file."""
    cursor.execute("PRAGMA secure_delete = ON").fetchall()
    cursor.executemany(_BLANK_EVENT, [(position,) for position in positions])
    cursor.execute("PRAGMA secure_delete = FAST").fetchall()


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
) -> EventPage:
    """A page of up to `limit` events and `most` bytes."""
    sql = _READ_STREAM_BACKWARDS if backwards else _READ_STREAM
    return _events(cursor, sql, (stream, after, before), limit, most)


def read_feed(cursor: apsw.Cursor, after: int, limit: int, most: int) -> EventPage:
    """A page of up to `limit` events and `most` bytes."""
    return _events(cursor, _READ_FEED, (after,), limit, most)


def _events(
    cursor: apsw.Cursor, sql: str, values: tuple[str | int, ...], limit: int, most: int
) -> EventPage:
    rows = cursor.connection.execute(sql, (*values, limit + 1))
    try:
        return take_page(starmap(Recorded, rows), limit, most, bytes_of_events)
    finally:
        rows.close()


def reading_streams(
    cursor: apsw.Cursor, category: str, after: str, limit: int
) -> Steps[tuple[list[StreamHead], str | None]]:
    """A page of streams by name, and the name after which the next one begins, if there is one.

    In steps, between which no statement is open. Seeks from stream to stream in the index: long
    streams cost no more than short ones.
    """
    found: list[StreamHead] = []
    name = max(after, category + "-")
    while len(found) < limit:
        name = cursor.execute(
            "SELECT stream FROM event WHERE stream > ? AND stream < ? ORDER BY stream LIMIT 1",
            (name, category + "."),  # "." follows "-"
        ).get
        if name is None:
            return found, None
        found.append(StreamHead(name, _read_stream_head(cursor, name)))
        yield
    return found, name


def reading_view(
    cursor: apsw.Cursor, view: str, after: str, limit: int, most: int
) -> Steps[tuple[list[Document], str | None]]:
    """A page of documents by id, and the id after which the next one begins, if there is one.

    In steps, as `reading_index`.
    """
    sql = f"SELECT '', {_DOCUMENT} FROM document WHERE view = ? AND id > ? ORDER BY id LIMIT ?"
    found, is_last = yield from _documents(cursor, sql, (view, after), limit, most)
    return [document for _, document in found], None if is_last else found[-1][1].id


def reading_index(cursor: apsw.Cursor, wanted: IndexRange, most: int) -> Steps[IndexPage]:
    """A page of an index, in steps. Its statement is open meanwhile, so that it is one snapshot."""
    where = ["i.view = ?", "i.name = ?", "i.partition = ?"]
    values = [wanted.view, wanted.index, wanted.partition]
    backwards, beyond = wanted.backwards, wanted.beyond
    # Of two bounds at one end SQLite seeks to either. The later one must be the only one, lest each
    # page go through all rows of the pages before.
    if beyond is not None:
        where.append("(i.sort, i.id) < (?, ?)" if backwards else "(i.sort, i.id) > (?, ?)")
        values.extend(beyond)
    if beyond is None or backwards:
        where.append("i.sort >= ?")
        values.append(wanted.low)
    if wanted.high is not None and not (beyond is not None and backwards):
        where.append("i.sort < ?")
        values.append(wanted.high)
    order = "DESC" if backwards else "ASC"
    columns = ", ".join(f"d.{column}" for column in _DOCUMENT.split(", "))
    sql = (
        f"SELECT i.sort, {columns} FROM index_row i"
        " CROSS JOIN document d ON d.view = i.view AND d.id = i.id"
        f" WHERE {' AND '.join(where)} ORDER BY i.sort {order}, i.id {order} LIMIT ?"
    )
    return IndexPage(*(yield from _documents(cursor, sql, tuple(values), wanted.limit, most)))


def _documents(
    cursor: apsw.Cursor, sql: str, values: tuple[str, ...], limit: int, most: int
) -> Steps[tuple[list[tuple[str, Document]], bool]]:
    """A page of documents, each with the sort key that precedes its columns; whether it is last."""
    with closing(cursor.connection.execute(sql, (*values, limit + 1))) as rows:
        found = ((row[0], _document(row[1:])) for row in rows)
        return (yield from taking_page(found, limit, most, bytes_of_rows))


def read_views(cursor: apsw.Cursor) -> dict[str, RecordedView]:
    """The views that are recorded as complete."""
    sql = "SELECT name, version, indexes FROM view"
    found: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
    return {
        name: RecordedView(name, version, frozenset(_decode_names(indexes)))
        for name, version, indexes in found
    }


def save_views(
    cursor: apsw.Cursor,
    views: Sequence[tuple[RecordedView, RecordedView | None]],
    only_if_empty: bool,
) -> None:
    """Record views, as `Engine.record_views` says."""
    recorded = read_views(cursor)
    for view, before in views:
        is_filled = cursor.execute(_READ_ANY_OF_VIEW, (view.name,)).get is not None
        if recorded.get(view.name) == before and not (only_if_empty and is_filled):
            row = (view.name, view.version, _encode(sorted(view.indexes)))
            cursor.execute("INSERT OR REPLACE INTO view VALUES (?, ?, ?)", row)
