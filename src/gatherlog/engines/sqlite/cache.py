"""What this process knows of the file, for as long as nobody else has committed to it."""

from collections.abc import Mapping
from typing import TypeVar

import apsw

from gatherlog.core.eventstore.planner import Changes
from gatherlog.core.eventstore.store import Document, Ref

__all__ = ["RowCache"]

K = TypeVar("K")
V = TypeVar("V")

MAX_STREAMS = 16_384
MAX_DOCUMENTS = 4_096
MAX_BODY = 4_096
"""Longer bodies, in bytes, are not kept: memory stays bounded."""


class RowCache:
    """Stream heads, the last position and documents, until another connection commits.

    SQLite tells that in two ways, on the writing connection: `Connection.data_version()` costs
    nothing but is fresh only inside a transaction and moves with own commits too; the pragma
    is fresh at any time and moves only with those of others.
    """

    def __init__(self) -> None:
        self._inside = -1
        self._outside = -1
        self.position: int | None = None
        self.streams: dict[str, int] = {}
        self.documents: dict[Ref, Document] = {}

    def confirm_inside(self, connection: apsw.Connection) -> None:
        """Forget everything if others have committed; called inside a transaction."""
        if (version := connection.data_version()) != self._inside:
            self._empty()
            self._inside = version

    def confirm_outside(self, connection: apsw.Connection) -> None:
        """The same between transactions."""
        if (version := connection.execute("PRAGMA data_version").get) != self._outside:
            self._empty()
            self._outside = version

    def clear(self) -> None:
        """Forget everything, and what was last heard: a new connection counts from the start."""
        self._inside = self._outside = -1
        self._empty()

    def _empty(self) -> None:
        self.position = None
        self.streams.clear()
        self.documents.clear()

    def keep(self, document: Document) -> None:
        """Remember a document as it is in the file."""
        if document.body is None or len(document.body) <= MAX_BODY:
            self.documents[document.view, document.id] = document
            _trim(self.documents, MAX_DOCUMENTS)

    def apply(self, changes: Changes, connection: apsw.Connection) -> None:
        """Remember what this connection has just committed."""
        self._inside = connection.data_version()
        self.position = changes.positions[0]
        _renew(self.streams, changes.streams)
        _trim(self.streams, MAX_STREAMS)
        for ref, document in changes.documents.items():
            self.documents.pop(ref, None)
            if document is not None:
                self.keep(document)


def _renew(kept: dict[K, V], news: Mapping[K, V]) -> None:
    """Take over `news`, as the youngest."""
    for key, value in news.items():
        kept.pop(key, None)
        kept[key] = value


def _trim(kept: dict[K, V], most: int) -> None:
    """Let go of the oldest beyond `most`."""
    while len(kept) > most:
        del kept[next(iter(kept))]
