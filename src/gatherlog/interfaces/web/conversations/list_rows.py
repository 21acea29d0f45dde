"""Conversations as the list of one of their members shows them. Pure."""

from datetime import tzinfo
from typing import Final

import msgspec

from gatherlog.apps.messages import Line
from gatherlog.core.texts import _
from gatherlog.interfaces.web.conversations.times import age, stamp
from gatherlog.interfaces.web.conversations.topics import Topic

__all__ = ["Row", "row"]

_SHOWN: Final = 160
"""Characters of the last message; the page shows one line of them."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in the list."""

    id: str
    name: str
    about: str
    """What the conversation is about; empty if that is nothing."""
    text: str
    """The last message, with who wrote it where that is not plain."""
    sent: str
    """When, for programs."""
    age: str
    order: int
    """Rows with a greater one come first."""
    unread: int
    muted: bool


def row(line: Line, topic: Topic | None, now: int, zone: tzinfo) -> Row:
    conversation, mine, last = line.conversation, line.mine, line.conversation.last
    when = conversation.created_at if last is None else last.sent_at
    return Row(
        id=conversation.id,
        name=line.name,
        about="" if topic is None else topic.name,
        text=_text(line),
        sent=stamp(when),
        age=age(when, now, zone),
        order=mine.order,
        unread=mine.unread,
        muted=mine.muted,
    )


def _text(line: Line) -> str:
    last = line.conversation.last
    if last is None:
        return _("No messages yet")
    if not last.text:
        return _("Message no longer available")
    text = " ".join(last.text.split())[:_SHOWN]
    author = _author(line, last.author)
    return f"{author}: {text}" if author else text


def _author(line: Line, account: str) -> str:
    """Who wrote the last message; nothing for the other of a pair, and for those not listed."""
    if account == line.mine.account:
        return _("You")
    if line.other is not None:
        return ""
    return next((one.display_name for one in line.members if one.id == account), "")
