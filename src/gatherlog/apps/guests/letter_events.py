"""The events of letters: that one is wanted, is counted, is held back, and is held back no more."""

from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "LetterCounted",
    "LetterHeld",
    "LetterReleased",
    "LetterRequested",
    "Reason",
]

Reason = Literal["day", "unconfirmed"]
"""Why a letter is held back: as many as one day allows have been sent, or the host has not shown
yet that they read the mail of their address."""


@event_type("letters.letter_requested", schema=2)
class LetterRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The event's subject, a guest, shall get a letter about a change of the gathering's settings.

    It is in the stream `letters-{gathering id}`. A field that is UNSET did not change.
    """

    change: int
    """The version of the change in the gathering's stream."""
    event_date: str | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    event_end: str | UnsetType | None = UNSET
    """New with schema 2."""


@event_type("letters.letter_counted", schema=1)
class LetterCounted(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to the guest who is the event's subject is about to be sent.

    It is in the stream `letter_day-{day}`, such as `letter_day-2026-11-30`.
    """

    gathering: str
    account: str | None
    """The host's account, if there is one."""
    address: str
    """A digest of the guest's address, which needs the site's key."""


@event_type("letters.letter_held", schema=1)
class LetterHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A letter is held back. It is sent later, if it is still true then.

    It is in the stream `held_letters-{gathering id}`.
    """

    delivery: str
    """The id of the delivery that would have sent it."""
    stream: str
    version: int
    """The event that calls for the letter."""
    guest: str
    reason: Reason


@event_type("letters.letter_released", schema=2)
class LetterReleased(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to the event's subject was held back for this reason, and is no more.

    It is sent now, unless it is not true any more, or its reason lasted for seven days.
    """

    reason: Reason
    held: int | UnsetType = UNSET
    """The version of the event, in the same stream, by which it was held back. UNSET: it was sent
    before this event; there is no other with schema 1."""


CODEC: Final = Codec(
    [LetterRequested, LetterCounted, LetterHeld, LetterReleased],
    {
        ("letters.letter_requested", 1): lambda requested: requested,
        ("letters.letter_released", 1): lambda released: released,
    },
)
