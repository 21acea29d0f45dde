"""The errors of the guests app: commands that are well formed and still refused."""

from gatherlog.core.eventstore.errors import Conflict, Denied, Refused

__all__ = ["AnswersChanged", "GatheringFull", "IsCoHost", "RsvpClosed"]


class RsvpClosed(Refused):
    """The deadline has passed."""

    code = "rsvp_closed"


class GatheringFull(Refused):
    """A guest who comes already wants more places than are left, or the waiting list is full.

    The answer before stays as it is.
    """

    code = "gathering_full"


class IsCoHost(Denied):
    """Only who may name co-hosts may make the link of one, or remove one from the list."""


class AnswersChanged(Conflict):
    """Members of a household have changed since the versions that the command expects.

    Nothing was written.
    """

    def __init__(self, guest_id: str, expected: int, actual: int, changed: tuple[str, ...]) -> None:
        super().__init__("document", f"guest/{guest_id}", expected, actual)
        self.changed = changed
        """The ids of all of them; the message names the first."""
