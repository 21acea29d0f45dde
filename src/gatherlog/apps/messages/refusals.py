"""The errors of the messages app."""

from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound, Refused

__all__ = [
    "BLANK",
    "ONESELF",
    "TOO_LONG",
    "UNKNOWN",
    "UNPRINTABLE",
    "BadMessage",
    "BlockedByYou",
    "ConversationFull",
    "TooLate",
    "UnknownReceiver",
]

BLANK: Final = "message_blank"
TOO_LONG: Final = "message_exceed_max_chars"
UNPRINTABLE: Final = "message_invalid"
ONESELF: Final = "user_reciever_handle_invalid"
UNKNOWN: Final = "user_reciever_handle_unknown"
"""Codes that clients of `/api/messages` know, as they are spelled there."""
_DETAILS: Final = {
    BLANK: ("/message", "is missing or blank"),
    TOO_LONG: ("/message", "is too long"),
    UNPRINTABLE: ("/message", "holds a character that is not allowed"),
    ONESELF: ("/handle", "is your own"),
}


class BadMessage(Invalid):
    """What was to be sent breaks a rule; `codes` name all of them."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*[Flaw(*_DETAILS[code]) for code in codes])
        self.codes = codes


class UnknownReceiver(NotFound):
    """Nobody has the handle, or whoever has it does not want to hear from the sender."""

    def __init__(self) -> None:
        super().__init__("Nobody has this handle.")
        self.codes = (UNKNOWN,)


class BlockedByYou(Refused):
    """The sender has blocked the receiver, who could not answer."""


class ConversationFull(Refused):
    """There are as many members as there may be."""


class TooLate(Refused):
    """A message can be edited for a day."""
