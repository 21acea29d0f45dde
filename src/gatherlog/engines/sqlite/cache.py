"""What this process knows of the file, as long as no other connection has committed to it."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

import apsw

from gatherlog.core.eventstore.planner import Changes
from gatherlog.core.eventstore.store import Document, Ref
from gatherlog.engines.sqlite.writer import Writer

__all__ = ["RowCache"]

K = TypeVar("K")
V = TypeVar("V")

MAX_STREAMS: Final = 16_384
MAX_DOCUMENTS: Final = 4_096
MAX_BODY: Final = 4_096
"""Longer bodies, in bytes, are not kept: memory stays bounded."""
CONFIRMED_SECONDS: Final = 0.001


class RowCache:
    """Stream heads, the last position and documents, until another connection commits.

    SQLite tells that in two ways, on the writing connection. `Connection.data_version()` costs
    nothing, but is fresh only inside a transaction, and changes with own commits too. The pragma
    of that name is fresh at any time and changes only with the commits of others.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._connection: apsw.Connection | None = None
        self._inside = -1
        self._outside = -1
        self._confirmed_until = 0.0
        self.position: int | None = None
        self.streams: dict[str, int] = {}
        self.documents: dict[Ref, Document] = {}
        self.being_written: Collection[Ref] = ()
        """Documents of the transaction that is open. Others may see it before `apply` is called."""

    def read(self, refs: Sequence[Ref]) -> list[Document | None] | None:
        """The documents as last committed, if all are known; None if the file must be read."""
        if not self._writer.is_writing and time.monotonic() > self._confirmed_until:
            connection = self._writer.idle_connection
            if connection is None:
                return None
            self._notice(connection)
            if (version := connection.execute("PRAGMA data_version").get) != self._outside:
                self._empty()
                self._outside = version
            self._confirmed_until = time.monotonic() + CONFIRMED_SECONDS
            asyncio.get_running_loop().call_soon(self.doubt)
        if self.being_written and any(ref in self.being_written for ref in refs):
            return None
        known = self.documents
        found = [known.get(ref) for ref in refs]
        return None if None in found else found

    def doubt(self) -> None:
        """Ask the file again whether it has changed, before the next document is answered.

        It is asked once per turn of the loop, and per millisecond of a long turn, and again after
        every other read, which may have seen more.
        """
        self._confirmed_until = 0.0

    def confirm_inside(self, connection: apsw.Connection) -> None:
        """Forget everything if others have committed; called inside a transaction."""
        self._notice(connection)
        if (version := connection.data_version()) != self._inside:
            self._empty()
            self._inside = version

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
        known = self.documents
        for ref, document in changes.documents.items():
            known.pop(ref, None)
            if document is not None and (not document.body or len(document.body) <= MAX_BODY):
                known[ref] = document
        _trim(known, MAX_DOCUMENTS)

    def _notice(self, connection: apsw.Connection) -> None:
        """Forget everything if this is a new connection, whose versions count from the start."""
        if connection is not self._connection:
            self._connection = connection
            self._inside = self._outside = -1
            self._empty()

    def _empty(self) -> None:
        self.position = None
        self.streams.clear()
        self.documents.clear()


def _renew(kept: dict[K, V], news: Mapping[K, V]) -> None:
    """Take over `news`, as the youngest."""
    for key, value in news.items():
        kept.pop(key, None)
        kept[key] = value


def _trim(kept: dict[K, V], most: int) -> None:
    """Let go of the oldest beyond `most`."""
    while len(kept) > most:
        del kept[next(iter(kept))]
