"""What this process was given of the log, and whether a database still has it.

After a fail-over to a replica that lacks the last commits, or after a restore, positions and
versions that were given already are given again, with another content. Whoever connects anew
compares what is there with what was given last.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.errors import Busy, NotAStore
from gatherlog.core.eventstore.events import Recorded
from gatherlog.engines.postgres.connections import READ_SECONDS, Connection
from gatherlog.engines.postgres.failures import DRIVER_ERRORS, translate
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import Place

__all__ = ["GivenEvents"]

MOST: Final = 64
"""Of how many events it is remembered what they are. Commits that a database has lost are the last
ones, in the order in which they ended, which is nearly that of their positions."""
_READ: Final = (
    "SELECT position, stream, version, id FROM gatherlog.event WHERE position = ANY ($1::bigint[])"
)

Mark = tuple[str, int, str]
"""Stream, version and id of an event."""


class GivenEvents:
    """The last events that this process has committed or read from the feed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._marks: dict[int, Mark] = {}
        self.head = 0
        """The last position of which it is known that an event is there."""

    def note_page(self, page: Sequence[Recorded]) -> None:
        """Take note of a page of the feed; those far behind the head have passed long ago."""
        if page and page[-1].position >= self.head:
            self._note(
                (event.position, (event.stream, event.version, event.id)) for event in page[-MOST:]
            )

    def note_commit(self, events: Sequence[Any], positions: Sequence[int]) -> None:
        """Take note of the events of a commit of this process."""
        self._note(
            (position, (event.stream, event.version, event.id))
            for event, position in zip(events[-MOST:], positions[-MOST:], strict=True)
        )

    def note_head(self, head: int) -> None:
        """Take note of the position of an event that can be read."""
        self.head = max(self.head, head)

    def _note(self, events: Iterable[tuple[int, Mark]]) -> None:
        for position, mark in events:
            self._marks[position] = mark
            self.note_head(position)
        while len(self._marks) > MOST:
            del self._marks[next(iter(self._marks))]

    async def demand(self, connection: Connection) -> None:
        """Raise NotAStore if the database lacks anything that was given."""
        marks, head = dict(self._marks), self.head
        if not head:
            return
        asked = [*marks, head]
        try:
            rows = await connection.fetch(script(_READ, self._place), asked, timeout=READ_SECONDS)
        except DRIVER_ERRORS as error:
            if isinstance(translate(error), Busy):
                raise
            return  # the tables are not what they were, as whoever uses them is told
        there: Mapping[int, Mark] = {row[0]: (row[1], row[2], row[3]) for row in rows}
        for position in sorted(asked):
            if position not in there or there[position] != marks.get(position, there[position]):
                raise NotAStore(self._refusal(position, position in there))

    def _refusal(self, position: int, is_other: bool) -> str:
        what = "is another one" if is_other else "is not there"
        return (
            f"{self._place.shown} went back: the event at position {position}, which this process"
            f" was given, {what} now. A backup was restored, or a server took over that lacks the"
            " last commits. This process uses the store no more; what to do stands in"
            " docs/engines.md: If the database went back"
        )
