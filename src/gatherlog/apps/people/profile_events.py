"""The events of profiles, in the streams of accounts."""

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.eventstore.events import event_type

__all__ = ["PROFILE_EVENTS", "HandleChanged", "HandleReleased", "ProfileChanged", "QuietHours"]


class QuietHours(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Hours without mail, as `HH:MM` in the member's time zone; they may pass midnight."""

    start: str
    end: str


@event_type("people.profile_changed")
class ProfileChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is UNSET did not change."""

    display_name: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    read_receipts: bool | UnsetType = UNSET
    message_mail: bool | UnsetType = UNSET


@event_type("people.handle_changed")
class HandleChanged(msgspec.Struct, frozen=True):
    """The account has another handle, or none; the one `before` is kept from others until then."""

    handle: str | None
    before: str | None
    kept_until: int


@event_type("people.handle_released")
class HandleReleased(msgspec.Struct, frozen=True):
    """A handle that the account had once is free: it was kept long enough, and another wants it."""

    handle: str


PROFILE_EVENTS: tuple[type[msgspec.Struct], ...] = (ProfileChanged, HandleChanged, HandleReleased)
