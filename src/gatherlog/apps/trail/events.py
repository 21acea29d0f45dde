"""Accesses: one type of event, which records that somebody read a guest or the guest list.

The event's subject is the id of the guest, or empty for the list as a whole. The gathering follows
from its stream, `access-{gathering id}`. No command waits for these streams.
"""

from typing import Final, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type, event_type_of
from gatherlog.core.projections.folds import Category, NoDocuments

__all__ = ["CATEGORIES", "CODEC", "EVENTS", "SITE", "Accessed", "What", "access_stream"]

What = Literal[
    "login",
    "rsvp_read",
    "guest_read",
    "guests_listed",
    "guests_exported",
    "activities_read",
    "log_read",
    "reports_read",
]
"""The kinds of access."""
SITE: Final = "site"
"""In place of a gathering's id, for an access to what is about all gatherings, as the log is."""


@event_type("trail.accessed", schema=1)
class Accessed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody read a guest, or the guest list."""

    who: str
    """The name of the actor: `key:0198…`, `account:…`, `guest:…`."""
    what: What


EVENTS: tuple[type[msgspec.Struct], ...] = (Accessed,)
CODEC = Codec(EVENTS)


def access_stream(gathering_id: str) -> str:
    """The stream of the accesses to a gathering."""
    return f"access-{gathering_id}"


_TYPES: Final = frozenset(event_type_of(event) for event in EVENTS)
CATEGORIES: Final = (Category("access", CODEC, NoDocuments(), may_expire=_TYPES),)
"""The one category of streams that this app writes. The subscription `trail` makes its documents,
so a rebuild makes none."""
