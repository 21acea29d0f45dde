"""How long an honest client waits while three others read whole lists on the same server.

The honest client reads a guest's page and answers for the guest, one request after the other. The
lists are those of 20,000 guests of another gathering, read by a process of its own.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks import servers
from benchmarks.hosting import connected, sheet
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
from benchmarks.readers import JSON, Read, Reading, ask
from benchmarks.servers import ROOT

READERS = 3
HONEST = 20
"""Guests of the honest client."""
WORTHWHILE = 100
"""With fewer guests, which only shows that it works, two kinds of lists are enough."""
MOST_IMPORTED = 10_000
KINDS = {
    "list": "a page of 1,000 guests, in JSON",
    "search": "a search of all guests that finds none",
    "export": "the whole list in CSV",
    "print": "the whole list as a page to print",
    "links": "new links for all, which a page shows",
    "import": "a sheet of 2,000 new guests",
    "trial": "a pattern tried on 10,000 events",
}


class Filled(msgspec.Struct, frozen=True):
    """A store with a long list, and a small gathering of the honest client."""

    file: Path
    key: str
    gathering: str
    guests: list[tuple[str, str]]
    """The id and the link's token of each of its guests."""
    listed: int


async def fill(folder: Path, guests: int) -> Filled:
    file = folder / "ours.db"
    create = ("key", "create", "--role", "operator", "--store", f"sqlite:///{file}")
    key = (await servers.output_of(*servers.GATHERLOG, *create)).split()[-1]
    async with servers.gatherlog(file) as server:
        port = server.port
        head, *lines = sheet(guests).split(b"\n")
        for start in range(0, guests, MOST_IMPORTED):
            part = b"\n".join([head, *lines[start : start + MOST_IMPORTED]])
            await servers.ask(port, "POST", "/guests/import", part, key, "text/csv")
        made = await servers.ask(port, "POST", "/gatherings", b'{"event_name": "Tea"}', key)
        id = msgspec.json.decode(made)["id"]
        place = f"/gatherings/{id}/guests"
        people = []
        for number in range(HONEST):
            new = msgspec.json.encode({"first_name": "Ada", "last_name": f"Lovelace {number}"})
            guest = msgspec.json.decode(await servers.ask(port, "POST", place, new, key))["id"]
            link = await servers.ask(port, "POST", f"{place}/{guest}/link", b"", key)
            people.append((guest, msgspec.json.decode(link)["token"]))
    return Filled(file, key, id, people, guests)


def waiting(filled: Filled, seconds: float, kind: str | None) -> Measure:
    async def measure(folder: Path) -> Figures:
        copy = Path(shutil.copy(filled.file, folder))
        async with servers.gatherlog(copy) as server:
            await honest(server.port, filled, min(1.0, seconds))
            if kind is None:
                return await honest(server.port, filled, seconds)
            reading = Reading(server.port, filled.key, kind, READERS, filled.listed)
            lone = await alone(reading)
            async with read_by_others(reading) as result:
                figures = await honest(server.port, filled, seconds)
            return {**figures, "lone_ms": lone * 1000, "rate": result[0].lists / result[0].seconds}

    return measure


async def alone(reading: Reading) -> float:
    """Seconds that the list takes while nobody else asks; the second time, as caches are full."""
    async with connected(reading.port) as connection:
        await ask(connection, reading, 0)
        begun = perf_counter()
        await ask(connection, reading, 0)
        return perf_counter() - begun


@asynccontextmanager
async def read_by_others(reading: Reading) -> AsyncIterator[list[Read]]:
    """Others read meanwhile; the list holds the result afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.readers"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(reading) + b"\n")
    if await process.stdout.readline() != b"begun\n":
        raise RuntimeError("the readers failed; see above")
    result: list[Read] = []
    yield result
    process.stdin.close()
    result.append(msgspec.json.decode(await process.stdout.readline(), type=Read))
    await process.wait()


async def honest(port: int, filled: Filled, seconds: float) -> Figures:
    """Read a page and answer, in turns, for so many seconds."""
    reads: list[float] = []
    answers: list[float] = []
    key = f"Authorization: Bearer {filled.key}\r\n{JSON}"
    until = perf_counter() + seconds
    async with connected(port) as connection:
        while perf_counter() < until or not answers:
            guest, token = filled.guests[len(reads) % HONEST]
            reads.append(await connection.ask("GET", f"/r/{token}", "Accept: text/html\r\n"))
            said = b'{"attending": %b}' % (b"true" if len(reads) // HONEST % 2 else b"false")
            path = f"/gatherings/{filled.gathering}/guests/{guest}/rsvp"
            answers.append(await connection.ask("POST", path, key, said))
    return {
        "read_p50_us": percentile(reads, 0.5) * 1e6,
        "read_p99_us": percentile(reads, 0.99) * 1e6,
        "rsvp_p50_us": percentile(answers, 0.5) * 1e6,
        "rsvp_p99_us": percentile(answers, 0.99) * 1e6,
    }


async def prepare(size: Size, folder: Path) -> Plan:
    filled = await fill(folder, 20 * size.guests)
    contenders = [Contender("alone", "nobody else", waiting(filled, 2 * size.seconds, None))]
    targets = []
    for kind in KINDS if size.guests >= WORTHWHILE else ("export", "import"):
        contenders.append(Contender(kind, KINDS[kind], waiting(filled, 2 * size.seconds, kind)))
        targets.append(Target(kind, "read_p99_us", "alone", at_most=2))
        targets.append(Target(kind, "rsvp_p99_us", "alone", at_most=2))
    return Plan(contenders, targets)


BENCHMARKS = [Benchmark("sharing", "an honest client beside three that read long lists", prepare)]
