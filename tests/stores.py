"""What tests of all kinds read from a store: whole views, categories and streams, in a fixed order;
and waiting for what a store shows soon, but not at once."""

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Iterable
from secrets import token_hex

import msgspec

from gatherlog.core import Append, Commit, Document, Event, Recorded, Store, StreamHead
from gatherlog.core.eventstore.engine import Engine
from gatherlog.core.eventstore.store import Heads
from gatherlog.core.projections.paging import all_documents, all_streams
from gatherlog.engines import open_store

SEED = int(os.environ.get("GATHERLOG_HOSTILE_SEED", "1"))
"""What goes wrong on the hostile engine; `tests/engines/test_hostile_seeds.py` sets others."""
HOSTILE_URL = f"hostile:{SEED}"
SOON = 10.0
"""Seconds until a test gives up waiting for what has to come soon."""


async def scanned(store: Store, view: str) -> list[Document]:
    """All documents of a view, by id."""
    found = [document async for document in all_documents(store, view)]
    return sorted(found, key=lambda document: document.id)


async def streams_of(store: Store, category: str) -> list[StreamHead]:
    """All streams of a category, by name."""
    found = [head async for head in all_streams(store, category)]
    return sorted(found, key=lambda head: head.stream)


async def events_of(store: Store, stream: str) -> list[Recorded]:
    """All events of a stream."""
    found: list[Recorded] = []
    limit = min(1000, store.limits.page)
    while page := await store.read_stream(stream, after=len(found), limit=limit):
        found += page
    return found


async def events_in(store: Store, categories: Iterable[str]) -> list[Recorded]:
    """All events of these categories, by stream."""
    heads = [head for category in categories for head in await streams_of(store, category)]
    return [event for head in heads for event in await events_of(store, head.stream)]


async def heads_of_all(store: Store) -> Heads:
    """The heads of the log, once the feed shows everything that was committed before.

    Heads may lag. So one event more is committed to each partition, and waited for.
    """
    reached: dict[int, int] = {}
    for number in itertools.count():
        if len(reached) == store.limits.partitions:
            break
        event = Event(f"probe-{token_hex(8)}", "probed", 1, 1, b"{}")
        committed = await store.commit(Commit(appends=[Append(f"probe-{number}", [event])]))
        reached |= committed.positions

    async def is_shown() -> bool:
        heads = await store.heads()
        return all(heads[partition] >= position for partition, position in reached.items())

    await eventually(is_shown, True)
    return await store.heads()


async def outdate(store: Store, *names: str) -> None:
    """Have a store say that an earlier release made the documents of these views."""
    engine: Engine = store.engine  # type: ignore[attr-defined]
    recorded = await engine.views()
    before = [recorded[name] for name in names]
    older = [msgspec.structs.replace(one, version=one.version - 1) for one in before]
    await engine.record_views(list(zip(older, before, strict=True)), only_if_empty=False)


async def outdate_at(url: str, *names: str) -> None:
    """The same for the store at an address."""
    store = await open_store(url, create=False)
    await outdate(store, *names)
    await store.close()


async def eventually(
    read: Callable[[], Awaitable[object]], expected: object, deadline: float = SOON
) -> None:
    """Assert that `read` gives what is expected, at the latest after `deadline` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while (found := await read()) != expected and loop.time() < end:
        await asyncio.sleep(0.002)
    assert found == expected
