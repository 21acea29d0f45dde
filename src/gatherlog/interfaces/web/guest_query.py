"""Which guests a page or a sheet of the guest list has, by the parameters of its URL. Pure."""

from collections.abc import Mapping
from typing import TypedDict, get_args
from urllib.parse import urlencode

import msgspec

from gatherlog.apps.guests import Status

__all__ = ["Asked", "GuestQuery"]


class Asked(TypedDict):
    """The arguments that choose guests; None asks for nothing."""

    q: str | None
    status: Status | None
    group_id: str | None


class GuestQuery(msgspec.Struct, frozen=True):
    """Which guests the page lists, by the parameters of its URL."""

    q: str
    status: Status | None
    household: str
    cursor: str

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "GuestQuery":
        """Values that are invalid are ignored."""
        status = query.get("status", "")
        return cls(
            q=query.get("q", "").strip()[:200],
            status=next((known for known in get_args(Status) if known == status), None),
            household=query.get("household", "")[:64],
            cursor=query.get("cursor", "")[:4096],
        )

    def url(self, cursor: str | None) -> str:
        """The URL's query for the part of the same list that begins at the cursor."""
        parts = {
            "q": self.q,
            "status": self.status or "",
            "household": self.household,
            "cursor": cursor or "",
        }
        return "?" + urlencode({name: text for name, text in parts.items() if text})

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.status or self.household)

    @property
    def asked(self) -> Asked:
        """What `GuestService` is asked for."""
        return Asked(q=self.q or None, status=self.status, group_id=self.household or None)
