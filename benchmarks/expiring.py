"""Letting events expire, alone and beside 32 callers who append at the same time.

The events stand in a log of their own, from which a rule of retention takes what they say, in
batches with pauses. The callers append as fast as they can, which is the worst case: nothing is
left over for anybody else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

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
from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.retention import (
    CATEGORY,
    EXPIRIES,
    RETENTION,
    Expiring,
    Expiry,
    RetentionChecks,
    RetentionService,
)
from gatherlog.core.retention.rules import DAY
from gatherlog.engines import open_store

CALLERS = 32
BATCH = 1_000
START = 1_790_000_000_000_000


def clock() -> int:
    """Ten days after the events that expire."""
    return START + 10 * DAY


def old_event(number: int) -> Event:
    event = to_event(payload(number))
    return Event(event.id, event.type, START, START, event.data, meta=b'{"actor":"benchmark"}')


@asynccontextmanager
async def filled(folder: Path, events: int) -> AsyncIterator[tuple[Store, Expiry]]:
    """A store with events that are due, and a rule by which they expire."""
    store = await open_store(f"sqlite:///{folder}/ours.db", views=[RETENTION, EXPIRIES])
    try:
        for first in range(0, events, BATCH):
            some = [old_event(number) for number in range(first, first + BATCH)]
            await store.commit(Commit(appends=[Append(f"old-{first // BATCH % 100}", some)]))
        checks = RetentionChecks([CATEGORY], (), ())
        rules = RetentionService(store, checks, clock=clock, ids=new_id)
        await rules.set("short", Expiring(log="old", days=1), by="benchmark")
        yield store, Expiry(store, rules, checks, clock=clock)
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


def alone(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        async with filled(folder, events_of(size)) as (_, expiry):
            return await expired(expiry, events_of(size))

    return measure


def writing(size: Size, *, beside: bool) -> Measure:
    """Callers who append, for some seconds or while events expire."""

    async def measure(folder: Path) -> Figures:
        async with filled(folder, events_of(size)) as (store, expiry):
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


async def prepare(size: Size, folder: Path) -> Plan:
    del folder
    contenders = [
        Contender("alone", "events expire, and nobody writes", alone(size)),
        Contender("writers", f"{CALLERS} callers append", writing(size, beside=False)),
        Contender(
            "beside", f"events expire, and {CALLERS} callers append", writing(size, beside=True)
        ),
    ]
    targets = [
        Target("beside", "expired", at_least=20_000),
        Target("beside", "p99_us", "writers", at_most=2),
        Target("beside", "grown_mb", at_most=40),
    ]
    return Plan(contenders, targets)


BENCHMARKS = [Benchmark("expiring", "events that expire, beside writers", prepare)]
