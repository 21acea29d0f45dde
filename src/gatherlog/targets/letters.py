"""The target that is an e-mail address: each event is sent as a letter."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatherlog.apps.people.addresses import parsed
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.event_document import document
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.targets.mail import MailTransport

__all__ = ["LetterTarget", "check_letter"]

LONGEST_SUBJECT: Final = 200
LONGEST_TEXT: Final = 100_000
"""Both in characters."""

_CUT: Final = "\n\n(This is longer than a letter may be; the rest is in the log.)\n"


class LetterTarget:
    """Sends letters to one address. The text is the delivery's input, or a summary of the event.

    A letter that is sent again has the same Message-ID.
    """

    batch = 1

    def __init__(self, transport: MailTransport, to: str, subject: str) -> None:
        self._transport = transport
        self._to = to
        self._subject = subject

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            text = _text(delivery)
            if len(text) > LONGEST_TEXT:
                text = text[:LONGEST_TEXT] + _CUT
            letter = Letter(to=self._to, subject=self._subject, text=text, id=delivery.id)
            await self._transport.deliver(letter)

    async def close(self) -> None:
        """Does nothing: the transport is shared."""


def check_letter(to: str, subject: str) -> None:
    """Raise Invalid, with all flaws, unless letters can be sent to `to` with this subject."""
    flaws = []
    try:
        parsed(to)
    except Invalid:
        flaws.append(Flaw("/to", "is not a plain e-mail address; one looks like ada@example.org"))
    else:
        if to != to.strip():
            flaws.append(Flaw("/to", "begins or ends with a space"))
    if not subject.strip():
        flaws.append(Flaw("/subject", "is empty"))
    elif len(subject) > LONGEST_SUBJECT:
        flaws.append(Flaw("/subject", f"is longer than {LONGEST_SUBJECT} characters"))
    elif not subject.isprintable():
        flaws.append(Flaw("/subject", "holds a line end or another character that is not printed"))
    if flaws:
        raise Invalid(*flaws)


def _text(delivery: Delivery) -> str:
    if isinstance(delivery.input, str):
        return delivery.input
    if delivery.input is not None:
        return _pretty(delivery.input) + "\n"
    return _summary(delivery.event)


def _summary(event: Recorded) -> str:
    """Type, stream, time, subject, actor and data of an event, as text."""
    shown = document(event)
    lines = [f"{event.type}", "", f"stream:  {event.stream}, version {event.version}"]
    lines.append(f"time:    {shown['time']}")
    if event.subject:
        lines.append(f"subject: {event.subject}")
    if "actor" in shown:
        lines.append(f"by:      {_plain(shown['actor'])}")
    return "\n".join([*lines, "", _pretty(shown["data"]), ""])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else encode(value).decode()


def _pretty(value: Any) -> str:
    return msgspec.json.format(encode(value), indent=2).decode()
