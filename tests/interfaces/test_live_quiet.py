"""A live stream without changes is kept alive by its own clock, whatever happens in the log."""

import asyncio
from contextlib import aclosing

import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.engines import open_store
from gatherlog.interfaces import live_streams
from gatherlog.interfaces.live_streams import changes
from tests.stores import HOSTILE_URL

NOON = 1_790_000_000_000_000


async def tell(store: Store) -> None:
    for number in range(1_000):
        event = Event(f"e-{number}", "told", NOON, NOON, b"{}")
        await store.commit(Commit(appends=[Append("card-1", [event])]))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("engine", ["memory:", HOSTILE_URL])
@pytest.mark.parametrize("is_busy", [True, False])
async def test_a_comment_comes_when_nothing_was_sent_for_a_while(
    engine: str, is_busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_streams, "KEEP_ALIVE", 0.1)
    monkeypatch.setattr(live_streams, "PAUSE", 0.01)
    store = await open_store(engine)

    async def same() -> bytes:
        return b"{}"

    telling = asyncio.create_task(tell(store)) if is_busy else None
    async with aclosing(changes(store, same)) as parts:
        first = [await asyncio.wait_for(anext(parts), 5) for _ in range(5)]
    if telling is not None:
        telling.cancel()

    comment = b": still here\n\n"
    assert first == [live_streams.RETRY, b"data: {}\n\n", comment, comment, comment]
