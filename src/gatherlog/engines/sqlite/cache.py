"""A cache of what is in the file, which holds until another connection commits."""

import asyncio
import time
from collections.abc import Sequence, Set
from typing import Final

import apsw

from gatherlog.core.eventstore.planner import Changes
from gatherlog.core.eventstore.row_cache import RowCache
from gatherlog.core.eventstore.store import Document, Ref
from gatherlog.engines.sqlite.writer import Writer

__all__ = ["FileCache"]

CONFIRMED_SECONDS: Final = 0.001
"""How long cached documents are given without checking again whether others have committed."""


class FileCache(RowCache):
    """Versions of streams, the last position and documents, until another connection commits.

    The writing connection finds out about other commits in two ways. `Connection.data_version()`
    costs nothing, but is up to date only inside a transaction, and changes with own commits too.
    The pragma `data_version` is always up to date, and changes only with the commits of others.
    """

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer
        self._cursor: apsw.Cursor | None = None
        self._inside = -1
        self._outside = -1
        self._confirmed_until = 0.0
        self.being_written: Set[Ref] = frozenset()
        """Documents of the transaction that is open. Others may see it before `apply_own`."""

    def read(self, refs: Sequence[Ref]) -> list[Document | None] | None:
        """The documents as last committed, if all are cached; None if the file must be read."""
        if not self._is_confirmed():
            return None
        if self.being_written and not self.being_written.isdisjoint(refs):
            return None
        documents = self.documents
        try:
            return [documents[ref] for ref in refs]
        except KeyError:
            return None

    def read_some(self, refs: Sequence[Ref]) -> dict[Ref, Document | None]:
        """Those of the documents that are cached, as last committed."""
        if not self._is_confirmed():
            return {}
        known, written = self.documents, self.being_written
        return {ref: known[ref] for ref in refs if ref in known and ref not in written}

    def _is_confirmed(self) -> bool:
        """Whether what is cached is what was last committed; if it cannot be told, it is not."""
        if self._writer.is_writing or time.monotonic() <= self._confirmed_until:
            return True
        cursor = self._writer.idle_cursor
        if cursor is None:
            return False
        self._recognise(cursor)
        if (version := cursor.execute("PRAGMA data_version").get) != self._outside:
            self.empty()
            self._outside = version
        self._confirmed_until = time.monotonic() + CONFIRMED_SECONDS
        asyncio.get_running_loop().call_soon(self.expire_confirmation)
        return True

    def expire_confirmation(self) -> None:
        """Before the next cached document is given, check again whether others have committed.

        That is checked once per turn of the loop, and once per millisecond of a long turn: all
        that a caller can know of other processes' commits is from before this turn. It is also
        checked after every read of the file, since that may have seen newer commits.
        """
        self._confirmed_until = 0.0

    def confirm_inside(self, cursor: apsw.Cursor) -> None:
        """Empty the cache if others have committed; to be called inside a transaction."""
        self._recognise(cursor)
        if (version := cursor.connection.data_version()) != self._inside:
            self.empty()
            self._inside = version

    def keep_all(self, cursor: apsw.Cursor) -> None:
        """The writer has just committed what changes nothing that is cached."""
        self._inside = cursor.connection.data_version()

    def apply_own(self, changes: Changes, cursor: apsw.Cursor) -> None:
        """Cache what the writer has just committed."""
        self._inside = cursor.connection.data_version()
        self.apply(changes)

    def _recognise(self, cursor: apsw.Cursor) -> None:
        """Empty the cache if the connection is new: its data versions are not those of the last."""
        if cursor is not self._cursor:
            self._cursor = cursor
            self._inside = self._outside = -1
            self.empty()
