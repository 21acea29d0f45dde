"""Promotions that a killed process left undone are done when the next one starts."""

import asyncio
import signal
import sys
from pathlib import Path

from gatherlog.apps.guests import DEFAULT, VIEWS, GuestService, Stats
from gatherlog.bootstrap import open_platform, start
from gatherlog.core import Append, Commit, Event, View
from gatherlog.core.commands.places import Unit, WaitingList
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.settings import Settings
from gatherlog.testing import CountingIds
from tests.apps.guests.killed_process import GUESTS, PARTY

ROOT = Path(__file__).parents[3]


async def test_places_left_free_by_a_killed_process_are_given_at_the_next_start(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/guests.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.apps.guests.killed_process", url), cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL
    left = await stats_of(url)
    assert 0 < left.waiting < GUESTS
    assert left.places_left == left.waiting

    reading = await open_platform(Settings(store=url))
    await reading.stop()
    assert await stats_of(url) == left

    platform = await start(Settings(store=url))

    stats = await platform.guests.stats(PARTY)
    assert (stats.people, stats.waiting, stats.places_left) == (GUESTS, 0, 0)
    await platform.stop()


async def test_a_store_whose_index_of_waiting_lists_is_not_built_can_be_started(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/guests.db"
    before = View("waiting_list", WaitingList, version=1)
    waiting = WaitingList((Unit("unit", (("guest", 1),)),))
    store = await open_store(url, views=[before])
    listed = before.write(DEFAULT, f"gathering-{DEFAULT}", waiting)
    event = Event("1", "tests.nothing", 1, 1, b"{}", 1)
    await store.commit(Commit(appends=[Append(listed.stream, [event], 0)], writes=[listed]))
    await store.close()

    platform = await start(Settings(store=url))

    assert await platform.guests.promote_waiting(actor="test") == 0
    await platform.stop()


async def stats_of(url: str) -> Stats:
    """The figures in the store, without starting a platform."""
    store = await open_store(url, views=VIEWS)
    stats = await GuestService(store, clock=system_clock, ids=CountingIds()).stats(PARTY)
    await store.close()
    return stats
