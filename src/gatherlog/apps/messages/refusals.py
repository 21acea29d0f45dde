"""The errors of the messages app."""

from typing import Final

from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound, Refused

__all__ = [
    "BLANK",
    "NO_GROUP",
    "NO_RECEIVER",
    "ONESELF",
    "TOO_LONG",
    "UNKNOWN",
    "UNPRINTABLE",
    "BadMessage",
    "BlockedByYou",
    "ConversationFull",
    "NotYourBusiness",
    "TooLate",
    "UnknownReceiver",
]

BLANK: Final = "message_blank"
TOO_LONG: Final = "message_exceed_max_chars"
UNPRINTABLE: Final = "message_invalid"
NO_GROUP: Final = "message_group_uuid_blank"
NO_RECEIVER: Final = "user_reciever_handle_blank"
ONESELF: Final = "user_reciever_handle_invalid"
UNKNOWN: Final = "user_reciever_handle_unknown"
"""Codes that clients of `/api/messages` know, as they are spelled there."""
_DETAILS: Final = {
    BLANK: ("/message", "is missing or blank"),
    TOO_LONG: ("/message", "is too long"),
    UNPRINTABLE: ("/message", "holds a character that is not allowed"),
    NO_GROUP: ("/message_group_uuid", "is blank"),
    NO_RECEIVER: ("/handle", "is missing or blank"),
    ONESELF: ("/handle", "is your own, or there is a conversation as well"),
}


class BadMessage(Invalid):
    """What was to be sent breaks a rule; `codes` name all of them."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*[Flaw(*_DETAILS.get(code, _of(code))) for code in codes])
        self.codes = tuple(dict.fromkeys(codes))


def _of(code: str) -> tuple[str, str]:
    """Where the flaw of a code is that is made of its field: `thing_id_invalid`."""
    return f"/{code.rpartition('_')[0]}", "is not valid"


class UnknownReceiver(NotFound):
    """Nobody has the handle, or whoever has it does not want to hear from the sender."""

    def __init__(self, handle: str = "") -> None:
        super().__init__("Nobody has this handle.")
        self.codes = (UNKNOWN,)
        self.handle = handle
        """Which one of several that were given; empty where there was only one."""


class NotYourBusiness(NotFound):
    """There is no such gathering, thing or booking, or it does not concern the sender."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")
        self.codes = (f"{kind}_id_unknown",)


class BlockedByYou(Refused):
    """The sender has blocked the receiver, who could not answer."""


class ConversationFull(Refused):
    """There are as many members as there may be."""


class TooLate(Refused):
    """A message can be edited for a day."""
