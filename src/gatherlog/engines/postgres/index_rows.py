"""The rows of indexes compared with their documents, and written again from them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.engines.postgres.connections import Connection
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import Place

__all__ = ["read_misindexed", "rewrite_rows"]

Fetch = Callable[..., Awaitable[list[Any]]]
Row = tuple[str, str, str]
"""Name of the index, partition key and sort key, as stored."""

CHUNK: Final = 2_000
"""How many documents are compared by one query."""
# One statement, so that both tables are read as of one moment.
_READ_IDS: Final = (
    "SELECT id FROM (SELECT id FROM gatherlog.document WHERE view = $1 AND id > $2"
    " UNION SELECT id FROM gatherlog.index_row WHERE view = $1 AND id > $2) AS ids"
    " ORDER BY id LIMIT $3"
)
_READ_BOTH: Final = (
    "SELECT id, index_keys, NULL, NULL, NULL FROM gatherlog.document"
    " WHERE view = $1 AND id > $2 AND id <= $3"
    " UNION ALL SELECT id, NULL, name, partition, sort FROM gatherlog.index_row"
    " WHERE view = $1 AND id > $2 AND id <= $3 ORDER BY 1"
)
_LOCK: Final = (
    "SELECT id, index_keys FROM gatherlog.document WHERE view = $1 AND id = ANY ($2)"
    " ORDER BY id FOR UPDATE"
)
_UNLIST: Final = "DELETE FROM gatherlog.index_row WHERE view = $1 AND id = ANY ($2)"
_LIST: Final = "INSERT INTO gatherlog.index_row VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
_decode_keys: Final = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode


async def read_misindexed(fetch: Fetch, view: str, after: str, limit: int) -> list[str]:
    """Ids, in order, whose rows do not agree with their document. Reads all rows of the view."""
    found: list[str] = []
    while len(found) < limit:
        ids = [row[0] for row in await fetch(_READ_IDS, view, after, CHUNK)]
        if not ids:
            break
        both = await fetch(_READ_BOTH, view, after, ids[-1])
        found += [id for id, some in groupby(both, key=itemgetter(0)) if not _agree(some)]
        after = ids[-1]
    return found[:limit]


def _agree(found: Iterable[Any]) -> bool:
    wanted: set[Row] = set()
    listed: set[Row] = set()
    for _, index_keys, *row in found:
        if index_keys is None:
            listed.add((row[0], row[1], row[2]))
        else:
            wanted.update(_rows(index_keys))
    return wanted == listed


async def rewrite_rows(connection: Connection, place: Place, view: str, ids: Sequence[str]) -> None:
    """Write all rows of these ids again from their documents; delete those without a document."""
    documents = await connection.fetch(script(_LOCK, place), view, list(ids))
    await connection.execute(script(_UNLIST, place), view, list(ids))
    rows = [(view, *row, id) for id, index_keys in documents for row in _rows(index_keys)]
    if rows:
        await connection.executemany(script(_LIST, place), rows)


def _rows(index_keys: bytes) -> Iterator[Row]:
    for index, key in _decode_keys(index_keys).items():
        yield (index, *split_key(key))
