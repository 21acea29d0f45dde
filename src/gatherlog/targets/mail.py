"""Mail as text, and the two ways to need no server for it: the demo's mailbox, and none at all."""

import email.policy
from collections import deque
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Final

import msgspec

from gatherlog.apps.people.addresses import parsed
from gatherlog.apps.people.mail import Letter
from gatherlog.core.clock import Clock, to_datetime

__all__ = ["Delivered", "Mailbox", "NoMail", "message"]

KEPT: Final = 500
"""Letters that a mailbox shows."""


class Delivered(msgspec.Struct, frozen=True):
    """A letter in the mailbox; `at` in microseconds since the epoch."""

    to: str
    subject: str
    text: str
    at: int


class Mailbox:
    """A `Mailer` that keeps the latest letters in memory, for a page that shows them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._letters: deque[Delivered] = deque(maxlen=KEPT)

    def send(self, letter: Letter) -> None:
        self._letters.appendleft(Delivered(letter.to, letter.subject, letter.text, self._clock()))

    def letters(self) -> list[Delivered]:
        """Newest first."""
        return list(self._letters)

    async def close(self) -> None:
        """Nothing waits here."""


class NoMail:
    """A `Mailer` for a site that has none: `gatherlog signin` gives codes out instead."""

    def send(self, letter: Letter) -> None:
        """The letter is gone."""

    async def close(self) -> None:
        """Nothing waits here."""


def message(letter: Letter, sender: str, now: int) -> EmailMessage:
    """A letter as RFC 5322 has it. No text in it can become a header or another addressee.

    Raises Invalid where `to` is no single plain address.
    """
    name, address = parseaddr(sender)
    user, _, domain = parsed(letter.to).partition("@")
    written = EmailMessage(policy=email.policy.SMTP)
    written["From"] = Address(_line(name), addr_spec=address)
    written["To"] = Address(username=user, domain=domain)
    written["Subject"] = _line(letter.subject)
    written["Date"] = to_datetime(now)
    written["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    written["Auto-Submitted"] = "auto-generated"
    written.set_content("".join(_line(line) + "\n" for line in letter.text.splitlines()))
    return written


def _line(text: str) -> str:
    """The text in one line: whatever steers a terminal or a protocol becomes a space."""
    return "".join(char if char.isprintable() else " " for char in text)
