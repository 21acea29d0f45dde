"""That somebody looked: one type of event, in a stream per gathering that no command waits for.

Whom was looked at is the event's subject, a guest's id, or nobody for the list as a whole. Which
gathering and when is its stream and its time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = ["CATEGORIES", "CODEC", "EVENTS", "SITE", "Accessed", "What", "access_stream"]

What = Literal[
    "login",
    "rsvp_read",
    "guest_read",
    "guests_listed",
    "guests_exported",
    "activities_read",
    "log_read",
]
"""How somebody looked."""
SITE: Final = "site"
"""In place of a gathering's id: what was looked at is about all of them, as the whole log is."""


@event_type("trail.accessed", schema=1)
class Accessed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked at a guest, or at the guest list."""

    who: str
    """Named as actors are: `key:0198…`, `account:…`, `guest:…`."""
    what: What


EVENTS: tuple[type[msgspec.Struct], ...] = (Accessed,)
CODEC = Codec(EVENTS)


def access_stream(gathering_id: str) -> str:
    """The stream of who looked at a gathering."""
    return f"access-{gathering_id}"


class _NoDocuments:
    """These streams own no documents: what is shown of them is the subscription's."""

    views: tuple[View[Any], ...] = ()

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return ()

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        return ()


CATEGORIES: Final = (Category("access", CODEC, _NoDocuments()),)
"""The one category of streams that this app owns."""
