"""The errors of the things app: commands that are well formed and still refused."""

from gatherlog.core.eventstore.errors import Denied, Refused

__all__ = [
    "AlreadyBooked",
    "ChildIsBooked",
    "Full",
    "OwnThing",
    "WrongState",
]


class WrongState(Refused):
    """A thing or a booking is in a state in which this is not possible."""

    code = "wrong_state"


class AlreadyBooked(Refused):
    """The account has a booking at this occurrence, or waits for one."""

    code = "already_booked"


class Full(Refused):
    """More places are wanted than the occurrence has altogether, or the waiting list is full."""

    code = "full"


class ChildIsBooked(Refused):
    """A child with a coming booking is not removed."""

    code = "child_is_booked"


class OwnThing(Denied):
    """Nobody decides on what they publish themselves."""
