"""The documents of profiles and handles. Times are microseconds since the epoch."""

from typing import Any

import msgspec

from gatherlog.apps.people.profile_events import QuietHours
from gatherlog.core.projections.views import View

__all__ = ["HANDLES", "PROFILES", "PROFILE_VIEWS", "Handle", "Profile"]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has said about themselves. The document's id is that of the account."""

    display_name: str | None = None
    handle: str | None = None
    time_zone: str = "UTC"
    language: str = "en"
    quiet_hours: QuietHours | None = None
    read_receipts: bool = False
    """Whether those whom the member writes to learn what was read, and the member what they read.
    """
    message_mail: bool = True
    """Whether messages that stay unread are mailed."""


class Handle(msgspec.Struct, frozen=True):
    """Whose a handle is. The document's id is the handle; so no two accounts have the same."""

    account_id: str
    kept_until: int | None = None
    """Until when it is kept from others, once the account has another one. None while it is the
    account's, and for good if the account was removed."""


PROFILES = View("profile", Profile, version=1)
HANDLES = View("handle", Handle, version=1)
PROFILE_VIEWS: tuple[View[Any], ...] = (PROFILES, HANDLES)
