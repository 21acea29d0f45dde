"""What a profile may hold, and who may have a handle. Pure; `now` is in microseconds."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.apps.people.profile_events import (
    HandleChanged,
    HandleReleased,
    ProfileChanged,
    QuietHours,
)
from gatherlog.apps.people.profile_views import Handle, Profile
from gatherlog.core.commands.local_time import is_zone
from gatherlog.core.commands.text import forbidden, is_blank
from gatherlog.core.eventstore.errors import Flaw, Invalid, Refused

__all__ = [
    "HANDLE_PATTERN",
    "KEPT",
    "HandleTaken",
    "ProfilePatch",
    "changes",
    "checked_patch",
    "folded_handle",
    "is_handle",
    "release",
    "take_handle",
]

KEPT: Final = 90 * 24 * 3600 * 1_000_000
"""How long a handle is kept from others after its account has taken another one."""
LONGEST_NAME: Final = 60
HANDLE_PATTERN: Final = "[A-Za-z0-9_.]{3,30}"
_HANDLE: Final = re.compile(HANDLE_PATTERN)
_LANGUAGE: Final = re.compile("[a-z]{2,3}(-[A-Z]{2})?")
_TIME: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


HandleText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{HANDLE_PATTERN}$"})]


class HandleTaken(Refused):
    """Another account has the handle, or had it less than KEPT ago, or was removed with it."""

    code = "handle_taken"


class ProfilePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a profile: a field that is UNSET does not change, None clears it."""

    display_name: Annotated[str, Meta(max_length=LONGEST_NAME)] | UnsetType | None = UNSET
    handle: HandleText | UnsetType | None = UNSET
    time_zone: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    read_receipts: bool | UnsetType | None = UNSET
    message_mail: bool | UnsetType | None = UNSET


def is_handle(text: str) -> bool:
    """Whether a text can be a handle, in whatever case."""
    return _HANDLE.fullmatch(text) is not None


def folded_handle(handle: str) -> str:
    """The form in which a handle is kept and compared: in lower case."""
    return handle.lower()


def changes(before: Profile, changed: ProfileChanged) -> list[msgspec.Struct]:
    """The event of those fields that are not as they are given."""
    given = {name: getattr(changed, name) for name in changed.__struct_fields__}
    new = {
        name: value
        for name, value in given.items()
        if value is not UNSET and value != getattr(before, name)
    }
    return [ProfileChanged(**new)] if new else []


def take_handle(
    before: str | None, handle: str | None, owner: Handle | None, account_id: str, now: int
) -> list[msgspec.Struct]:
    """Give an account another handle. Raises HandleTaken where it is kept from this account."""
    if handle == before:
        return []
    if owner is not None and owner.account_id != account_id:
        raise HandleTaken(f"The handle {handle!r} is taken.")
    return [HandleChanged(handle, before, now + KEPT)]


def release(handle: str, kept: Handle | None, now: int) -> list[msgspec.Struct]:
    """Let a handle go that was kept long enough."""
    is_over = kept is not None and kept.kept_until is not None and kept.kept_until <= now
    return [HandleReleased(handle)] if is_over else []


def checked_patch(patch: ProfilePatch) -> tuple[ProfileChanged, str | UnsetType | None]:
    """The change that a patch asks for, and the handle. Raises Invalid with every flaw."""
    flaws = [Flaw(f"/{field}", detail) for field, detail in _flaws(patch).items() if detail]
    if flaws:
        raise Invalid(*flaws)
    defaults, name = Profile(), patch.display_name
    given = {
        field: getattr(defaults, field) if value is None else value
        for field in ("time_zone", "language", "quiet_hours", "read_receipts", "message_mail")
        if (value := getattr(patch, field)) is not UNSET
    }
    changed = ProfileChanged(
        display_name=name.strip() or None if isinstance(name, str) else name, **given
    )
    handle = patch.handle
    return changed, folded_handle(handle) if isinstance(handle, str) else handle


def _flaws(patch: ProfilePatch) -> dict[str, str]:
    """What is wrong with each field; empty where nothing is."""
    flaws = {}
    if isinstance(name := patch.display_name, str):
        if (character := forbidden(name)) is not None:
            flaws["display_name"] = f"holds the character {character}, which is not allowed"
        elif len(name) > LONGEST_NAME:
            flaws["display_name"] = f"has at most {LONGEST_NAME} characters"
        elif name and is_blank(name):
            flaws["display_name"] = "has no visible character"
    if isinstance(patch.handle, str) and not _HANDLE.fullmatch(patch.handle):
        flaws["handle"] = "is 3 to 30 of a to z, 0 to 9, _ and ."
    if isinstance(zone := patch.time_zone, str) and not is_zone(zone):
        flaws["time_zone"] = "is not an IANA time zone; one looks like Europe/Paris"
    if isinstance(patch.language, str) and not _LANGUAGE.fullmatch(patch.language):
        flaws["language"] = "is not a language; one looks like en or pt-BR"
    if isinstance(hours := patch.quiet_hours, QuietHours):
        if not (_TIME.fullmatch(hours.start) and _TIME.fullmatch(hours.end)):
            flaws["quiet_hours"] = "has times like 22:00 and 07:30"
        elif hours.start == hours.end:
            flaws["quiet_hours"] = "begins and ends at different times"
    return flaws
