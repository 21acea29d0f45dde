"""Lists that are read to their end, though the pages of a store are shorter than was asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.projections.paging import stream_events
from gatherlog.engines import open_store

LARGE = b"x" * 100_000
STREAM = "order-7"


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", "memory:", "hostile:7"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with 30 events of 100 kB in one stream; pages of 1 MB, for which 10 of them do."""
    url = request.param.format(folder=tmp_path)
    defaults = (await open_store(url)).limits
    limits = msgspec.structs.replace(defaults, page_bytes=1_000_000)
    store = await open_store(url, limits=limits)
    for number in range(30):
        event = Event(id=str(number), type="paid", time=1, recorded=1, data=LARGE)
        await store.commit(Commit(appends=[Append(STREAM, [event])]))
    yield store
    await store.close()


async def versions(
    store: Store,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int | None = None,
    backwards: bool = False,
) -> list[int]:
    events = stream_events(
        store, STREAM, after=after, before=before, limit=limit, backwards=backwards
    )
    return [event.version async for event in events]


async def test_a_stream_of_large_events_is_read_to_its_end(store: Store) -> None:
    assert await versions(store) == [*range(1, 31)]
    assert await versions(store, backwards=True) == [*range(30, 0, -1)]


async def test_a_limit_is_reached_over_several_pages(store: Store) -> None:
    assert await versions(store, limit=25) == [*range(1, 26)]
    assert await versions(store, limit=25, backwards=True) == [*range(30, 5, -1)]
    assert await versions(store, limit=1) == [1]


async def test_bounds_hold_on_every_page(store: Store) -> None:
    assert await versions(store, after=3, before=28) == [*range(4, 28)]
    assert await versions(store, after=3, before=28, backwards=True) == [*range(27, 3, -1)]
    assert await versions(store, after=30) == []
