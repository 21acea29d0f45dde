"""What a process remembers of the rows of a store, within bounds.

When that may be used is up to the engine: it has to find out that others have committed, or plan on
what may be old and write on a condition.
"""

from typing import Final, TypeVar

from gatherlog.core.eventstore.planner import Changes
from gatherlog.core.eventstore.store import Document, Heads, Ref

__all__ = ["RowCache"]

K = TypeVar("K")
V = TypeVar("V")

MAX_STREAMS: Final = 16_384
MAX_DOCUMENTS: Final = 4_096
MAX_BODY: Final = 4_096
"""Longer bodies, in bytes, are not cached, so that memory stays bounded."""


class RowCache:
    """Versions of streams, the last positions, and documents."""

    def __init__(self) -> None:
        self.positions: Heads | None = None
        self.streams: dict[str, int] = {}
        self.documents: dict[Ref, Document | None] = {}
        """None is for a document of which it is known that there is none."""

    def keep_absence(self, ref: Ref) -> None:
        """Cache that the store has no such document."""
        self.documents[ref] = None
        _trim(self.documents, MAX_DOCUMENTS)

    def keep(self, document: Document) -> None:
        """Cache a document as it is in the store."""
        if document.body is None or len(document.body) <= MAX_BODY:
            self.documents[document.view, document.id] = document
            _trim(self.documents, MAX_DOCUMENTS)

    def apply(self, changes: Changes) -> None:
        """Cache what this process has just committed, as the youngest."""
        self.positions = tuple(changes.positions)
        for stream, version in changes.streams.items():
            self.streams.pop(stream, None)
            self.streams[stream] = version
        _trim(self.streams, MAX_STREAMS)
        if not changes.documents:
            return
        documents = self.documents
        for ref, document in changes.documents.items():
            documents.pop(ref, None)
            if document is None or document.body is None or len(document.body) <= MAX_BODY:
                documents[ref] = document
        _trim(documents, MAX_DOCUMENTS)

    def empty(self) -> None:
        """Forget everything."""
        self.positions = None
        self.streams.clear()
        self.documents.clear()


def _trim(cached: dict[K, V], most: int) -> None:
    """Drop the oldest values until `most` are left."""
    while len(cached) > most:
        del cached[next(iter(cached))]
