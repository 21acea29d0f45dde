"""The driver's errors, translated in one place."""

from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy, DiskFull, NotAStore, StoreError, StoreFailed

__all__ = ["DRIVER_ERRORS", "translate"]

DRIVER_ERRORS: Final = (apsw.Error, OSError)
"""Errors of the driver or of the operating system, which are raised as `translate` returns them."""
_NO_ROOM_TO_OPEN: Final = (apsw.SQLITE_IOERR_SHMSIZE,)
"""How SQLite says that the disk is full where the file beside the store has to be made anew."""


def translate(error: Exception) -> StoreError:
    """The error of the store contract for an error of the driver or of the operating system."""
    if isinstance(error, StoreError):
        return error
    has_no_room = getattr(error, "extendedresult", 0) in _NO_ROOM_TO_OPEN
    if has_no_room or isinstance(error, apsw.FullError) or getattr(error, "errno", 0) in (28, 122):
        return DiskFull("no room is left on the disk of the store; nothing was written")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Busy("the store is locked by another process")
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return NotAStore(f"the store's file is damaged: {error}")
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError):
        return StoreFailed(f"the store's file cannot be written: {error}")
    if isinstance(error, OSError):
        return StoreFailed(f"{error.filename or 'the store'}: {error.strerror or error}")
    return StoreFailed(f"the store failed: {type(error).__name__}: {error}")
