"""Pages that subscriptions share: what each gets is what the feed has, and it is read once.

They are counted on a store whose pages never end early; all other tests have stores where they do.
"""

import asyncio
from typing import Any

from gatherlog.core import Append, Commit
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.core.subscriptions.shared_pages import KEPT_SECONDS, SharedPages
from gatherlog.core.subscriptions.worker import VIEWS
from gatherlog.engines.memory import MemoryStore
from tests.core.subscriptions.followers import eventually, happened, run_scenario


class Counting:
    """A store that counts the pages of the feed that are read from it."""

    def __init__(self) -> None:
        self._store: Any = MemoryStore(VIEWS)
        self.reads = self.count = 0
        self.partition = partition_of("card-1", self._store.limits.partitions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_feed(self, *arguments: Any, **options: Any) -> Any:
        self.reads += 1
        await asyncio.sleep(0.001)
        return await self._store.read_feed(*arguments, **options)

    async def say(self, count: int) -> None:
        for number in range(count):
            append = Append("card-1", [happened(f"w{number}", "")])
            await self._store.commit(Commit(appends=[append]))
        self.count += count
        await eventually(self._shows_all)

    async def _shows_all(self) -> bool:
        return bool((await self._store.heads())[self.partition] == self.count)


def test_those_who_stand_at_one_place_share_a_page() -> None:
    async def scenario() -> None:
        store: Any = Counting()
        pages = SharedPages(store)
        await store.say(5)

        reads = [pages.read(store.partition, after=0, limit=100, head=5) for _ in range(3)]
        together = await asyncio.gather(*reads)
        later = await pages.read(store.partition, after=2, limit=2, head=5)

        assert [[event.position for event in page] for page in together] == [[1, 2, 3, 4, 5]] * 3
        assert ([event.position for event in later], store.reads) == ([3, 4], 1)

    run_scenario(scenario())


def test_a_page_is_read_anew_once_the_log_is_known_to_have_more() -> None:
    async def scenario() -> None:
        store: Any = Counting()
        pages = SharedPages(store)
        await store.say(2)
        await pages.read(store.partition, after=0, limit=100, head=2)
        await store.say(2)

        page = await pages.read(store.partition, after=0, limit=100, head=4)
        at_the_end = await pages.read(store.partition, after=4, limit=100, head=4)

        assert ([event.position for event in page], at_the_end) == ([1, 2, 3, 4], [])

    run_scenario(scenario())


def test_a_page_is_not_kept_for_long_so_that_erased_events_are_not_given() -> None:
    async def scenario() -> None:
        store: Any = Counting()
        pages = SharedPages(store)
        await store.say(2)
        await pages.read(store.partition, after=0, limit=100, head=2)
        await store.blank(store.partition, [1])
        await asyncio.sleep(KEPT_SECONDS + 0.1)

        page = await pages.read(store.partition, after=0, limit=100, head=2)

        assert [event.is_blank for event in page] == [True, False]

    run_scenario(scenario())
