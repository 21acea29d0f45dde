"""What this process was given of the log, and whether a database still has it.

After a fail-over to a replica that lacks the last commits, or after a restore, positions and
versions that were given already are given again, with another content. Whoever connects anew
compares what is there with what was given last.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final

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
_mark_of: Final[Callable[[Recorded], Mark]] = attrgetter("stream", "version", "id")


class GivenEvents:
    """The last events that this process has committed or read from the feed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._marks: dict[int, Mark] = {}
        """What is at which position, as it was given; a few more than MOST."""
        self.head = 0
        """The last position of which it is known that an event is there."""

    def note_page(self, page: Sequence[Recorded]) -> None:
        """Take note of a page of the feed; those far behind the head have passed long ago."""
        if page and page[-1].position >= self.head:
            self._note(page, [event.position for event in page])

    def note_commit(self, events: Sequence[Recorded], positions: Sequence[int]) -> None:
        """Take note of the events of a commit of this process."""
        self._note(events, positions)

    def note_head(self, head: int) -> None:
        """Take note of the position of an event that can be read."""
        self.head = max(self.head, head)

    def _note(self, events: Sequence[Recorded], positions: Sequence[int]) -> None:
        self._marks.update(zip(positions[-MOST:], map(_mark_of, events[-MOST:]), strict=True))
        self.note_head(max(positions))
        if len(self._marks) > 8 * MOST:
            self._marks = self._last()

    def _last(self) -> dict[int, Mark]:
        return dict(list(self._marks.items())[-MOST:])

    async def demand(self, connection: Connection) -> None:
        """Raise NotAStore if the database lacks anything that was given."""
        marks, head = self._last(), self.head
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
