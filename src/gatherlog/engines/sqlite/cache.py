"""A cache of what is in the file, which holds until another connection commits."""

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
"""Longer bodies, in bytes, are not cached, so that memory stays bounded."""


class RowCache:
    """Stream heads, the last position and documents, until another connection commits.

    The writing connection finds out about other commits in two ways. `Connection.data_version()`
    costs nothing, but is up to date only inside a transaction, and changes with own commits too.
    The pragma `data_version` is always up to date, and changes only with the commits of others.
    """

    def __init__(self) -> None:
        self._inside = -1
        self._outside = -1
        self.position: int | None = None
        self.streams: dict[str, int] = {}
        self.documents: dict[Ref, Document] = {}

    def confirm_inside(self, connection: apsw.Connection) -> None:
        """Empty the cache if others have committed; to be called inside a transaction."""
        if (version := connection.data_version()) != self._inside:
            self._empty()
            self._inside = version

    def confirm_outside(self, connection: apsw.Connection) -> None:
        """The same, to be called between transactions."""
        if (version := connection.execute("PRAGMA data_version").get) != self._outside:
            self._empty()
            self._outside = version

    def clear(self) -> None:
        """Empty the cache, and forget both data versions: those of a new connection differ."""
        self._inside = self._outside = -1
        self._empty()

    def _empty(self) -> None:
        self.position = None
        self.streams.clear()
        self.documents.clear()

    def keep(self, document: Document) -> None:
        """Cache a document as it is in the file."""
        if document.body is None or len(document.body) <= MAX_BODY:
            self.documents[document.view, document.id] = document
            _trim(self.documents, MAX_DOCUMENTS)

    def apply(self, changes: Changes, connection: apsw.Connection) -> None:
        """Cache what this connection has just committed."""
        self._inside = connection.data_version()
        self.position = changes.positions[0]
        _update(self.streams, changes.streams)
        _trim(self.streams, MAX_STREAMS)
        for ref, document in changes.documents.items():
            self.documents.pop(ref, None)
            if document is not None:
                self.keep(document)


def _update(cached: dict[K, V], changed: Mapping[K, V]) -> None:
    """Replace the changed values, which become the youngest."""
    for key, value in changed.items():
        cached.pop(key, None)
        cached[key] = value


def _trim(cached: dict[K, V], most: int) -> None:
    """Drop the oldest values until `most` are left."""
    while len(cached) > most:
        del cached[next(iter(cached))]
