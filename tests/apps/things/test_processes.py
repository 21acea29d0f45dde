"""Several processes that book on one file: nothing is oversold."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from gatherlog.apps.things import VIEWS, ThingService
from gatherlog.bootstrap import new_id
from gatherlog.engines import open_store
from gatherlog.testing import StandingClock
from tests.apps.things.booking_invariants import check_bookings, check_rebuild
from tests.apps.things.booking_process import PARENTS
from tests.apps.things.sample_things import NOW, SATURDAY, Town, content

ROOT = Path(__file__).parents[3]
PROCESSES, CAPACITY = 4, 5


async def started(url: str, thing_id: str, prefix: str) -> Process:
    module = "tests.apps.things.booking_process"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, url, thing_id, prefix), stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_processes_that_book_at_once_oversell_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/things.db"
    store = await open_store(url, views=VIEWS)
    town = Town(ThingService(store, clock=StandingClock(NOW), ids=new_id))
    thing = await town.published(content(capacity=CAPACITY))
    processes = [await started(url, thing.id, f"{n}-") for n in range(PROCESSES)]

    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    states = sorted(state for out, _ in told for state in out.decode().split())
    everybody = PROCESSES * PARENTS
    assert states == ["BOOKED"] * CAPACITY + ["WAITING"] * (everybody - CAPACITY)
    places = await town.service.places_left(thing.id, SATURDAY)
    assert (places.booked, places.waiting) == (CAPACITY, everybody - CAPACITY)
    await check_bookings(store)
    await check_rebuild(store)
    await store.close()
