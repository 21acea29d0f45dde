"""Errors as a person at the terminal sees them: one line with what to do, and an exit status."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "CommandRefused", "describe", "flaws_named"]

FAILED = 1
USAGE = 2
INTERRUPTED = 130

_VARIABLES = {
    f"/{name}": f"GATHERLOG_{name.upper()}"
    for name in (
        *("rate_limits", "quotas", "trusted_proxies", "smtp_url", "mail_from"),
        *("webhook_allow", "work", "workers", "unbuilt_views", "intake_types", "intake_queues"),
    )
}
"""The variables of settings that have no flag, by the places that flaws name."""
_VERBS = ("is ", "should ", "may ", "begins ", "names ")
"""What details begin with that are a sentence with the name of the place before them."""
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


@contextmanager
def flaws_named(arguments: Mapping[str, str]) -> Iterator[None]:
    """Turn Invalid into CommandRefused, whose flaws name the arguments that hold their places.

    `arguments` has the argument of each place, as in `{"/events/0/type": "TYPE"}`; a flaw further
    inside names the rest of its place, too.
    """
    from gatherlog.core.eventstore.errors import Invalid

    try:
        yield
    except Invalid as wrong:
        flaws = [_flaw(_named(flaw.pointer, arguments), flaw.detail) for flaw in wrong.flaws]
        raise CommandRefused("; ".join(flaws)) from None


def _named(pointer: str, arguments: Mapping[str, str]) -> str:
    for place in sorted(arguments, key=len, reverse=True):
        if pointer == place:
            return arguments[place]
        if pointer.startswith(f"{place}/"):
            return f"{arguments[place]}: {pointer.removeprefix(f'{place}/')}"
    return pointer


def describe(error: Exception) -> tuple[str, int] | None:
    """The line and the exit status for an error; None for an unexpected error."""
    if isinstance(error, CommandRefused):
        return str(error), error.status
    if isinstance(error, OSError):
        return _of_system(error), FAILED
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return f"{error.object!r} is not valid UTF-8", USAGE
    from gatherlog.core.eventstore.errors import DocumentUndecodable, GatherlogError, Invalid

    if isinstance(error, Invalid):
        flaws = [
            _flaw(_VARIABLES.get(flaw.pointer, flaw.pointer), flaw.detail) for flaw in error.flaws
        ]
        return "; ".join(flaws), USAGE
    if isinstance(error, GatherlogError):
        advice = _ADVICE.get(error.code) or _advice_of_cause(error)
        if isinstance(error, DocumentUndecodable):
            advice = _repair(error.view)
        return _with(str(error), advice), FAILED
    return None


def _flaw(pointer: str, detail: str) -> str:
    if not pointer:
        return detail
    colon = "" if detail.startswith(_VERBS) else ":"
    return f"{pointer.removeprefix('/')}{colon} {detail}"


def _repair(view: str) -> str:
    """The command that makes a damaged document of this view again."""
    from gatherlog.bootstrap import projections

    for one in projections():
        if one.fold is not None and view in [view.name for view in one.fold.views]:
            return f"`gatherlog subscriptions reset {one.name} --to start` makes it again"
    return "`gatherlog rebuild` repairs it"


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
