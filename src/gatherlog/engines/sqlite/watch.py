"""Notices when a file of an open store was removed or replaced under its name.

SQLite goes on with the files that it has open, even if they have no name any more. What it commits
to them is gone when the process ends, so nothing of it may be acknowledged.
"""

import os
import time
from typing import Final

from gatherlog.core.eventstore.errors import StoreFailed

__all__ = ["LOG", "FileWatch"]

LOG: Final = "-wal"
INDEX: Final = "-shm"
"""Of the log; SQLite's locks are on it."""
GLANCE_SECONDS: Final = 0.1
_TICK_NANOSECONDS: Final = 50_000_000
"""More than one tick of the clock by which the kernel dates changes of a folder."""
_ADVICE: Final = "put it back, or stop all processes that use the store"


class FileWatch:
    """The files of a store as they were when it was opened, by device and inode.

    It is made while a connection is open, which keeps all of them in place. As long as one of the
    names leads to another file, or to none, every check raises StoreFailed. A store that cannot be
    written to may have no file but the first.
    """

    def __init__(self, path: str) -> None:
        others = [name for name in (path + LOG, path + INDEX) if os.path.exists(name)]
        self._names = (path, *others)
        found = [os.stat(name) for name in self._names]
        self._known = [(one.st_dev, one.st_ino) for one in found]
        self._folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
        self._changed = 0
        """When a name in the folder last changed, as of the last check; 0 if that is too fresh."""
        self._trusted_until = 0.0
        self.file_bytes = self.wal_bytes = 0
        """The sizes of the file and of its write-ahead log, as of the last check."""

    def check(self) -> None:
        """Look at the files now; raises StoreFailed if one was removed or replaced."""
        self._changed, self._trusted_until = 0, 0.0
        changed = os.fstat(self._folder).st_mtime_ns
        try:
            found = [os.stat(name) for name in self._names]
        except FileNotFoundError as error:
            raise _failed(error.filename, "removed") from None
        for name, known, one in zip(self._names, self._known, found, strict=True):
            if (one.st_dev, one.st_ino) != known:
                raise _failed(name, "replaced")
        self.file_bytes = found[0].st_size
        self.wal_bytes = found[1].st_size if len(found) > 1 else 0
        self._changed = changed if time.time_ns() - changed > _TICK_NANOSECONDS else 0
        self._trusted_until = time.monotonic() + GLANCE_SECONDS

    def confirm(self) -> None:
        """As `check`, but at the cost of one look at the folder if no name in it has changed."""
        if os.fstat(self._folder).st_mtime_ns != self._changed:
            self.check()

    def glance(self) -> None:
        """As `check`, unless the last one found all well and is at most GLANCE_SECONDS ago."""
        if time.monotonic() > self._trusted_until:
            self.check()

    def close(self) -> None:
        """Let go of the folder; closing twice does nothing."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def _failed(name: str, what: str) -> StoreFailed:
    return StoreFailed(f"{name} was {what} while the store was in use: {_ADVICE}")
