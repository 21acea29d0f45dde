"""The real RSVP over HTTP: POST /guests/{id}/rsvp with an API key, one worker, one file."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from benchmarks import ours, servers
from benchmarks.load import Load, LoadResult, generate
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from benchmarks.peers import naive_fastapi

KEY = "glk_" + "k" * 43
SETTINGS = b'{"rsvp_deadline": "2999-12-31", "max_guests": 1000000}'


class Filled(msgspec.Struct, frozen=True):
    """A store with guests, and an API key that may answer for them."""

    file: Path
    guests: list[str]
    key: str


def bare(size: Size, clients: int) -> Measure:
    async def measure(folder: Path) -> Figures:
        guests = [f"0198c0de-0000-7000-8000-{number:012d}" for number in range(size.guests)]
        async with servers.uvicorn("benchmarks.peers.bare_starlette:app", folder, {}) as server:
            found = await generate(load(size, server.port, clients, guests, KEY))
        return figures(found)

    return measure


def gatherlog(size: Size, clients: int, filled: Filled) -> Measure:
    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(filled.file, folder))
        before = await recorded(file)
        async with servers.gatherlog(file) as server:
            begun = server.cpu()
            found = await generate(load(size, server.port, clients, filled.guests, filled.key))
            used, memory = server.cpu() - begun, server.memory()
        check_none_lost(found, await recorded(file) - before)
        return {
            **figures(found),
            "cpu_us": used / found.answers * 1e6,
            "rss_mb": memory["rss_mb"],
        }

    return measure


def fastapi(size: Size, clients: int) -> Measure:
    async def measure(folder: Path) -> Figures:
        file = folder / "fastapi.db"
        guests = naive_fastapi.fill(file, size.guests, KEY)
        environ = {naive_fastapi.FILE: str(file)}
        app = "benchmarks.peers.naive_fastapi:app"
        async with servers.uvicorn(app, folder, environ) as server:
            found = await generate(load(size, server.port, clients, guests, KEY))
        check_none_lost(found, naive_fastapi.recorded(file))
        return figures(found)

    return measure


async def fill(folder: Path, guests: int) -> Filled:
    """A store that is created through Gatherlog's command line and API."""
    file = folder / "ours.db"
    store = f"sqlite:///{file}"
    create = ("key", "create", "--role", "operator", "--store", store)
    key = (await servers.output_of(*servers.GATHERLOG, *create)).split()[-1]
    async with servers.gatherlog(file) as server:
        await servers.ask(server.port, "PUT", "/admin/settings", SETTINGS, key)
        ids = []
        for number in range(guests):
            new = {"first_name": "Ada", "last_name": f"Lovelace {number}"}
            body = await servers.ask(server.port, "POST", "/guests", msgspec.json.encode(new), key)
            ids.append(msgspec.json.decode(body)["id"])
    return Filled(file, ids, key)


async def recorded(file: Path) -> int:
    """The number of events in one of Gatherlog's stores."""
    async with ours.opened(file.parent, file.name) as store:
        return sum(await store.heads())


def load(size: Size, port: int, clients: int, guests: list[str], key: str) -> Load:
    return Load(port, clients, guests, size.seconds, min(1.0, size.seconds / 2), key)


def check_none_lost(found: LoadResult, events: int) -> None:
    """Raises RuntimeError if an answer that was acknowledged is not in the store."""
    if events < found.answers:
        raise RuntimeError(f"{found.answers} answers were acknowledged, {events} are recorded")


def figures(found: LoadResult) -> Figures:
    if found.refused:
        raise RuntimeError(f"not all answers were 200: {found.refused}")
    return {"rate": found.rate, "p50_us": found.p50_us, "p99_us": found.p99_us}


def prepare(clients: int, targets: list[Target]) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, folder: Path) -> Plan:
        filled = await fill(folder, size.guests)
        return Plan(
            [
                Contender("bare starlette", "body validated, no I/O", bare(size, clients)),
                Contender("gatherlog", "the real RSVP, durable", gatherlog(size, clients, filled)),
                Contender("naive FastAPI", "the same, durable", fastapi(size, clients)),
            ],
            targets,
        )

    return plan


RATES = [
    Target("gatherlog", "rate", "bare starlette", at_least=0.35),
    Target("gatherlog", "rate", "naive FastAPI", at_least=2.5),
]
BENCHMARKS = [
    Benchmark("http-32", "the RSVP over HTTP, 32 clients", prepare(32, RATES)),
    Benchmark(
        "http-256",
        "the RSVP over HTTP, 256 clients",
        prepare(256, [*RATES, Target("gatherlog", "p99_us", at_most=30_000)]),
    ),
]
