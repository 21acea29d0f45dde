"""Gatherlog's store as programs use it: typed payloads are appended, and typed payloads read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

from benchmarks.measuring import Figures, Stopwatch, percentile
from benchmarks.workload import CODEC, GATHERINGS, GUESTS, RsvpSubmitted, to_event
from gatherlog.core import Append, Commit, Store
from gatherlog.engines import open_store

PAGE = 5_000
VIEWS = (GUESTS, GATHERINGS)


@asynccontextmanager
async def opened(folder: Path, name: str = "ours.db") -> AsyncIterator[Store]:
    """Gatherlog's store in a file of this folder; it is closed at the end."""
    store = await open_store(f"sqlite:///{folder / name}", views=VIEWS)
    try:
        yield store
    finally:
        await store.close()


async def append(
    store: Store, stream: str, expected: int, payloads: Sequence[RsvpSubmitted]
) -> None:
    """Append typed payloads in one commit, if the stream is at the expected version."""
    events = [to_event(payload) for payload in payloads]
    await store.commit(Commit(appends=[Append(stream, events, expected)]))


async def replay(store: Store, see: Callable[[RsvpSubmitted], object]) -> int:
    """Pass the payload of every event of the log to `see`, in order. Returns their number."""
    after = seen = 0
    while page := await store.read_feed(0, after=after, limit=PAGE):
        for payload in CODEC.decode_all(page):
            see(payload)
        seen += len(page)
        after = page[-1].position
    return seen


async def timed_calls(
    callers: int, calls: int, call: Callable[[int], Awaitable[object]]
) -> Figures:
    """Divide `calls` calls among concurrent callers; `call` gets the number of its caller."""
    times: list[float] = []

    async def caller(number: int, share: int) -> None:
        for _ in range(share):
            begun = perf_counter()
            await call(number)
            times.append(perf_counter() - begun)

    share = -(-calls // callers)
    with Stopwatch() as watch:
        await asyncio.gather(*(caller(number, share) for number in range(callers)))
    return {
        **watch.figures(len(times)),
        "p50_us": percentile(times, 0.5) * 1e6,
        "p99_us": percentile(times, 0.99) * 1e6,
    }
