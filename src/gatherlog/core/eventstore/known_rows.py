"""What this process knows of the rows of the store, which may be older than what is there."""

from collections.abc import Mapping
from typing import Final

from gatherlog.core.eventstore.planner import Changes
from gatherlog.core.eventstore.row_cache import RowCache
from gatherlog.core.eventstore.store import Document, Ref

__all__ = ["KnownRows"]

MOST_APPLIED: Final = 4_096


class KnownRows(RowCache):
    """Versions of streams and documents, and which documents do not exist.

    Plans rest on them; a write that finds them to be old collides, and they are read anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self._applied: dict[Ref, int] = {}
        self.writes = 0
        """How often `apply_own` was called."""

    def note(self, found: Mapping[Ref, Document | None], since: int) -> None:
        """Take note of documents that were read; own writes after the number `since` are newer."""
        for ref, document in found.items():
            if self._applied.get(ref, 0) > since:
                continue
            self.documents.pop(ref, None)
            if document is None:
                self.keep_absence(ref)
            else:
                self.keep(document)

    def note_streams(self, found: Mapping[str, int]) -> None:
        """Take note of the versions of streams that were read."""
        self.streams.update(found)

    def apply_own(self, changes: Changes) -> None:
        """Take note of what this process has just committed."""
        self.writes += 1
        self.apply(changes)
        for ref in changes.documents:
            self._applied.pop(ref, None)
            self._applied[ref] = self.writes
        while len(self._applied) > MOST_APPLIED:
            del self._applied[next(iter(self._applied))]
