"""Letters: mails to people, which apps write and a target sends."""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from gatherlog.core.eventstore.store import Commit, Store
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.texts import N_, _

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
    reply_to: str | None = None
    """The plain address of whoever an answer is for; None: the sender's."""
    unsubscribe: str | None = None
    """A URL at which one POST ends such letters (RFC 8058); None: there is none."""


_WEEKDAYS: Final = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday")),
    *(N_("Saturday"), N_("Sunday")),
)
_MONTHS: Final = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)


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
    """`Saturday, 5 June 2027, 18:00 CEST (Paris time)`; a date has neither time nor zone."""
    moment = datetime.fromisoformat(local)
    day = _("{weekday}, {day} {month} {year}").format(
        weekday=_(_WEEKDAYS[moment.weekday()]),
        day=moment.day,
        month=_(_MONTHS[moment.month - 1]),
        year=moment.year,
    )
    if "T" not in local:
        return day
    return _("{day}, {time} {zone}").format(
        day=day, time=f"{moment:%H:%M}", zone=_zone(moment, zone)
    )


def _zone(moment: datetime, name: str) -> str:
    """`CEST (Paris time)`, `UTC+3 (Istanbul time)` where the zone has no short name, or `UTC`."""
    city = name.rsplit("/", 1)[-1].replace("_", " ")
    there = moment.replace(tzinfo=ZoneInfo(name))
    short = there.tzname() or ""
    if short == "UTC":
        return short
    if not short.isalpha():
        short = f"UTC{there.isoformat()[-6:]}".removesuffix(":00")
    return _("{zone} ({city} time)").format(zone=short, city=one_line(city))


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
