"""What the guests app forbids although it is well formed."""

from gatherlog.core.errors import Refused

__all__ = ["GatheringFull", "RsvpClosed"]


class RsvpClosed(Refused):
    """The deadline has passed."""

    code = "rsvp_closed"


class GatheringFull(Refused):
    """There are not enough places left for this answer; the old answer stands."""

    code = "gathering_full"
