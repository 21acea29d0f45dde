"""How the trail is made: every event of a gathering, and every look at one, becomes an activity.

An event of a gathering is an activity whatever its type, types to come included: that is on
purpose, and needs no payload but only who, when and about whom. A look of an unknown type fails.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.trail.events import CODEC, Accessed
from gatherlog.apps.trail.views import ACTIVITIES, LAST_SEEN, VIEWS, Activity, LastSeen, seen_by
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["HOUR", "Trail", "trail_subscription"]

HOUR: Final = 3600 * 1_000_000
"""Microseconds; looks that are alike count once in each hour of the clock."""
GATHER: Final = 0.05
"""Seconds that new events are waited with, so that a busy moment is one commit."""
_GATHERING: Final = "gathering-"
_ACCESS: Final = "access-"
_GUEST: Final = "guest:"


class _Meta(msgspec.Struct):
    actor: str = ""


_meta = msgspec.json.Decoder(_Meta).decode


class Trail:
    """The fold of the trail. Each document is made of one stream, so partitions do not get in each
    other's way, and what is shown does not depend on the order in which they are read."""

    views: tuple[View[Any], ...] = VIEWS

    def keys(self, event: Recorded) -> Iterator[Ref]:
        if not event.stream.startswith((_GATHERING, _ACCESS)):
            return
        look = _look(event)
        yield ACTIVITIES.ref(_id(event, look))
        if guest_id := _guest_of(_actor(event, look)):
            yield LAST_SEEN.ref(_seen_id(event, guest_id))

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        look = _look(event)
        actor, id = _actor(event, look), _id(event, look)
        if documents[ACTIVITIES.ref(id)] is None:  # else the same look, noted by two processes
            yield Change(ACTIVITIES, id, _activity(event, look, actor))
        if guest_id := _guest_of(actor):
            seen_id = _seen_id(event, guest_id)
            before: LastSeen = documents[LAST_SEEN.ref(seen_id)] or LastSeen()
            login = event.time if look is not None and look.what == "login" else None
            after = before.later_of(LastSeen(last_login=login, last_access=event.time))
            if after != before:
                yield Change(LAST_SEEN, seen_id, after)


def trail_subscription() -> Projection:
    """The subscription `trail`, which keeps the documents of `Trail`."""
    return Projection("trail", Trail(), gather=GATHER)


def _look(event: Recorded) -> Accessed | None:
    """The payload of a look; None for what happened to a gathering."""
    if event.stream.startswith(_GATHERING):
        return None
    look: Accessed = CODEC.decode(event)
    return look


def _id(event: Recorded, look: Accessed | None) -> str:
    """The activity's document: its place in the log, or all that looks count once by."""
    if look is None:
        return f"{event.stream}@{event.version}"
    return f"{event.stream}@{event.subject}/{look.who}/{look.what}/{event.time // HOUR}"


def _actor(event: Recorded, look: Accessed | None) -> str:
    if look is not None:
        return look.who
    return _meta(event.meta).actor if event.meta else ""


def _seen_id(event: Recorded, guest_id: str) -> str:
    return seen_by(category_of(event.stream), guest_id)


def _guest_of(actor: str) -> str | None:
    """The id of a guest who acts."""
    return actor.removeprefix(_GUEST) if actor.startswith(_GUEST) else None


def _activity(event: Recorded, look: Accessed | None, actor: str) -> Activity:
    return Activity(
        id=event.id,
        gathering_id=event.stream.partition("-")[2],
        guest_id=event.subject or None,
        action=event.type if look is None else look.what,
        actor=actor,
        timestamp=event.time,
        created_at=event.recorded,
        version=event.version,
    )
