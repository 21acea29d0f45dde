"""Which letter tells a member of unread messages, and when none is written. Pure.

It is made of what is there when it is sent, so it has the latest text of a message that was edited,
and nothing of one that was deleted.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from gatherlog.core.eventstore.clock import to_datetime, to_micros
from gatherlog.core.subscriptions.letters import Letter, one_line
from gatherlog.core.texts import _, ngettext

__all__ = ["Contact", "Contacts", "Thread", "quiet_until", "unread_letter"]

_SHOWN: Final = 200
"""Characters of each message that a letter shows."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """How a member is written to."""

    address: str
    time_zone: str
    quiet_hours: tuple[str, str] | None
    """From when to when there is no mail, as `HH:MM` in `time_zone`."""
    unsubscribe: str
    """The URL that ends these letters."""


class Contacts(Protocol):
    """Questions about how members are written to; another app knows."""

    async def contact(self, account: str) -> Contact | None:
        """None where there is no such account, or it does not want letters."""
        ...


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """The unread messages of one conversation that a letter tells of, the oldest first."""

    conversation: str
    name: str
    messages: Sequence[tuple[str, str]]
    """The author's name and the text."""
    more: int = 0
    """How many further ones there are."""


def quiet_until(contact: Contact, now: int) -> int | None:
    """When the quiet hours end that are now, in microseconds; None if they are not now."""
    if contact.quiet_hours is None:
        return None
    begins, ends = (time.fromisoformat(text) for text in contact.quiet_hours)
    local = to_datetime(now).astimezone(ZoneInfo(contact.time_zone))
    clock = local.time()
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return None
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    end = datetime.combine(day, ends, local.tzinfo)
    return to_micros(end.replace(fold=local.fold))  # of an hour that comes twice, the one of now


def unread_letter(contact: Contact, threads: Sequence[Thread], site: str) -> Letter | None:
    """The letter about these conversations; None if nothing in them is unread."""
    threads = [thread for thread in threads if thread.messages]
    if not threads:
        return None
    count = sum(len(thread.messages) + thread.more for thread in threads)
    what = ngettext("{count} unread message", "{count} unread messages", count).format(count=count)
    parts = [_part(thread, site) for thread in threads]
    end = "\n".join(
        [
            _("You get this because messages to you have not been read."),
            _("To stop these emails: {link}").format(link=contact.unsubscribe),
            "",
        ]
    )
    return Letter(
        to=contact.address,
        subject=what,
        text="\n".join([_("You have {messages}.").format(messages=what) + "\n", *parts, end]),
        unsubscribe=contact.unsubscribe,
    )


def _part(thread: Thread, site: str) -> str:
    lines = [one_line(thread.name)]
    lines += [f"  {one_line(author)}: {_short(text)}" for author, text in thread.messages]
    if thread.more:
        lines.append("  " + _("and {count} more").format(count=thread.more))
    link = f"{site}/messages/{thread.conversation}"
    return "\n".join([*lines, _("Reply: {link}").format(link=link), ""])


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
