"""The projection of the trail: every event of a gathering and every access becomes an activity.

An event of a gathering is an activity whatever its type, so a new type needs no change here: only
its actor, time and subject are read. An event of unknown type in an access stream is an error.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gatherlog.apps.trail.events import CODEC, Accessed
from gatherlog.apps.trail.views import ACTIVITIES, LAST_SEEN, VIEWS, Activity, LastSeen, seen_by
from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["HOUR", "Trail", "trail_subscription"]

HOUR: Final = 3600 * 1_000_000
"""Microseconds. Equal accesses are one activity within each hour of the clock."""
GATHER: Final = 0.05
"""Seconds to wait for more events, so that those of a busy moment share one commit."""
_GATHERING: Final = "gathering-"
_ACCESS: Final = "access-"
_GUEST: Final = "guest:"


class Trail:
    """The fold of the trail.

    Each document is made of the events of one stream, so the trail does not depend on the order in
    which partitions are read, and their commits do not conflict. An access that has expired before
    it was read leaves no activity, and an activity that was made of one stays: it holds ids only.
    """

    views: tuple[View[Any], ...] = VIEWS

    def keys(self, event: Recorded) -> Iterator[Ref]:
        if not event.stream.startswith((_GATHERING, _ACCESS)):
            return
        access = _access(event)
        yield ACTIVITIES.ref(_id(event, access))
        if guest_id := _guest_of(_actor(event, access)):
            yield LAST_SEEN.ref(_seen_id(event, guest_id))

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        access = _access(event)
        actor, id = _actor(event, access), _id(event, access)
        if documents[ACTIVITIES.ref(id)] is None:  # or another process recorded an equal access
            yield Change(ACTIVITIES, id, _activity(event, access, actor))
        if guest_id := _guest_of(actor):
            seen_id = _seen_id(event, guest_id)
            before: LastSeen = documents[LAST_SEEN.ref(seen_id)] or LastSeen()
            login = event.time if access is not None and access.what == "login" else None
            after = before.later_of(LastSeen(last_login=login, last_access=event.time))
            if after != before:
                yield Change(LAST_SEEN, seen_id, after)


def trail_subscription() -> Projection:
    """The subscription `trail`, which keeps the documents of `Trail`."""
    return Projection("trail", Trail(), gather=GATHER, needs=())


def _access(event: Recorded) -> Accessed | None:
    """The payload of an access; None for an event of a gathering."""
    if event.stream.startswith(_GATHERING):
        return None
    access: Accessed = CODEC.decode(event)
    return access


def _id(event: Recorded, access: Accessed | None) -> str:
    """The id of the activity's document; equal accesses within an hour have the same one."""
    if access is None:
        return f"{event.stream}@{event.version}"
    return f"{event.stream}@{event.subject}/{access.who}/{access.what}/{event.time // HOUR}"


def _actor(event: Recorded, access: Accessed | None) -> str:
    """The name of the actor; empty where the event names none."""
    actor = actor_of(event) if access is None else access.who
    return actor if isinstance(actor, str) else ""


def _seen_id(event: Recorded, guest_id: str) -> str:
    return seen_by(category_of(event.stream), guest_id)


def _guest_of(actor: str) -> str | None:
    """The id of the guest whom an actor's name stands for; None for any other actor."""
    return actor.removeprefix(_GUEST) if actor.startswith(_GUEST) else None


def _activity(event: Recorded, access: Accessed | None, actor: str) -> Activity:
    return Activity(
        id=event.id,
        gathering_id=event.stream.partition("-")[2],
        guest_id=event.subject or None,
        action=event.type if access is None else access.what,
        actor=actor,
        timestamp=event.time,
        created_at=event.recorded,
        version=event.version,
    )
