"""Letting events expire, alone and beside 32 callers who append at the same time.

The events stand in a log of their own, from which a rule of retention takes what they say, in
batches with pauses. The callers append as fast as they can, which is the worst case: nothing is
left over for anybody else. Records and messages have documents, too, which change with them. On
PostgreSQL the server is started for the benchmark, with the durability that it has by default.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

from benchmarks import on_postgres
from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Target,
    percentile,
)
from benchmarks.workload import new_id, payload, to_event
from gatherlog.apps import intake, messages
from gatherlog.apps.messages.expiring import MessageExpiring
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.retention import (
    CATEGORY,
    Expiring,
    Expiry,
    RetentionChecks,
    RetentionService,
)
from gatherlog.core.retention.rules import DAY
from gatherlog.engines import open_store
from tests.apps.intake.made_up import record
from tests.apps.messages.talking import Everything, MadeUpPeople
from tests.postgres import drop_schema

CALLERS = 32
TALKS = 20
BATCH = 1_000
START = 1_790_000_000_000_000


def clock() -> int:
    """Ten days after the events that expire."""
    return START + 10 * DAY


def early() -> int:
    """When the events happened that expire."""
    return START


Place = Callable[[Path], str]
Opened = tuple[Store, Expiry]
Fill = Callable[[Store, int], Awaitable[Expiring]]
"""Fills a store with so many events, and says which expire."""


def in_file(folder: Path) -> str:
    return f"sqlite:///{folder}/ours.db"


def on_server(folder: Path) -> str:
    """An empty schema."""
    url = on_postgres.own_server().url("expiring")
    drop_schema(url)
    return url


def old_event(number: int) -> Event:
    event = to_event(payload(number))
    return Event(event.id, event.type, START, START, event.data, meta=b'{"actor":"benchmark"}')


async def events_alone(store: Store, number: int) -> Expiring:
    """Events that no document is made of."""
    for first in range(0, number, BATCH):
        some = [old_event(number) for number in range(first, first + BATCH)]
        await store.commit(Commit(appends=[Append(f"old-{first // BATCH % 100}", some)]))
    return Expiring(log="old", days=1)


async def records(store: Store, number: int) -> Expiring:
    """Records of the intake, each with its identity."""
    check, ids = intake.type_check(), new_id
    service = intake.IntakeService(store, owned=(), check_type=check, clock=early, ids=ids)
    for first in range(0, number, BATCH):
        texts = [record(EventID=f"{n}", ID=f"m{n % 500}") for n in range(first, first + BATCH)]
        await service.take("meters", [service.read(text) for text in texts], by="benchmark")
    return Expiring(log="meters", days=1)


async def talks(store: Store, number: int) -> Expiring:
    """Messages in conversations of two."""
    people = MadeUpPeople(*[f"h{n}" for n in range(2 * TALKS)])
    service = messages.MessageService(store, people, Everything(), clock=early, ids=new_id)

    async def talk(n: int) -> None:
        one, other = f"id-h{2 * n}", f"h{2 * n + 1}"
        id = (await service.start(one, other, "hello")).conversation
        for line in range(1, number // TALKS):
            await service.send(one, id, f"line {line} of a made-up conversation")

    await asyncio.gather(*[talk(n) for n in range(TALKS)])
    return Expiring(log="conversation", type="messages.sent", days=1)


@asynccontextmanager
async def filled(place: Place, fill: Fill, folder: Path, n: int) -> AsyncIterator[Opened]:
    """A store with events that are due, and what lets them expire."""
    store = await open_store(place(folder), views=VIEWS)
    try:
        expiring = await fill(store, n)
        known = [CATEGORY, *intake.CATEGORIES, *messages.CATEGORIES]
        checks = RetentionChecks(known, (), ())
        rules = RetentionService(store, checks, clock=clock, ids=new_id)
        await rules.set("short", expiring, by="benchmark")
        before = {"conversation": MessageExpiring(store, clock=clock, ids=new_id)}
        told = [intake.BlankRecords(store)]
        yield (
            store,
            Expiry(store, rules, checks, clock=clock, before_blank=before, on_blanked=told),
        )
    finally:
        await store.close()


async def keep_appending(store: Store, caller: int, times: list[float]) -> None:
    """Append, one event per commit, until it is cancelled."""
    number = 0
    while True:
        number += 1
        event = to_event(payload(number))
        young = Event(event.id, event.type, clock(), clock(), event.data)
        begun = perf_counter()
        await store.commit(Commit(appends=[Append(f"new-{caller}", [young])]))
        times.append(perf_counter() - begun)


def memory_mb() -> float:
    """The memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def expired(expiry: Expiry, events: int) -> Figures:
    """Let all events expire; their rate, and by how much this process has grown."""
    before, begun = memory_mb(), perf_counter()
    if await expiry.go_round() != events:
        raise RuntimeError("not all events have expired")
    return {"expired": events / (perf_counter() - begun), "grown_mb": memory_mb() - before}


def alone(place: Place, fill: Fill, events: int) -> Measure:
    async def measure(folder: Path) -> Figures:
        async with filled(place, fill, folder, events) as (_, expiry):
            return await expired(expiry, events)

    return measure


def writing(place: Place, size: Size, *, beside: bool) -> Measure:
    """Callers who append, for some seconds or while events expire."""

    async def measure(folder: Path) -> Figures:
        async with filled(place, events_alone, folder, events_of(size)) as (store, expiry):
            times: list[float] = []
            begun = perf_counter()
            callers = [
                asyncio.create_task(keep_appending(store, number, times))
                for number in range(CALLERS)
            ]
            if beside:
                found = dict(await expired(expiry, events_of(size)))
            else:
                found = {}
                await asyncio.sleep(size.seconds)
            seconds = perf_counter() - begun
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
            rate, p99 = len(times) / seconds, percentile(times, 0.99) * 1e6
            return {**found, "rate": rate, "p50_us": percentile(times, 0.5) * 1e6, "p99_us": p99}

    return measure


def events_of(size: Size) -> int:
    """A whole number of batches."""
    return max(BATCH, size.replay // 5 // BATCH * BATCH)


def part(events: int, of: int) -> int:
    """A part of so many events, as whole batches."""
    return max(BATCH, events // of // BATCH * BATCH)


def planned(place: Place) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def prepare(size: Size, folder: Path) -> Plan:
        del folder
        n = events_of(size)
        contenders = [
            Contender("alone", "events expire, and nobody writes", alone(place, events_alone, n)),
            Contender("records", "records expire", alone(place, records, part(n, 4))),
            Contender("messages", "messages expire", alone(place, talks, part(n, 10))),
            Contender("writers", f"{CALLERS} callers append", writing(place, size, beside=False)),
            Contender(
                "beside",
                f"events expire, and {CALLERS} callers append",
                writing(place, size, beside=True),
            ),
        ]
        targets = [
            Target("beside", "expired", at_least=20_000),
            Target("beside", "p99_us", "writers", at_most=2),
            Target("beside", "grown_mb", at_most=40),
        ]
        return Plan(contenders, targets)

    return prepare


BENCHMARKS = [
    Benchmark("expiring", "events that expire, beside writers", planned(in_file)),
    Benchmark("expiring-postgres", "the same on PostgreSQL", planned(on_server)),
]
