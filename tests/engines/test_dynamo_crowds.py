"""Crowds on DynamoDB: everything that was acknowledged is there, whatever went wrong meanwhile."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatherlog.apps.guests import DEFAULT, VIEWS, GuestService, NewGuest, Rsvp
from gatherlog.core import Recorded, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds
from tests.apps.guests.recounting import check_rebuild
from tests.contracts.child import children
from tests.contracts.commits import commit
from tests.contracts.engines import DYNAMODB, FAULTY_DYNAMODB, Engine, Place, empty_place
from tests.dynamo import url_of
from tests.dynamo_faults import Faults, FaultyDynamo
from tests.stores import events_of

SECONDS = float(os.environ.get("GATHERLOG_LONG_SECONDS", "10"))
CLIENTS = 32
PROCESSES = 32
ROUGH = Faults(throttles=0.02, unprocessed=0.1, loses=0.03, lag=1.0, page=7, seconds=0.003)


@pytest.fixture
def service(dynamo: Place) -> Iterator[FaultyDynamo]:
    service = FaultyDynamo(ROUGH)
    yield service
    service.close()


class Client:
    """A guest who answers again and again, and remembers what was acknowledged."""

    def __init__(self, service: GuestService, guest: str) -> None:
        self._service = service
        self.guest = guest
        self.answers = 0
        self.told_later = 0

    async def answer_until(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < end:
            said = Rsvp(attending=True, num_guests=1 + self.answers % 2)
            try:
                await self._service.rsvp(DEFAULT, self.guest, said, actor="cli")
            except (Busy, StoreFailed):
                self.told_later += 1
            else:
                self.answers += 1


async def follow(store: Store, partition: int, done: asyncio.Event) -> list[Recorded]:
    """The feed of a partition, read while others write, up to its head in the end."""
    found: list[Recorded] = []
    while True:
        was_done = done.is_set()
        after = found[-1].position if found else 0
        page = await store.read_feed(partition, after=after, limit=100)
        found += page
        if was_done and after >= (await store.heads())[partition]:
            return found
        if not page:
            await store.wait(await store.heads(), 0.1)


@pytest.mark.heavy
async def test_every_acknowledged_rsvp_of_32_clients_is_there_and_all_documents_agree(
    service: FaultyDynamo, dynamo: Place
) -> None:
    table = dynamo.url.partition("?")[0].removeprefix("dynamodb://")
    stores = [
        await open_store(url_of(table, endpoint=service.endpoint), views=VIEWS) for _ in range(2)
    ]
    ids = CountingIds()
    desks = [GuestService(store, clock=system_clock, ids=ids) for store in stores]
    await desks[0].ensure_default("cli")
    new = NewGuest(first_name="A", last_name="X")
    guests = [(await desks[0].add_guest(DEFAULT, new, actor="cli")).body.id for _ in range(CLIENTS)]
    clients = [Client(desks[n % 2], guest) for n, guest in enumerate(guests)]

    partition = partition_of(f"gathering-{DEFAULT}", stores[1].limits.partitions)
    done = asyncio.Event()
    followed = asyncio.ensure_future(follow(stores[1], partition, done))
    end = asyncio.get_running_loop().time() + SECONDS
    await asyncio.gather(*[client.answer_until(end) for client in clients])
    service.be(Faults())
    done.set()
    fed = [one for one in await followed if one.stream == f"gathering-{DEFAULT}"]

    stream = await events_of(stores[0], f"gathering-{DEFAULT}")
    answered = Counter(e.subject for e in stream if e.type == "guests.rsvp_submitted")
    await check_rebuild(stores[0])
    for store in stores:
        await store.close()
    assert fed == stream
    assert all(client.answers for client in clients)
    for client in clients:
        assert client.answers <= answered[client.guest] <= client.answers + client.told_later
    assert {"lost", "throttled", "conflicts", "left out", "lagged"} <= service.done().keys()


@pytest.mark.heavy
@pytest.mark.parametrize("engine", [DYNAMODB, FAULTY_DYNAMODB], ids=lambda engine: engine.name)
async def test_32_processes_on_one_stream_make_progress_without_a_busy(
    engine: Engine, tmp_path: Path
) -> None:
    async with (
        empty_place(engine, tmp_path) as place,
        children(place, PROCESSES, "append_exactly", times=3) as started,
    ):
        for child in started:
            child.go()
        done = await asyncio.gather(*[child.results() for child in started])

    assert sorted(version for results in done for version, _ in results) == [
        *range(1, 3 * PROCESSES + 1)
    ]


@pytest.mark.heavy
async def test_callers_at_the_same_time_share_transactions(dynamo: Place) -> None:
    store = await dynamo.open()
    loop, count = asyncio.get_running_loop(), 320
    await store.commit(commit("card-1"))

    began = loop.time()
    for number in range(count):
        await store.commit(commit("card-1", key=f"one/{number}"))
    alone = loop.time() - began
    began = loop.time()
    for start in range(0, count, CLIENTS):
        keys = range(start, start + CLIENTS)
        await asyncio.gather(*[store.commit(commit("card-1", key=f"all/{n}")) for n in keys])
    together = loop.time() - began

    assert together * 2 <= alone
