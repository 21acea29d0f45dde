"""Work done by other processes on the same store: `python -m tests.contracts.child`.

A child opens the store, prints "ready", waits for a line, does one named piece of work, and prints
each result as one line of JSON, after it was acknowledged and never before.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from gatherlog.core import Append, Commit, Event, Limits, Store
from gatherlog.core.eventstore.errors import Conflict, CounterOutOfBounds
from gatherlog.engines import open_store
from tests.contracts.commits import (
    CARDS,
    NOON,
    append,
    commit,
    count,
    event,
    excluding_documents,
    excluding_streams,
    put,
)
from tests.contracts.engines import Place

ROOT = Path(__file__).parents[2]
Work = Callable[..., Awaitable[None]]


class Child:
    """A running child as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin = process.stdin
        self.stdout = process.stdout

    def go(self) -> None:
        """Let it start its work."""
        self.stdin.write(b"go\n")

    async def line(self) -> Any:
        """Its next result; None at its end."""
        line = await self.stdout.readline()
        return msgspec.json.decode(line) if line.endswith(b"\n") else None

    async def rest(self) -> list[Any]:
        """All further results, until it has ended."""
        results = []
        while (result := await self.line()) is not None:
            results.append(result)
        await self.process.wait()
        return results

    async def results(self) -> list[Any]:
        """All further results of a child that must end well."""
        results = await self.rest()
        assert self.process.returncode == 0
        return results

    async def kill(self) -> list[Any]:
        """kill -9; the results that it had printed."""
        self.process.kill()
        return await self.rest()


@asynccontextmanager
async def children(place: Place, count: int, work: str, **arguments: Any) -> AsyncIterator[Any]:
    """So many children, all open and ready; none is left behind."""
    command = [sys.executable, "-m", "tests.contracts.child", work, *place.arguments]
    started: list[Child] = []
    try:
        for number in range(count):
            process = await asyncio.create_subprocess_exec(
                *command,
                msgspec.json.encode({"number": number, **arguments}).decode(),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            started.append(Child(process))
        for child in started:
            assert await child.line() == "ready"
        yield started
    finally:
        for child in started:
            if child.process.returncode is None:
                await child.kill()


async def work_together(place: Place, count: int, work: str, **arguments: Any) -> list[list[Any]]:
    """Let so many children do the same work at the same time; the results of each."""
    async with children(place, count, work, **arguments) as started:
        for child in started:
            child.go()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(child.results()) for child in started]
        return [task.result() for task in running]


# What the crashing writer writes: everything about commit `i` of a run follows from its number.

RUNS_STREAMS = 3


def crash_names(i: int) -> tuple[str, str]:
    """The two streams of commit `i`."""
    return f"alpha-{i % RUNS_STREAMS}", f"beta-{i % (RUNS_STREAMS + 1)}"


def crash_data(run: int, i: int) -> bytes:
    """Bytes that are no text, of a length between 32 and 4,128."""
    block = sha256(f"{run}/{i}".encode()).digest()
    return block * (1 + block[0] % 2 * block[1] % 128)


def crash_commit(run: int, i: int) -> Commit:
    """Two streams, a document for each that says what its last event says, and two counts."""
    data = crash_data(run, i)
    first, second = crash_names(i)
    return Commit(
        appends=[
            Append(stream, [Event(f"{run}/{i}/{stream}", "tests.crash", NOON, NOON, data)])
            for stream in (first, second)
        ],
        writes=[
            *[put(f"last-{stream}", data, stream=stream) for stream in (first, second)],
            *[count(f"count-{stream}", stream=stream, events=1) for stream in (first, second)],
        ],
        key=f"crash/{run}/{i}",
        answer=data,
    )


# The work.


async def append_exactly(store: Store, number: int, times: int) -> None:
    """Append to one stream at the exact version seen, until it worked so many times."""
    for _ in range(times):
        mine = event()
        mine = msgspec.structs.replace(mine, id=f"{number}/{mine.id}")
        while True:
            last = await store.read_stream("card-1", limit=1, backwards=True)
            expected = last[0].version if last else 0
            try:
                done = await store.commit(
                    Commit(appends=[append("card-1", mine, expected=expected)])
                )
            except Conflict:
                continue
            say([done.streams["card-1"], mine.id])
            break


