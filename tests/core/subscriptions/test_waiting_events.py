"""What it costs to tell how far subscriptions are behind: little memory, and no counting twice."""

import asyncio
import tracemalloc
from pathlib import Path

from gatherlog.core import Append, Commit, Recorded
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.waiting_events import MOST_BYTES, WaitingEvents
from gatherlog.core.subscriptions.worker import VIEWS
from gatherlog.engines import open_store
from gatherlog.engines.memory import MemoryStore
from tests.core.subscriptions.followers import IDS, happened, run_scenario, say
from tests.stores import eventually

LARGE = 400 * 1024


async def test_large_events_are_counted_in_little_memory(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/gatherlog.db", views=VIEWS)
    for _ in range(12):
        await store.commit(Commit(appends=[Append("card-1", [happened("x" * LARGE)] * 10)]))
    admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS, known=["following"])
    tracemalloc.start()

    status = await admin.status("following")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await store.close()
    assert MOST_BYTES // LARGE < status.behind < 120
    assert status.behind_is_least
    assert peak < MOST_BYTES


class CountedStore(MemoryStore):
    """A store that counts how many events were read of its feed."""

    given = 0

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        page = await super().read_feed(partition, after=after, limit=limit)
        self.given += len(page)
        return page


def test_events_are_not_counted_again_within_a_second() -> None:
    async def scenario() -> None:
        store = CountedStore(VIEWS)
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS, known=["following", "other"])
        await say(store, "card-1", *[f"w{n}" for n in range(20)])

        async def behind() -> list[int]:
            return [(await admin.status(name)).behind for name in await admin.names()]

        assert await behind() == [20, 20]
        await say(store, "card-1", "late")
        assert await behind() == [20, 20]
        assert store.given == 40
        await eventually(behind, [21, 21])

    run_scenario(scenario())


def test_many_who_ask_at_once_are_told_one_count() -> None:
    async def scenario() -> None:
        store = CountedStore(VIEWS)
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS, known=["following"])
        await say(store, "card-1", *[f"w{n}" for n in range(20)])

        statuses = await asyncio.gather(*[admin.status("following") for _ in range(10)])

        assert [status.behind for status in statuses] == [20] * 10
        assert store.given == 20

    run_scenario(scenario())


def test_a_count_is_not_given_for_an_earlier_position_or_after_the_end_was_reached() -> None:
    async def scenario() -> None:
        store = CountedStore(VIEWS)
        waiting = WaitingEvents(store)
        await say(store, "card-1", *[f"w{n}" for n in range(20)])

        counts = [
            (await waiting.count("following", 0, position, head)).events
            for position, head in ((15, 20), (0, 20), (20, 20))
        ]

        assert counts == [5, 20, 0]

    run_scenario(scenario())
