"""Finding guests by part of a name or address, by status and by household. Pure."""

from collections.abc import Callable

from gatherlog.apps.guests.views import Guest, Status
from gatherlog.core.commands.text import folded

__all__ = ["guest_filter"]


def guest_filter(
    q: str | None, status: Status | None, group_id: str | None
) -> Callable[[Guest], bool] | None:
    """Whether a guest has everything that is asked for; None where nothing is, so that all fit.

    `q` is a part of the name or the address, compared without case and accents; a blank `q`, like
    None, asks for nothing.
    """
    part = "" if q is None else _words(q)
    if not part and status is None and group_id is None:
        return None

    def fits(guest: Guest) -> bool:
        if status is not None and guest.status != status:
            return False
        if group_id is not None and guest.group_id != group_id:
            return False
        return not part or part in _text(guest)

    return fits


def _words(text: str) -> str:
    return " ".join(folded(text).split())


def _text(guest: Guest) -> str:
    """The name in both orders, and the address."""
    first, last = guest.first_name, guest.last_name
    return _words(f"{first} {last} {first}") + "\n" + folded(guest.email or "")
