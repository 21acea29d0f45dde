"""The time from an acknowledged append until a subscriber has read the event.

The subscriber is in the same process or in another. Both use the monotonic clock of the machine,
which all processes share. A subscriber may read an event before the acknowledgement has reached
the writer; that counts as 0.
"""

import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter_ns
from zlib import crc32

import apsw
import msgspec

from benchmarks import ours
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
from benchmarks.raw import log
from benchmarks.workload import CODEC, new_id, payload, to_event
from gatherlog.core import Append, Commit, Store
from gatherlog.engines import open_store

PAUSE = 0.003
"""Seconds between two appends, so that the subscriber is waiting each time."""
TIMEOUT = 10.0
PAGE = 64

Times = dict[int, int]
"""By position of an event: nanoseconds of the monotonic clock."""


async def follow(store: Store, events: int, seen: Times) -> None:
    """A simple subscriber: wait, read, decode. Notes in `seen` when it has decoded each event."""
    after = 0
    while len(seen) < events:
        page = await store.read_feed(0, after=after, limit=PAGE)
        for event in page:
            CODEC.decode(event)
            seen[event.position] = perf_counter_ns()
        if page:
            after = page[-1].position
        elif await store.wait((after,), TIMEOUT) == (after,):
            raise RuntimeError(f"nothing came within {TIMEOUT} s")


async def append_paced(store: Store, events: int) -> Times:
    """Append one event after the other. Returns when each was acknowledged."""
    stream, acknowledged = f"gathering-{new_id()}", {}
    for number in range(events):
        await asyncio.sleep(PAUSE)
        commit = Commit(appends=[Append(stream, [to_event(payload(number))])])
        committed = await store.commit(commit)
        acknowledged[committed.positions[0]] = perf_counter_ns()
    return acknowledged


def ours_same_process(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        async with ours.opened(folder) as store:
            seen: Times = {}
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(follow(store, size.wakes, seen))
                acknowledged = await append_paced(store, size.wakes)
            return latencies(acknowledged, seen)

    return measure


def ours_other_process(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        async with (
            ours.opened(folder) as store,
            other_process("ours", folder, size.wakes) as seen,
        ):
            acknowledged = await append_paced(store, size.wakes)
            return latencies(acknowledged, await seen())

    return measure


def raw_same_process(size: Size) -> Measure:
    """An asyncio event and a read of the new rows: the least work that a wake-up can be."""

    async def measure(folder: Path) -> Figures:
        db = log.open_log(folder / "raw.db")
        reader = log.open_log(folder / "raw.db")
        seen: Times = {}
        moved = asyncio.Event()

        async def subscribe() -> None:
            after = 0
            while len(seen) < size.wakes:
                await moved.wait()
                moved.clear()
                for row in reader.execute(log.REPLAY, (after,)):
                    after = row[0]
                    seen[after] = perf_counter_ns()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(subscribe())
            acknowledged = await raw_appends(db, size.wakes, moved.set)
        db.close()
        reader.close()
        return latencies(acknowledged, seen)

    return measure


def raw_other_process(size: Size) -> Measure:
    """A datagram to the other process and a read of the new rows."""

    async def measure(folder: Path) -> Figures:
        db = log.open_log(folder / "raw.db")
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = _address(folder)
        async with other_process("raw", folder, size.wakes) as seen:
            acknowledged = await raw_appends(db, size.wakes, lambda: sender.sendto(b"!", address))
            found = latencies(acknowledged, await seen())
        sender.close()
        db.close()
        return found

    return measure


async def raw_appends(db: apsw.Connection, events: int, wake: Callable[[], object]) -> Times:
    stream, acknowledged = f"gathering-{new_id()}", {}
    for number in range(events):
        await asyncio.sleep(PAUSE)
        log.append(db, stream, number, to_event(payload(number)))
        acknowledged[number + 1] = perf_counter_ns()
        wake()
    return acknowledged


@asynccontextmanager
async def other_process(
    kind: str, place: Path | str, events: int
) -> AsyncIterator[Callable[[], Awaitable[Times]]]:
    """A subscriber in a separate process.

    Yields a function that waits until it has read all events, and returns when it read each.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.waking", kind, str(place), str(events)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    stdout = process.stdout
    await stdout.readline()

    async def seen() -> Times:
        async with asyncio.timeout(TIMEOUT):
            return msgspec.json.decode(await stdout.read(), type=Times)

    try:
        yield seen
    finally:
        if process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), TIMEOUT)
            except TimeoutError:
                process.kill()
                await process.wait()


def latencies(acknowledged: Times, seen: Times) -> Figures:
    """Microseconds from the acknowledgement to the subscriber, without the first tenth."""
    waits = [max(0, seen[at] - when) / 1e3 for at, when in sorted(acknowledged.items())]
    settled = waits[len(waits) // 10 :]
    return {"p50_us": percentile(settled, 0.5), "p99_us": percentile(settled, 0.99)}


async def prepare(size: Size, _: Path) -> Plan:
    return Plan(
        [
            Contender("raw, same process", "asyncio event and re-read", raw_same_process(size)),
            Contender(
                "gatherlog, same process", "wait, read_feed, decode", ours_same_process(size)
            ),
            Contender("raw, other process", "datagram and re-read", raw_other_process(size)),
            Contender(
                "gatherlog, other process", "wait, read_feed, decode", ours_other_process(size)
            ),
        ],
        [
            Target("gatherlog, same process", "p50_us", at_most=100),
            Target("gatherlog, other process", "p50_us", at_most=300),
        ],
    )


BENCHMARKS = [
    Benchmark(
        "wake",
        "append to subscriber, after the acknowledgement",
        prepare,
        cited="in all, with the append: eventsourcing on PostgreSQL 1,100 to 1,600 us,"
        " Redis Streams with appendfsync always 377, NATS 208",
    )
]


# The other process.


async def subscribe_ours(folder: str, events: int) -> Times:
    async with ours.opened(Path(folder)) as store:
        return await subscribe(store, events)


async def subscribe_at(url: str, events: int) -> Times:
    store = await open_store(url, views=ours.VIEWS)
    try:
        return await subscribe(store, events)
    finally:
        await store.close()


async def subscribe(store: Store, events: int) -> Times:
    seen: Times = {}
    _report_ready()
    await follow(store, events, seen)
    return seen


async def subscribe_raw(place: str, events: int) -> Times:
    folder = Path(place)
    db = log.open_log(folder / "raw.db")
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(_address(folder))
    receiver.settimeout(TIMEOUT)
    seen: Times = {}
    after = 0
    _report_ready()
    while len(seen) < events:
        receiver.recv(16)
        for row in db.execute(log.REPLAY, (after,)):
            after = row[0]
            seen[after] = perf_counter_ns()
    receiver.close()
    Path(_address(folder)).unlink()
    db.close()
    return seen


def _report_ready() -> None:
    print(flush=True)


def _address(folder: Path) -> str:
    """A path outside the folder, because addresses of sockets are limited to about 108 bytes."""
    return f"{tempfile.gettempdir()}/wake-{crc32(bytes(folder)):08x}"


def main(kind: str, place: str, events: str) -> None:
    work = {"ours": subscribe_ours, "raw": subscribe_raw, "url": subscribe_at}[kind]
    seen = asyncio.run(work(place, int(events)))
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
