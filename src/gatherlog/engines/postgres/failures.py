"""The driver's errors, translated in one place."""

from typing import Final

import asyncpg

from gatherlog.core.eventstore.errors import Busy, DiskFull, NotAStore, StoreError, StoreFailed

__all__ = ["DRIVER_ERRORS", "is_collision", "is_given_up", "is_lost", "told", "translate"]

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection ends at this moment
    OSError,
    TimeoutError,
)
"""Errors of the driver or of the operating system, which are raised as `translate` returns them."""

_COLLISIONS: Final = frozenset(
    {
        "23505",  # a row has come into being in the last moment
        "40P01",  # deadlock
        "40001",  # serialization failure
        "55P03",  # lock_timeout
        "57014",  # statement_timeout, or somebody has cancelled the statement
        "22003",  # a counter that others have moved meanwhile would not fit any more
        "53200",  # no room for more locks
    }
)
"""After these the transaction was rolled back, and another try makes sense."""
_NOT_NOW: Final = ("08", "53", "55", "57", "25006", "40")
"""Beginnings of the states of a server that cannot do it now, but may be able to do it later."""
_MISSING: Final = frozenset({"3F000", "42P01", "42883", "42703", "42704"})


def is_lost(error: Exception) -> bool:
    """Whether the connection is gone, so that nobody knows what became of the statement."""
    if isinstance(error, asyncpg.PostgresError):
        severity = getattr(error, "severity_en", None) or getattr(error, "severity", "")
        return severity in ("FATAL", "PANIC") or (error.sqlstate or "").startswith("08")
    return not isinstance(error, asyncpg.DataError)


def is_given_up(error: Exception) -> bool:
    """Whether the row that counts the writes of this connection is gone, or further than it knows:
    it was taken to be lost. Nothing was written; another connection has a row of its own."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == "GL002"


def is_collision(error: Exception) -> bool:
    """Whether nothing was written because somebody else was in the way."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _COLLISIONS


def told(error: Exception) -> str:
    """What an error says; its name, if it says nothing."""
    return str(error) or type(error).__name__


def translate(error: Exception) -> StoreError:
    """The error of the store contract for an error of the driver or of the operating system."""
    if isinstance(error, StoreError):
        return error
    if not isinstance(error, asyncpg.PostgresError):
        return Busy(f"the database cannot be reached: {told(error)}")
    state = error.sqlstate or ""
    text = told(error)
    if state == "53100":
        return DiskFull("no room is left on the disk of the database; nothing was written")
    if state in _MISSING:
        return NotAStore(f"the tables of the store are not what they were: {text}")
    if state.startswith(_NOT_NOW):
        return Busy(f"the database cannot do this now: {text}")
    if state == "42501":
        return StoreFailed(
            f"the database does not let this role use the store: {text}; let the owner of the store"
            " name the role again: gatherlog init --for-role"
        )
    return StoreFailed(f"the database failed ({state}): {text}")
