"""Letters: mails to people, which apps write and a target sends."""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from gatherlog.core.eventstore.store import Commit, Store
from gatherlog.core.subscriptions.delivery import Delivery

__all__ = [
    "Letter",
    "SendLetter",
    "has_link",
    "one_line",
    "printable",
    "send_once",
    "spoken_moment",
]

_LINK: Final = re.compile(
    r"://|\bwww\.|(?<![\w@.-])(?:[\w-]+\.)+[^\W\d_]{2,63}(?!\w)|(?<![\w.])(?:\d{1,3}\.){3}\d",
    re.IGNORECASE,
)
"""What mail programs make a link of: an address with its scheme, `win.example`, `192.0.2.1`."""


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


def has_link(text: str) -> bool:
    """Whether mail programs would make a link of something in the text.

    People name things as they like, so such a name is in no subject: subjects are what people see
    of letters from strangers.
    """
    plain = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    return _LINK.search(plain) is not None


def spoken_moment(local: str, zone: str) -> str:
    """`Saturday, 5 June 2027, 18:00 (Europe/Paris)`; a date has neither time nor zone."""
    moment = datetime.fromisoformat(local)
    day = f"{moment:%A}, {moment.day} {moment:%B} {moment.year}"
    return f"{day}, {moment:%H:%M} ({one_line(zone)})" if "T" in local else day


async def send_once(
    store: Store,
    send: SendLetter,
    delivery: Delivery,
    write: Callable[[], Awaitable[Letter | None]],
) -> None:
    """Write the letter that a delivery calls for, and send it, if there is one.

    A letter that was sent is not sent again within 24 hours, unless the process is killed between
    sending it and committing that it was sent.
    """
    key = f"letter:{delivery.id}"
    if await store.recall(key) is not None:
        return
    letter = await write()
    if letter is not None:
        await send(msgspec.structs.replace(letter, id=delivery.id))
        await store.commit(Commit(key=key))
