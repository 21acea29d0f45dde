"""Expiring and erasing hold a page of events, however many there are."""

import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.retention import Expiring
from gatherlog.engines import open_store
from tests.core.retention.killed_child import START, VIEWS, eraser_of, expiry_of
from tests.stores import events_of

MIB = 1024 * 1024
EVENTS = 120
"""Of half a mebibyte each."""


async def expire(store: Store) -> None:
    rules, expiry = expiry_of(store)
    await rules.set("short", Expiring(log="paper", days=1), by="test")
    assert await expiry.go_round() == EVENTS


async def erase(store: Store) -> None:
    assert (await eraser_of(store).erase("entity", "1", by="test")).events == EVENTS


async def peak(work: Awaitable[None]) -> int:
    """The most bytes that Python has while it does the work, beyond those from before."""
    tracemalloc.start()
    try:
        await work
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("work", [expire, erase])
async def test_60_mib_of_events_become_blank_in_a_part_of_that(
    tmp_path: Path, work: Callable[[Store], Awaitable[None]]
) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/store.db", views=VIEWS)
    data = b'{"text": "%b"}' % (b"x" * (MIB // 2))
    for number in range(EVENTS):
        event = Event(f"e-{number}", "tests.written", START, START, data)
        await store.commit(Commit(appends=[Append("paper-1", [event])]))

    used = await peak(work(store))

    assert used < 25 * MIB
    assert all(event.is_blank for event in await events_of(store, "paper-1"))
    await store.close()
