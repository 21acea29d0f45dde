"""Overwrites what was deleted and blanked, but may still stand in the file or in its log.

The pages of events are overwritten when an event is blanked (`rows.blank`); the log only grows at
its end, so that no other page holds it. Pages of documents and of their index rows are divided and
joined as these come and go, and SQLite leaves copies behind. Only a new file has none of them. The
write-ahead log has earlier states of all pages until it is begun anew.
"""

import time
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines.sqlite.upkeep import in_turn
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["overwrite_freed"]

READERS_SECONDS: Final = 10.0
"""How long readers of older states are waited for, in all."""
_PART_SECONDS: Final = 0.2
"""How long they are waited for while nobody may write."""


def overwrite_freed(path: str, *, documents: bool) -> None:
    """As `KeepsFreedSpace.overwrite_freed`; it blocks the thread."""
    if documents:
        with in_turn(path, LOCK_SECONDS) as connection:
            connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
            connection.execute("VACUUM")
    deadline = time.monotonic() + READERS_SECONDS
    while not _cut_off_log(path):
        if time.monotonic() > deadline:
            raise Busy(
                f"for {READERS_SECONDS:g} s others have read the store without a break, so that its"
                " write-ahead log still holds what was deleted: try again"
            )
        time.sleep(_PART_SECONDS)


def _cut_off_log(path: str) -> bool:
    """Move what is in the log into the file and cut the log off, if no reader prevents that."""
    with in_turn(path, LOCK_SECONDS) as connection:
        connection.set_busy_timeout(int(_PART_SECONDS * 1000))
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
    return True
