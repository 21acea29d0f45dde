"""Mail as text, and the two ways to need no server for it: the demo's mailbox, and none at all."""

import email.policy
import re
from collections import deque
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Final, Protocol

import msgspec

from gatherlog.apps.people.addresses import parsed
from gatherlog.core.eventstore.clock import Clock, to_datetime
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter, printable
from gatherlog.targets.sender import Sender

__all__ = ["Delivered", "Mailbox", "NoMail", "Post", "message", "unusable_address"]

KEPT: Final = 500
"""Letters that a mailbox shows."""


class Post(Protocol):
    """Brings letters away, one by one, and says what became of each."""

    async def bring(self, letter: Letter) -> None:
        """Hand a letter over; returns once it was taken.

        Raises DeliveryFailed, which repeats neither the address nor what a server said of it:
        final `address` (it is none), `smtp_refused` (the server will not take this letter) and
        `no_mail`; and `smtp_later`, `smtp_config`, `unreachable` or `timeout`, which may pass.
        """
        ...


class Delivered(msgspec.Struct, frozen=True):
    """A letter in the mailbox; `at` in microseconds since the epoch."""

    to: str
    subject: str
    text: str
    at: int


class Mailbox:
    """A `Mailer` and `Post` that keeps the latest letters in memory, for a page that shows them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._letters: deque[Delivered] = deque(maxlen=KEPT)

    def send(self, letter: Letter) -> None:
        self._letters.appendleft(Delivered(letter.to, letter.subject, letter.text, self._clock()))

    async def bring(self, letter: Letter) -> None:
        try:
            parsed(letter.to)
        except Invalid:
            raise unusable_address() from None
        self.send(letter)

    def letters(self) -> list[Delivered]:
        """Newest first."""
        return list(self._letters)

    async def close(self) -> None:
        """Nothing waits here."""


class NoMail:
    """A `Mailer` and `Post` of a site without mail: `gatherlog signin` gives codes out instead."""

    def send(self, letter: Letter) -> None:
        """The letter is gone."""

    async def bring(self, letter: Letter) -> None:
        """Another try would end the same way; once there is a server, an operator redrives."""
        raise DeliveryFailed("no_mail", "this site has no mail server", final=True)

    async def close(self) -> None:
        """Nothing waits here."""


def message(letter: Letter, sender: Sender, now: int) -> EmailMessage:
    """A letter as RFC 5322 has it. No text in it can become a header or another addressee.

    Raises Invalid where `to` is no single plain address.
    """
    user, _, domain = parsed(letter.to).partition("@")
    written = EmailMessage(policy=email.policy.SMTP)
    written["From"] = Address(sender.name, addr_spec=sender.address)
    written["To"] = Address(username=user, domain=domain)
    written["Subject"] = _literal(letter.subject)
    written["Date"] = to_datetime(now)
    written["Message-ID"] = _message_id(letter.id, sender.address.rpartition("@")[2])
    written["Auto-Submitted"] = "auto-generated"
    written.set_content("".join(printable(line) + "\n" for line in letter.text.splitlines()))
    return written


def unusable_address() -> DeliveryFailed:
    """For a letter whose `to` is no single plain address."""
    return DeliveryFailed("address", "there is no usable e-mail address to send it to", final=True)


def _literal(text: str) -> str:
    """The text in one line, of which nothing is read as an encoded word (RFC 2047).

    Python decodes those, and some versions then write the line ends that were hidden in them.
    """
    return printable(text).replace("=?", "= ?")


def _message_id(id: str | None, domain: str) -> str:
    if id is None:
        return make_msgid(domain=domain)
    return f"<{re.sub('[^A-Za-z0-9-]', '-', id)}@{domain}>"
