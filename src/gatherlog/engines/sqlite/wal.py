"""The write-ahead log of a file, which is kept short.

SQLite begins the log anew only at a moment when no reader needs it. Where readers come and go all
the time there may be no such moment by chance, and the log would grow without end. So it is
emptied once it has MOST_BYTES: for a moment nobody writes, and those who read are waited for.
"""

import asyncio
import os
import time
from contextlib import suppress
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import StoreError
from gatherlog.engines.sqlite.file import WAL_KEPT_BYTES
from gatherlog.engines.sqlite.upkeep import in_turn
from gatherlog.engines.sqlite.watch import LOG

__all__ = ["MOST_BYTES", "WalLimit"]

MOST_BYTES: Final = 3 * WAL_KEPT_BYTES
READERS_SECONDS: Final = 0.5
"""How long readers are waited for, while all who write wait as well."""
PAUSE_SECONDS: Final = 10.0
"""How long the log is left alone after a reader took longer than that."""


class WalLimit:
    """Empties the log of one file between two commits, whenever it has become too long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._not_before = 0.0

    async def empty(self) -> None:
        """Empty the log if it has more than MOST_BYTES.

        Where that fails, the log stays as it is for PAUSE_SECONDS: commits tell what is wrong.
        """
        if time.monotonic() < self._not_before:
            return
        is_empty = False
        with suppress(apsw.Error, OSError, StoreError):
            is_empty = await asyncio.to_thread(_empty, self._path)
        if not is_empty:
            self._not_before = time.monotonic() + PAUSE_SECONDS


def _empty(path: str) -> bool:
    """Move what is in the log into the file and begin the log anew; it blocks the thread.

    Returns False if a reader kept it from that. Raises Busy if another process keeps the file.
    """
    with in_turn(path, READERS_SECONDS) as connection:
        if os.stat(path + LOG).st_size <= MOST_BYTES:
            return True  # another process was faster
        connection.set_busy_timeout(int(READERS_SECONDS * 1000))
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
    return True
