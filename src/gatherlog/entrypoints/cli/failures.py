"""Errors as a person at the terminal sees them: one line with what to do, and an exit status."""

import errno

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "CommandRefused", "describe"]

FAILED = 1
USAGE = 2
INTERRUPTED = 130

_ADVICE = {
    "busy": "try again in a moment",
    "disk_full": "free some space and run the command again",
}
_ADVICE_OF_SYSTEM = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EACCES: "run it as the owner, or name another place",
    errno.EPERM: "run it as the owner, or name another place",
}


class CommandRefused(Exception):
    """A command cannot do what its arguments ask for; nothing was done.

    It is not in the tree of `core.eventstore.errors`, whose import would make `--help` slow.
    """

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.status = status


def describe(error: Exception) -> tuple[str, int] | None:
    """The line and the exit status for an error; None for an unexpected error."""
    if isinstance(error, CommandRefused):
        return str(error), error.status
    if isinstance(error, OSError):
        return _of_system(error), FAILED
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return f"{error.object!r} is not valid UTF-8", USAGE
    from gatherlog.core.eventstore.errors import GatherlogError, Invalid

    if isinstance(error, Invalid):
        return "; ".join(_flaw(flaw.pointer, flaw.detail) for flaw in error.flaws), USAGE
    if isinstance(error, GatherlogError):
        return _with(str(error), _ADVICE.get(error.code) or _advice_of_cause(error)), FAILED
    return None


def _flaw(pointer: str, detail: str) -> str:
    return f"{pointer.removeprefix('/')}: {detail}" if pointer else detail


def _of_system(error: OSError) -> str:
    if error.errno is None:
        return str(error)
    place = f"{error.filename}: " if error.filename is not None else ""
    reason = (error.strerror or str(error)).lower()
    return _with(place + reason, _ADVICE_OF_SYSTEM.get(error.errno))


def _advice_of_cause(error: Exception) -> str | None:
    """The advice for an error of the operating system that caused this one."""
    number = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
    return None if number is None else _ADVICE_OF_SYSTEM.get(number)


def _with(message: str, advice: str | None) -> str:
    return message if advice is None else f"{message}; {advice}"
