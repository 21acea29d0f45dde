"""Which views are recorded as complete."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.engine import RecordedView
from gatherlog.engines.postgres.connections import Connection
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres.rows import READ_VIEWS
from gatherlog.engines.postgres_address import Place

__all__ = ["read_views", "save_views"]

# Nobody makes a document meanwhile, so that a view that has none is empty until it is recorded.
_LOCK: Final = "LOCK TABLE gatherlog.document IN SHARE ROW EXCLUSIVE MODE"
_READ_ANY: Final = "SELECT EXISTS (SELECT FROM gatherlog.document WHERE view = $1)"
_SAVE: Final = (
    "INSERT INTO gatherlog.view (name, version, indexes) VALUES ($1, $2, $3) ON CONFLICT (name)"
    " DO UPDATE SET version = excluded.version, indexes = excluded.indexes"
)
_decode_names: Final = msgspec.json.Decoder(list[str]).decode


def read_views(found: Iterable[Any]) -> dict[str, RecordedView]:
    """The views in rows of `READ_VIEWS`, by name."""
    return {
        name: RecordedView(name, version, frozenset(_decode_names(indexes)))
        for name, version, indexes in found
    }


async def save_views(
    connection: Connection,
    place: Place,
    views: Sequence[tuple[RecordedView, RecordedView | None]],
    only_if_empty: bool,
) -> None:
    """Record views in the open transaction, as `Engine.record_views` says."""
    await connection.execute(script(_LOCK, place))
    recorded = read_views(await connection.fetch(script(READ_VIEWS, place)))
    for view, before in views:
        is_filled = only_if_empty and await connection.fetchval(script(_READ_ANY, place), view.name)
        if recorded.get(view.name) == before and not is_filled:
            indexes = msgspec.json.encode(sorted(view.indexes))
            await connection.execute(script(_SAVE, place), view.name, view.version, indexes)
