"""Messages as a conversation shows them: by day, with a line above the new ones. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from typing import Literal

import msgspec

from gatherlog.apps.messages import ShownMessage
from gatherlog.apps.messages.decisions import EDITABLE
from gatherlog.apps.messages.links import Piece, pieces
from gatherlog.apps.messages.views import number_of
from gatherlog.interfaces.web.conversations.times import clock, day_of, heading, stamp, whole

__all__ = ["Bubble", "Reader", "bubble", "bubbles"]

Change = Literal["edit", "delete", "report", ""]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads, when and where; and what they and the other have read."""

    account: str
    now: int
    zone: tzinfo
    read: int | None = None
    """The number after which messages are new; None if none are."""
    seen: int = 0
    """The number up to which the other of a pair has read, if that is shown."""


class Bubble(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and what stands above it."""

    id: str
    conversation: str
    number: int
    name: str
    is_own: bool
    pieces: list[Piece]
    state: Literal["text", "deleted", "gone"]
    """Whether it has a text, was deleted, or its text is no longer kept."""
    is_edited: bool
    sent: str
    """When, for programs."""
    clock: str
    whole: str
    change: Change
    """What the reader may do with it: `edit` is deleting, too."""
    heading: str = ""
    """The day that begins with it."""
    is_first_new: bool = False
    is_last_seen: bool = False
    """Whether it is the last of one's own messages that the other has read."""


def bubbles(shown: Sequence[ShownMessage], reader: Reader) -> list[Bubble]:
    """The messages, which are given and shown with the oldest first."""
    made = [bubble(one, reader) for one in shown]
    new, seen = _first_new(made, reader.read), _last_seen(made, reader.seen)
    days = [day_of(one.message.sent_at, reader.zone) for one in shown]
    headings = _headings(days, day_of(reader.now, reader.zone))
    return [
        msgspec.structs.replace(
            one, heading=text, is_first_new=one.id == new, is_last_seen=one.id == seen
        )
        for one, text in zip(made, headings, strict=True)
    ]


def bubble(shown: ShownMessage, reader: Reader) -> Bubble:
    """One message by itself, without what depends on those around it."""
    message = shown.message
    state: Literal["text", "deleted", "gone"] = "text" if message.text else "gone"
    return Bubble(
        id=message.id,
        conversation=shown.conversation,
        number=number_of(message.id),
        name=shown.author.display_name,
        is_own=message.author == reader.account,
        pieces=pieces(message.text),
        state=state if message.deleted_at is None else "deleted",
        is_edited=message.edited_at is not None and message.deleted_at is None,
        sent=stamp(message.sent_at),
        clock=clock(message.sent_at, reader.zone),
        whole=whole(message.sent_at, reader.zone),
        change=_change(shown, reader),
    )


def _change(shown: ShownMessage, reader: Reader) -> Change:
    message = shown.message
    if message.deleted_at is not None:
        return ""
    if message.author != reader.account:
        return "report"
    return "edit" if reader.now - message.sent_at <= EDITABLE else "delete"


def _headings(days: Iterable[date], today: date) -> list[str]:
    """For each day what stands above it, nothing where it is that of the one before."""
    found, before = [], None
    for day in days:
        found.append("" if day == before else heading(day, today))
        before = day
    return found


def _first_new(made: Sequence[Bubble], read: int | None) -> str | None:
    """The first new message by another, if all new ones are among these."""
    if read is None or not made or made[0].number > read + 1:
        return None
    return next((one.id for one in made if one.number > read and not one.is_own), None)


def _last_seen(made: Sequence[Bubble], seen: int) -> str | None:
    own = [one.id for one in made if one.is_own and one.number <= seen]
    return own[-1] if own else None
