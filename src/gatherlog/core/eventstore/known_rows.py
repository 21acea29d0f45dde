"""What this process knows of the rows of the store, which may be older than what is there."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from gatherlog.core.eventstore.planner import Changes, Wanted
from gatherlog.core.eventstore.row_cache import RowCache
from gatherlog.core.eventstore.store import Document, Ref

__all__ = ["KnownRows"]

MOST_APPLIED: Final = 4_096
"""Of so many documents at least it is known when this process wrote them last."""


class KnownRows(RowCache):
    """Versions of streams and documents, and which documents do not exist.

    Plans rest on them; a write that finds them to be old collides, and they are read anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self._applied: dict[Ref, int] = {}
        self.writes = 0
        """How often `apply_own` was called."""

    def unknown(self, wanted: Wanted) -> tuple[set[str], set[Ref]]:
        """The streams and documents of which nothing is known; in time for what is wanted, however
        much is known."""
        streams, documents = self.streams, self.documents
        return (
            {name for name in wanted.streams if name not in streams},
            {ref for ref in wanted.documents if ref not in documents},
        )

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
        """Take note of the versions of streams that were read.

        What is known of the documents of a stream that others have appended to may be old.
        """
        moved = {name for name, at in found.items() if self.streams.get(name, at) != at}
        self.streams.update(found)
        if moved:
            self.documents = {
                ref: document
                for ref, document in self.documents.items()
                if document is None or document.stream not in moved
            }

    def apply_own(self, changes: Changes) -> None:
        """Take note of what this process has just committed."""
        self.writes += 1
        self.apply(changes)
        self._applied.update(dict.fromkeys(changes.documents, self.writes))
        if len(self._applied) > 2 * MOST_APPLIED:
            youngest = sorted(self._applied.items(), key=itemgetter(1))[-MOST_APPLIED:]
            self._applied = dict(youngest)
