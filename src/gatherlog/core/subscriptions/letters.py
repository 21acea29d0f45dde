"""Letters: mails to people, which apps write and a target sends."""

from collections.abc import Awaitable, Callable

import msgspec

__all__ = ["Letter", "SendLetter", "one_line", "printable"]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one address, in plain text."""

    to: str
    subject: str
    text: str
    id: str | None = None
    """Any unique text, from which the Message-ID is made, so that mail servers may recognise a
    letter that is sent twice. None: a new Message-ID at every attempt."""
    unsubscribe: str | None = None
    """A URL at which one POST ends such letters (RFC 8058); None: there is none."""


SendLetter = Callable[[Letter], Awaitable[None]]
"""Sends a letter and returns once a mail server took it; raises DeliveryFailed if it was not."""


def printable(text: str) -> str:
    """The text in one line: characters that control a terminal or a protocol become spaces."""
    return "".join(char if char.isprintable() else " " for char in text)


def one_line(text: str) -> str:
    """As `printable`, with single spaces only: fit for a name within a sentence."""
    return " ".join(printable(text).split())
