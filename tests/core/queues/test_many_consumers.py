"""Many consumers at once, in several processes, some killed: each message is acknowledged once."""

import asyncio
import random
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Commit, Committed, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.queues import VIEWS, Queues, ReceiptStale
from gatherlog.core.queues.documents import LINES
from tests.contracts.engines import Place
from tests.core.queues.messages import (
    all_messages,
    check_lines,
    drain,
    ids,
    ids_of,
    in_line,
    peeked,
)
from tests.stores import eventually, scanned

ROOT = Path(__file__).parents[3]
LINE_COUNT = 12
LINE_LENGTH = 12


def all_ids() -> list[str]:
    return sorted(f"line{n}-{k}" for n in range(LINE_COUNT) for k in range(1, LINE_LENGTH + 1))


def is_in_order(acknowledged: list[str]) -> bool:
    """Whether the messages of each line were acknowledged in order."""
    for n in range(LINE_COUNT):
        mine = [int(id.partition("-")[2]) for id in acknowledged if id.startswith(f"line{n}-")]
        if mine != sorted(mine):
            return False
    return True


async def consume(queues: Queues, acknowledged: list[str], chance: random.Random) -> None:
    """Receive until every message is acknowledged; release some of them."""
    while len(acknowledged) < LINE_COUNT * LINE_LENGTH:
        for one in await queues.receive("work", most=chance.randint(1, 4), wait=0.2):
            if chance.random() < 0.1:
                await queues.release("work", one.receipt, after=chance.choice([0, 0.01]))
                continue
            await asyncio.sleep(0)
            try:
                await queues.ack("work", [one.receipt])
            except ReceiptStale:
                continue
            acknowledged.append(one.id)


async def send_all(queues: Queues) -> None:
    for n in range(1, LINE_LENGTH + 1):
        await queues.send(
            "work", [one for k in range(LINE_COUNT) for one in in_line(f"line{k}", n)[n - 1 :]]
        )


class Slow:
    """A store whose commits wait until `go` is set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        self.reached.set()
        await self.go.wait()
        return await self._store.commit(commit)


async def test_a_line_that_was_made_again_is_not_taken_for_the_one_before(place: Place) -> None:
    store = await place.open(*VIEWS)
    queues, slow = Queues(store, clock=system_clock, ids=ids), Slow(store)
    await queues.send("work", in_line("ada", 1))
    await eventually(lambda: peeked(queues, "work"), ["ada-1"])
    late = asyncio.create_task(Queues(slow, clock=system_clock, ids=ids).receive("work"))
    await slow.reached.wait()  # it has read the line and is about to claim its message

    await drain(queues, "work")
    await queues.send("work", in_line("ada", 2))
    slow.go.set()

    assert await late == []
    await check_lines(store)
    assert ids_of(await drain(queues, "work")) == ["ada-2"]


@pytest.mark.parametrize("seed", range(3))
async def test_each_message_is_acknowledged_once_and_in_the_order_of_its_line(
    place: Place, seed: int
) -> None:
    store = await place.open(*VIEWS)
    processes = [Queues(store, clock=system_clock, ids=ids) for _ in range(4)]
    await processes[0].admin.change_queue("work", most_attempts=1000, by="key:1")
    acknowledged: list[str] = []

    await asyncio.gather(
        send_all(processes[0]),
        send_all(processes[1]),
        *(
            consume(processes[n % 4], acknowledged, random.Random(100 * seed + n))
            for n in range(16)
        ),
    )

    assert sorted(acknowledged) == all_ids()
    assert is_in_order(acknowledged)
    await check_lines(store)
    assert await scanned(store, LINES.name) == []


async def test_consumers_on_two_connections_acknowledge_each_message_once(shared: Place) -> None:
    stores = [await shared.open(*VIEWS) for _ in range(2)]
    processes = [Queues(store, clock=system_clock, ids=ids) for store in stores]
    await processes[0].admin.change_queue("work", most_attempts=1000, by="key:1")
    acknowledged: list[str] = []

    await asyncio.gather(
        send_all(processes[0]),
        *(consume(processes[n % 2], acknowledged, random.Random(n)) for n in range(8)),
    )

    assert sorted(acknowledged) == all_ids()
    assert is_in_order(acknowledged)
    await check_lines(stores[0])


async def test_messages_of_killed_consumers_are_received_again_and_acknowledged_once(
    shared: Place,
) -> None:
    store = await shared.open(*VIEWS)
    queues = Queues(store, clock=system_clock, ids=ids)
    await queues.admin.change_queue("work", most_attempts=1000, by="key:1")
    await send_all(queues)
    printed: list[str] = []

    for after in (1, 5, 9):  # how many messages it acknowledges before it is killed
        killed = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.core.queues.consumer",
            shared.url,
            msgspec.json.encode(shared.engine.limits).decode(),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert killed.stdout is not None
        for _ in range(after):
            printed.append((await killed.stdout.readline()).decode().strip())
        killed.kill()
        printed += (await killed.stdout.read()).decode().split()
        await killed.wait()

    rest: list[str] = []
    remaining = LINE_COUNT * LINE_LENGTH - len(printed)
    async with asyncio.timeout(30):
        while len(rest) < remaining and (batch := await queues.receive("work", wait=5)):
            await queues.ack("work", [one.receipt for one in batch])
            rest += [one.id for one in batch]

    done = [one.id for one in await all_messages(store) if one.done_at is not None]
    assert sorted(done) == all_ids()
    assert len({*printed, *rest}) == len(printed) + len(rest)
    unprinted = len(done) - len(printed) - len(rest)
    assert unprinted <= 3  # one for each consumer that was killed before it printed
    assert is_in_order(rest)
