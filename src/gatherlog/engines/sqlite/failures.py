"""The driver's errors, translated in one place."""

import apsw

from gatherlog.core.eventstore.errors import Busy, DiskFull, NotAStore, StoreError, StoreFailed

__all__ = ["translate", "translated"]


def translate(error: Exception) -> StoreError:
    """The error of the store contract for an error of the driver or of the operating system."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, apsw.FullError) or getattr(error, "errno", None) in (28, 122):
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


class _Translated:
    """A context manager without state, so that one object serves all callers."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and isinstance(error, apsw.Error | OSError):
            raise translate(error) from error


translated = _Translated()
"""`with translated:` raises an error of the driver or of the system as `translate` returns it."""
