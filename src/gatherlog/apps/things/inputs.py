"""The inputs of commands of the things app, before they are checked; see also `content`."""

import msgspec
from msgspec import UNSET, UnsetType

__all__ = ["BookingWish", "ChildDetails", "Enquiry"]


class ChildDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What a parent tells of a child. What is UNSET stays as it was told before."""

    name: str
    birth_date: str
    """`2019-03-21`."""
    allergies: str | UnsetType | None = UNSET
    emergency_contact: str | UnsetType | None = UNSET
    pick_up: str | UnsetType | None = UNSET


class BookingWish(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a parent books for, all or none: own children, and people besides."""

    date: str
    """The local date of the occurrence, at present; a multi-day event's is its first."""
    start: str | None = None
    """The local time at which it begins, where the day has several."""
    children: tuple[str, ...] = ()
    people: int = 0

    @property
    def places(self) -> int:
        """How many places it takes."""
        return len(self.children) + self.people


class Enquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody writes to the site; `sender` is an address for the answer."""

    subject: str
    text: str
    sender: str
