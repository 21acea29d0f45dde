"""Letters as RFC 5322 messages, what sends them, and two ways to send none: mailbox and no mail."""

import email.policy
import re
from collections import Counter, deque
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Final, Protocol

import msgspec

from gatherlog.apps.people.addresses import parsed
from gatherlog.core.commands.mail_addresses import sent_to
from gatherlog.core.eventstore.clock import Clock, rfc3339, to_datetime
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter, printable
from gatherlog.targets.mail_sender import MailSender

__all__ = [
    "Delivered",
    "Lost",
    "MailTransport",
    "Mailbox",
    "NoMail",
    "message",
    "recipient",
    "unusable_address",
]

KEPT: Final = 500
"""Letters that a mailbox keeps."""


class MailTransport(Protocol):
    """Sends letters one by one, and reports for each whether it was accepted."""

    async def deliver(self, letter: Letter) -> None:
        """Send a letter; returns once it was accepted.

        Raises DeliveryFailed, whose text repeats neither the address nor the server's answer. Final
        are `address` (it is invalid), `smtp_refused` (the server refuses this letter), `smtp_utf8`
        (it takes no addresses beyond ASCII) and `no_mail`; retried are `smtp_later`, `smtp_config`,
        `unreachable` and `timeout`.
        """
        ...


Sink = Callable[[bytes], object]


class Lost:
    """Counts and logs the letters that are not kept and could not be sent, such as codes.

    A line has the kind and the reason, never an address nor the server's words.
    """

    def __init__(self, clock: Clock, sink: Sink) -> None:
        self._clock = clock
        self._sink = sink
        self.counts: Counter[str] = Counter()

    def note(self, kind: str, reason: str = "", detail: str = "") -> None:
        """`reason` is what the line calls the kind; it is the kind if it is empty."""
        self.counts[kind] += 1
        said = {"reason": reason or kind} | ({"detail": detail} if detail else {})
        line = {"time": rfc3339(self._clock()), "mail": "not delivered", **said}
        self._sink(msgspec.json.encode(line) + b"\n")


class Delivered(msgspec.Struct, frozen=True):
    """A letter in the mailbox; `at` is in microseconds since the epoch."""

    to: str
    subject: str
    text: str
    at: int


class Mailbox:
    """A `Mailer` and `MailTransport` that keeps the latest letters in memory, to show them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._letters: deque[Delivered] = deque(maxlen=KEPT)
        self._lost = Counter[str]()

    @property
    def not_sent(self) -> Mapping[str, int]:
        return self._lost

    def lose(self, kind: str) -> None:
        """Count a letter that is not sent, by the reason."""
        self._lost[kind] += 1

    def send(self, letter: Letter) -> None:
        self._letters.appendleft(Delivered(letter.to, letter.subject, letter.text, self._clock()))

    async def deliver(self, letter: Letter) -> None:
        try:
            parsed(letter.to)
        except Invalid:
            raise unusable_address() from None
        self.send(letter)

    def letters(self) -> list[Delivered]:
        """The kept letters, newest first."""
        return list(self._letters)

    async def close(self) -> None:
        """Does nothing: no letter waits."""


class NoMail:
    """A `Mailer` and `MailTransport` of a site without mail; `gatherlog signin` prints codes."""

    def __init__(self, lost: Lost | None = None) -> None:
        """`lost` is told of the letters that are dropped."""
        self._lost = lost

    @property
    def not_sent(self) -> Mapping[str, int]:
        return {} if self._lost is None else self._lost.counts

    def send(self, letter: Letter) -> None:
        """Drops the letter, and says so."""
        self.lose("no_mail")

    def lose(self, kind: str) -> None:
        """Count and log a letter that is not sent, by the reason."""
        if self._lost is not None:
            self._lost.note(kind)

    async def deliver(self, letter: Letter) -> None:
        """Fails for good: a retry would fail, too. An operator redrives once there is a server."""
        raise DeliveryFailed("no_mail", "this site has no mail server", final=True)

    async def close(self) -> None:
        """Does nothing: no letter waits."""


def message(letter: Letter, sender: MailSender, now: int) -> EmailMessage:
    """A letter as an RFC 5322 message. Its texts cannot add a header or another recipient.

    Raises Invalid if `to` or `reply_to` is not a single plain address. `Reply-To` is left out where
    it alone would need a server with SMTPUTF8: answers then go to the sender.
    """
    written = EmailMessage(policy=email.policy.SMTP)
    written["From"] = Address(sender.name, addr_spec=sender.address)
    to = recipient(letter)
    written["To"] = _mailbox(to)
    if letter.reply_to is not None and _may_stand(reply_to := sent_to(parsed(letter.reply_to)), to):
        written["Reply-To"] = _mailbox(reply_to)
    written["Subject"] = _literal(letter.subject)
    written["Date"] = to_datetime(now)
    written["Message-ID"] = _message_id(letter.id, sender.address.rpartition("@")[2])
    written["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe is not None:
        written["List-Unsubscribe"] = f"<{_literal(letter.unsubscribe)}>"
        written["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    written.set_content("".join(printable(line) + "\n" for line in letter.text.splitlines()))
    return written


def recipient(letter: Letter) -> str:
    """The address that the mail server is given: the domain is in ASCII. Raises Invalid."""
    return sent_to(parsed(letter.to))


def unusable_address() -> DeliveryFailed:
    """The error for a letter whose `to` is not a single plain address."""
    return DeliveryFailed("address", "there is no usable e-mail address to send it to", final=True)


def _may_stand(reply_to: str, to: str) -> bool:
    """Whether the address for answers can be in the header: beyond ASCII before the @ it needs a
    server with SMTPUTF8, and a letter to an address in ASCII must not fail for want of that."""
    return reply_to.isascii() or not to.isascii()


def _mailbox(text: str) -> Address:
    user, _, domain = text.rpartition("@")
    return Address(username=user, domain=domain)


def _literal(text: str) -> str:
    """The text in one line, of which nothing is read as an encoded word (RFC 2047).

    Python decodes those, and some versions then write the line ends that were hidden in them.
    """
    return printable(text).replace("=?", "= ?")


def _message_id(id: str | None, domain: str) -> str:
    if id is None:
        return make_msgid(domain=domain)
    return f"<{re.sub('[^A-Za-z0-9-]', '-', id)}@{domain}>"
