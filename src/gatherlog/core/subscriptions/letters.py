"""DeadLetterPage: what is mailed to people, whoever writes it and whoever brings it away."""

from collections.abc import Awaitable, Callable

import msgspec

__all__ = ["Bring", "Letter", "one_line", "printable"]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one address, in plain text."""

    to: str
    subject: str
    text: str
    id: str | None = None
    """Makes the Message-ID, so that a letter which is brought twice is known by it: a UUID, say.
    None: a new Message-ID at every try."""


Bring = Callable[[Letter], Awaitable[None]]
"""Hands a letter over and returns once it was taken; raises DeliveryFailed if it was not."""


def printable(text: str) -> str:
    """The text in one line: whatever steers a terminal or a protocol becomes a space."""
    return "".join(char if char.isprintable() else " " for char in text)


def one_line(text: str) -> str:
    """As `printable`, without needless spaces: how a name stands in a sentence."""
    return " ".join(printable(text).split())
