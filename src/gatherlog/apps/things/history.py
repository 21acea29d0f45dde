"""A thing as it was earlier, made again from its stream: letters say it beside what is now."""

from collections.abc import AsyncIterator

from gatherlog.apps.things.events import CODEC
from gatherlog.apps.things.folds import ThingFold
from gatherlog.apps.things.occurrences import Occurrence, occurrence
from gatherlog.apps.things.views import THINGS, Thing
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.folds import Happened
from gatherlog.core.projections.paging import stream_events

__all__ = ["last_place_of", "thing_before"]


async def thing_before(store: Store, thing_id: str, version: int) -> Thing | None:
    """The thing before the event of its stream that has this version; None before the first."""
    found: Thing | None = None
    async for thing in _states(store, thing_id, version):
        found = thing
    return found


async def last_place_of(store: Store, thing_id: str, key: str) -> Occurrence | None:
    """When an occurrence was to take place last, also if it is off now; None if it never was."""
    last: Occurrence | None = None
    async for thing in _states(store, thing_id):
        last = occurrence(thing.content, thing.altered, key) or last
    return last


async def _states(store: Store, thing_id: str, before: int | None = None) -> AsyncIterator[Thing]:
    """The thing after each event of its stream, or of those below a version."""
    fold, ref, thing = ThingFold(), THINGS.ref(thing_id), None
    async for event in stream_events(store, f"thing-{thing_id}", before=before):
        happened = Happened(event.stream, event.subject, event.time, CODEC.decode(event))
        for change in fold.evolve({ref: thing}, happened):
            thing = change.body
        if isinstance(thing, Thing):
            yield thing
