"""The SQL of reading, and rows as the documents and events that they hold.

Pages end on the server where they have bytes enough, so that no page is larger than it may be.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.store import Document, IndexKey, Recalled, Ref

__all__ = [
    "BLANK",
    "FEED",
    "FORGET",
    "GET",
    "HEAD",
    "LOAD",
    "POSITIONS",
    "READ_KEY",
    "READ_VIEWS",
    "SIZE",
    "STREAM",
    "STREAMS",
    "STREAM_BACKWARDS",
    "VIEW",
    "Loaded",
    "document_of",
    "index_query",
]

_EVENT: Final = "position, stream, version, id, type, time, recorded, data, schema, subject, meta"
_DOCUMENT: Final = (
    "d.view, d.id, d.stream, d.version, d.body, d.index_keys, t.counted, t.counters::text"
)
_WITH_TALLY: Final = (  # each looked up by itself, whatever the planner knows of the tables
    "LEFT JOIN LATERAL (SELECT counted, counters FROM gatherlog.tally"
    " WHERE view = d.view AND id = d.id OFFSET 0) AS t ON true"
)
_EVENT_BYTES: Final = "octet_length(data) + octet_length(meta)"


def _cut(rows: str, size: str, order: str) -> str:
    """The first of some rows, up to the one with which they have $1 bytes."""
    return (
        f"SELECT * FROM (SELECT *, sum({size}) OVER (ORDER BY {order}) - ({size}) AS before"
        f" FROM ({rows}) AS rows) AS summed WHERE before < $1 ORDER BY {order}"
    )


def _events(where: str, order: str) -> str:
    rows = f"SELECT {_EVENT} FROM gatherlog.event WHERE {where} ORDER BY {order} LIMIT $2"
    return _cut(rows, _EVENT_BYTES, order).replace("SELECT *", f"SELECT 0, {_EVENT}", 1)


HEAD: Final = "SELECT head, horizon FROM gatherlog.head()"
FEED: Final = _events("position > $3 AND position <= $4", "position")
STREAM: Final = _events("stream = $3 AND version > $4 AND version < $5", "version")
STREAM_BACKWARDS: Final = _events("stream = $3 AND version > $4 AND version < $5", "version DESC")
STREAMS: Final = (
    "SELECT name, version FROM gatherlog.stream WHERE name > $1 AND name < $2"
    " ORDER BY name LIMIT $3"
)
GET: Final = (
    f"SELECT {_DOCUMENT} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (view, id, place)"
    f" LEFT JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id {_WITH_TALLY}"
    " ORDER BY w.place"
)
VIEW: Final = _cut(
    f"SELECT {_DOCUMENT} FROM gatherlog.document d {_WITH_TALLY}"
    " WHERE d.view = $3 AND d.id > $4 ORDER BY d.id LIMIT $2",
    "coalesce(octet_length(body), 0)",
    "id",
)
READ_KEY: Final = "SELECT fingerprint, answer, at FROM gatherlog.idempotency WHERE key = $1"
READ_VIEWS: Final = "SELECT name, version, indexes FROM gatherlog.view"
POSITIONS: Final = (
    "SELECT e.position FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS w (stream, version,"
    " place) JOIN gatherlog.event e ON e.stream = w.stream AND e.version = w.version"
    " ORDER BY w.place"
)
SIZE: Final = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'"
)
_DURABLY: Final = (  # on disk at the end of the statement, whatever role or database are set to
    "(SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')"
    " THEN set_config('synchronous_commit', 'on', true) END OFFSET 0) AS durably"
)
BLANK: Final = (
    f"UPDATE gatherlog.event SET data = '', meta = '' FROM {_DURABLY}"
    " WHERE position = ANY ($1::bigint[]) AND (data <> '' OR meta <> '')"
)
FORGET: Final = (
    f"DELETE FROM gatherlog.idempotency USING {_DURABLY} WHERE position($1::bytea IN answer) > 0"
)
LOAD: Final = "SELECT * FROM gatherlog.load($1, $2, $3, $4, $5)"

_decode_keys: Final = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode
_decode_counters: Final = msgspec.json.Decoder(dict[str, int]).decode
_NOTHING: Final = b"{}"


def index_query(wanted: IndexRange, most: int) -> tuple[str, list[Any]]:
    """The query for a page of an index and one row more, and its values."""
    values: list[Any] = [most, wanted.limit + 1, wanted.view, wanted.index, wanted.partition]
    where = ["i.view = $3", "i.name = $4", "i.partition = $5"]

    def demand(condition: str, *of: str) -> None:
        numbers = [f"${len(values) + n}" for n in range(1, 1 + len(of))]
        values.extend(of)
        where.append(condition.format(*numbers))

    backwards, beyond = wanted.backwards, wanted.beyond
    if beyond is not None:
        demand(f"(i.sort, i.id) {'<' if backwards else '>'} ({{}}, {{}})", *beyond)
    if beyond is None or backwards:
        demand("i.sort >= {}", wanted.low)
    if wanted.high is not None and not (beyond is not None and backwards):
        demand("i.sort < {}", wanted.high)
    direction = " DESC" if backwards else ""
    rows = (
        f"SELECT i.sort, {_DOCUMENT} FROM gatherlog.index_row i"
        f" JOIN gatherlog.document d ON d.view = i.view AND d.id = i.id {_WITH_TALLY}"
        f" WHERE {' AND '.join(where)} ORDER BY i.sort{direction}, i.id{direction} LIMIT $2"
    )
    order = f"sort{direction}, id{direction}"
    return _cut(rows, "coalesce(octet_length(body), 0)", order), values


def document_of(row: Sequence[Any]) -> Document | None:
    """The document of a row with the columns `_DOCUMENT`; None if there is none."""
    view, id, stream, version, body, index_keys, counted, counters = row
    if view is None:
        return None
    keys: dict[str, IndexKey] = {} if index_keys == _NOTHING else _decode_keys(index_keys)
    values = {} if counters is None else _decode_counters(counters)
    return Document(view, id, stream, version, counted or 0, body, keys, values)


class Loaded:
    """The rows that `load` gives, sorted by kind."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.keys: dict[str, Recalled] = {}
        self.streams: dict[str, int] = {}
        self.documents: dict[Ref, Document] = {}
        tallies: dict[Ref, tuple[int, str]] = {}
        bodies: dict[Ref, tuple[Any, ...]] = {}
        for kind, name, view, number, owner, one, other, counters in rows:
            if kind == "k":
                self.keys[name] = Recalled(one, other, number)
            elif kind == "s":
                self.streams[name] = number
            elif kind == "d":
                bodies[view, name] = (owner, number, one, other)
            else:
                tallies[view, name] = (number, counters)
        for ref, body in bodies.items():
            found = document_of((*ref, *body, *tallies.get(ref, (None, None))))
            if found is not None:
                self.documents[ref] = found
