"""Whether operations stay as fast as the log grows: append, read a stream, query one page."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import ours
from benchmarks.large_store import DOCUMENTS_PER_GATHERING, Contents, fill
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from benchmarks.workload import GUESTS, STREAM_LENGTH, payload, shuffled, to_event
from gatherlog.core import ANY, Append, Commit, Store

Opened = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens a store, the same one each time."""

MOST_RATIO = 1.5
WARM_UP = 10
"""For every WARM_UP operations that are timed, one runs before, so that caches are warm."""


def probes(opened: Opened, contents: Contents, size: Size) -> Measure:
    """Median microseconds per operation, on streams and index partitions drawn at random."""

    async def measure(_: Path) -> Figures:
        async with opened() as store:
            next_stream = shuffled(contents.streams, 3 * size.probes)
            next_gathering = shuffled(contents.gatherings, 2 * size.probes)
            return {
                "read_us": await timed(size.probes, lambda: read(store, next_stream())),
                "query_us": await timed(size.probes, lambda: query(store, next_gathering())),
                "append_us": await timed(size.probes, lambda: append(store, next_stream())),
            }

    return measure


async def read(store: Store, stream: str) -> None:
    page = await store.read_stream(stream, limit=STREAM_LENGTH)
    if len(page) != STREAM_LENGTH:
        raise RuntimeError(f"{stream} has {len(page)} events")


async def query(store: Store, gathering: str) -> None:
    page = await store.query(GUESTS.query("by_gathering", gathering, limit=DOCUMENTS_PER_GATHERING))
    if len(page.documents) != DOCUMENTS_PER_GATHERING:
        raise RuntimeError(f"{gathering} has {len(page.documents)} documents")


async def append(store: Store, stream: str) -> None:
    await store.commit(Commit(appends=[Append(stream, [to_event(payload(1))], ANY)]))


async def timed(times: int, call: Callable[[], Awaitable[None]]) -> float:
    for _ in range(times // WARM_UP):
        await call()
    taken = []
    for _ in range(times):
        begun = perf_counter()
        await call()
        taken.append(perf_counter() - begun)
    return median(taken) * 1e6


def prepare(factor: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    """Compare the small store with one of `factor` times the size of the large one."""

    async def plan(size: Size, folder: Path) -> Plan:
        def opened(name: str) -> Opened:
            (folder / name).mkdir()
            return partial(ours.opened, folder / name)

        return await compare(size, factor, opened)

    return plan


async def compare(size: Size, factor: int, opened: Callable[[str], Opened]) -> Plan:
    """Fill a small and a large store, and time the same operations on both."""
    contenders = []
    for name, events in (("small", size.few), ("large", size.many * factor)):
        place = opened(name)
        async with place() as store:
            contents = await fill(store, events)
        documents = len(contents.gatherings) * DOCUMENTS_PER_GATHERING
        what = f"{events:,} events, {documents:,} documents"
        contenders.append(Contender(name, what, probes(place, contents, size)))
    metrics = ("append_us", "read_us", "query_us")
    return Plan(contenders, [Target("large", m, "small", at_most=MOST_RATIO) for m in metrics])


BENCHMARKS = [
    Benchmark("growth", "time per operation as the log grows", prepare(1)),
    Benchmark("growth-10m", "the same with ten times as many", prepare(10), on_demand=True),
]
