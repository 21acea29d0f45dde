"""The texts of messages and titles: which are accepted, and in which form they are kept."""

from typing import Final

from gatherlog.apps.messages.refusals import BLANK, TOO_LONG, UNPRINTABLE, BadMessage
from gatherlog.core.commands.text import forbidden, is_blank
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "LONGEST",
    "LONGEST_REASON",
    "LONGEST_TITLE",
    "checked_line",
    "checked_message",
    "message_codes",
]

LONGEST: Final = 1024
LONGEST_TITLE: Final = 100
LONGEST_REASON: Final = 500
"""All in characters, a line end counting as one."""


def message_codes(text: str) -> list[str]:
    """What is wrong with the text of a message; nothing where it can be sent.

    It is blank, longer than LONGEST, or holds control characters, or characters that change the
    direction of what stands around them.
    """
    text, codes = _with_line_feeds(text), []
    if is_blank(text):
        codes.append(BLANK)
    if len(text) > LONGEST:
        codes.append(TOO_LONG)
    if not codes and forbidden(text, lines=True):
        codes.append(UNPRINTABLE)
    return codes


def checked_message(text: str, *more: str) -> str:
    """The text as it is kept: with line feeds for line ends, and otherwise as it was written.

    Raises BadMessage with its codes and with `more`, if there are any.
    """
    if codes := (*message_codes(text), *more):
        raise BadMessage(*codes)
    return _with_line_feeds(text)


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")


def checked_line(field: str, text: str, longest: int) -> str:
    """A text in one line, trimmed, which may be empty. Raises Invalid, naming the field."""
    kept = text.strip()
    if len(kept) > longest:
        raise Invalid(Flaw(f"/{field}", f"at most {longest} characters"))
    if (character := forbidden(kept)) is not None:
        raise Invalid(Flaw(f"/{field}", f"holds the character {character}, which is not allowed"))
    return kept
