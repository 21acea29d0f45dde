"""What the guests app answers instead of doing what was asked, well formed as it is."""

from gatherlog.core.eventstore.errors import Conflict, Refused

__all__ = ["AnswersMoved", "GatheringFull", "RsvpClosed"]


class RsvpClosed(Refused):
    """The deadline has passed."""

    code = "rsvp_closed"


class GatheringFull(Refused):
    """Who comes already asks for more places than are left, or the waiting list is full; the old
    answer stands."""

    code = "gathering_full"


class AnswersMoved(Conflict):
    """Members of a household have answered since the form was shown; nothing was written."""

    def __init__(self, guest_id: str, expected: int, actual: int, moved: tuple[str, ...]) -> None:
        super().__init__("document", f"guest/{guest_id}", expected, actual)
        self.moved = moved
        """The ids of all of them; the message tells of the first."""
