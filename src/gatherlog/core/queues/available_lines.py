"""Which lines have a message that can be received now, and when the next one will."""

from math import inf

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.queues.checks import LONGEST_TIMEOUT, MICROS
from gatherlog.core.queues.documents import LINES, Line, sort_key
from gatherlog.core.queues.queue_store import QueueStore

__all__ = ["AvailableLines", "is_available"]


class AvailableLines:
    """Finds lines by the indexes.

    What it finds may have changed: read the lines before use. Where queries lag, a line may be
    missing for a moment after its message has become available.
    """

    def __init__(self, store: QueueStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def ids(self, queue: str, limit: int) -> list[str]:
        """Ids of lines whose first message is available: `limit`, if there are as many.

        First those whose visibility timeout or delay is over, then those that have none, by the
        age of their first message, then those whose time lies further ahead than may be asked for.
        Such a time was written before the clock was set back, and counts as over.
        """
        now, limit = self._clock(), min(limit, self._store.limits.page)
        over = LINES.query("by_until", queue, until=(sort_key(now + 1),), limit=limit)
        ready = LINES.query("by_ready", queue, limit=limit)
        beyond = LINES.query("by_until", queue, since=(sort_key(_latest(now) + 1),), limit=limit)
        ids: list[str] = []
        for query in (over, ready, beyond):
            async for document in self._store.documents(query):
                ids.append(document.id)
                if len(ids) == limit:
                    return ids
        return ids

    async def seconds_until_next(self, queue: str) -> float:
        """Seconds until the next timeout or delay ends; infinite if there is none."""
        now = self._clock()
        query = LINES.query("by_until", queue, since=(sort_key(now + 1),), limit=1)
        async for line in self._store.bodies(LINES, query):
            if line.visible_at is not None:
                return (line.visible_at - now) / MICROS
        return inf


def is_available(line: Line, now: int) -> bool:
    """Whether the first message of the line can be received."""
    return line.visible_at is None or not now < line.visible_at <= _latest(now)


def _latest(now: int) -> int:
    """When the longest visibility timeout ends that can be asked for now."""
    return now + round(LONGEST_TIMEOUT * MICROS)
