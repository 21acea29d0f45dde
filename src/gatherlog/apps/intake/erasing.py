"""What there is of an entity in records: this app's part in erasing."""

from gatherlog.apps.intake.fold import record_logs
from gatherlog.core.eventstore.store import Store
from gatherlog.core.retention import Kind, Traces

__all__ = ["RecordErasing"]


class RecordErasing:
    """An `ErasingPart`: the streams of an entity in all logs that records were taken into.

    These logs are known at once, also where the log shows only later what was committed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if kind != "entity":
            return None
        streams = [f"{log.name}-{id}" for log in await record_logs(self._store)]
        there = [one for one in streams if await self._store.read_stream(one, limit=1)]
        return Traces(streams=tuple(there)) if there else None

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        """There is nothing to remove: `BlankRecords` brings the documents up to date."""
