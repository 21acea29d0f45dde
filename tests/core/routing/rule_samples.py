"""Rules and events for tests of the bus and of the service."""

from typing import Any

from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.routing import HandlerSpec, NewRule, RuleTarget
from gatherlog.testing import CountingIds
from tests.stores import eventually

TO_HANDLER = (RuleTarget(to=HandlerSpec(handler="h")),)


def new_rule(name: str = "r", **more: Any) -> NewRule:
    """A rule for events of type `x`, with a coroutine as its target."""
    pattern = more.pop("pattern", {"type": ["x"]})
    return NewRule(name=name, pattern=pattern, targets=more.pop("targets", TO_HANDLER), **more)


async def shown(store: Store, event: Recorded) -> Recorded:
    """An event, once the feed shows it."""

    async def is_shown() -> bool:
        return (await store.heads())[event.partition] >= event.position

    await eventually(is_shown, True)
    return event


async def appended(store: Store, stream: str, type: str = "x", **more: Any) -> Recorded:
    """An event, after it was appended to a stream."""
    event = Event(CountingIds()(), type, 1, 1, more.pop("data", b"{}"), 1, **more)
    committed = await store.commit(Commit(appends=[Append(stream, [event], ANY)]))
    version = committed.streams[stream]
    return (await store.read_stream(stream, after=version - 1))[0]