async def append_anywhere(store: Store, number: int, times: int, streams: int) -> None:
    """Multi-stream commits, eight at a time, every fifth of them refused."""

    async def one(i: int) -> None:
        names = [f"card-{(i + step) % streams}" for step in range(1 + i % min(3, streams))]
        refused = i % 5 == 4
        asked = commit(*names, expected=1_000_000 if refused else -1)
        events = [
            (a.stream, msgspec.structs.replace(a.events[0], id=f"{number}/{i}/{a.stream}"))
            for a in asked.appends
        ]
        appends = [Append(s, [e], asked.appends[0].expected) for s, e in events]
        try:
            await store.commit(Commit(appends=appends))
        except Conflict:
            say(["refused", *[e.id for _, e in events]])
        else:
            say(["written", *[e.id for _, e in events]])

    for start in range(0, times, 8):
        await asyncio.gather(*[one(i) for i in range(start, min(start + 8, times))])


async def keep_appending(store: Store, number: int, seconds: float) -> None:
    """Append as fast as it goes; how many there were, and the longest wait in seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    done, longest = 0, 0.0
    while (start := loop.time()) < end:
        await store.commit(commit(f"card-{number}"))
        done += 1
        longest = max(longest, loop.time() - start)
    say([done, longest])


async def append_when_told(store: Store, number: int, times: int) -> None:
    """One append for every line read; said once it is acknowledged."""
    for _ in range(times):
        await asyncio.to_thread(sys.stdin.readline)
        done = await store.commit(commit("card-1"))
        say(done.streams["card-1"])


async def take_seats(store: Store, number: int, tries: int, seats: int) -> None:
    """Try at once to take a seat so many times; whether each got one."""

    async def one() -> bool:
        try:
            await store.commit(
                Commit(
                    appends=[append("card-1")],
                    writes=[count("hall", taken=1, at_most={"taken": seats})],
                )
            )
        except CounterOutOfBounds:
            return False
        return True

    for got in await asyncio.gather(*[one() for _ in range(tries)]):
        say(got)


async def exclude_documents(store: Store, number: int, rounds: int) -> None:
    """In each round make a card, if the other one's is absent; whether that was so."""
    for turn in range(rounds):
        await _exclude(store, excluding_documents(f"{turn}", number))


async def exclude_streams(store: Store, number: int, rounds: int) -> None:
    """In each round append to a stream, if the other one's has no event; whether that was so."""
    for turn in range(rounds):
        await _exclude(store, excluding_streams(f"{turn}", number))


async def _exclude(store: Store, asked: Commit) -> None:
    try:
        await store.commit(asked)
    except Conflict:
        say(False)
    else:
        say(True)


async def use_key(store: Store, number: int, key: str) -> None:
    """Commit with a key; whether somebody else had been first, and the answer."""
    asked = msgspec.structs.replace(commit("card-1", key=key), answer=b"by %d" % number)
    done = await store.commit(asked)
    say([done.repeated, done.answer.decode()])


async def die_after_commit(store: Store, number: int, key: str) -> None:
    """Commit with a key, and die before anybody hears of it."""
    asked = msgspec.structs.replace(commit("card-1", key=key), answer=b"lost")
    await store.commit(asked)
    os.kill(os.getpid(), signal.SIGKILL)


async def crash(store: Store, number: int, run: int) -> None:
    """Commit for ever, eight callers at once, until killed."""

    async def caller(first: int) -> None:
        i = first
        while True:
            done = await store.commit(crash_commit(run, i))
            say([i, *done.streams.values()])
            i += 8

    await asyncio.gather(*[caller(first) for first in range(8)])


WORK: Sequence[Work] = [
    append_exactly,
    append_anywhere,
    keep_appending,
    append_when_told,
    take_seats,
    exclude_documents,
    exclude_streams,
    use_key,
    die_after_commit,
    crash,
]


def say(result: Any) -> None:
    """One result on a line of its own, past every buffer of this process."""
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    sys.stdout.buffer.flush()


async def main(work: str, url: str, limits: str, arguments: str) -> None:
    store = await open_store(
        url, views=[CARDS], limits=msgspec.json.decode(limits, type=Limits | None)
    )
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    await {do.__name__: do for do in WORK}[work](store, **msgspec.json.decode(arguments))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
