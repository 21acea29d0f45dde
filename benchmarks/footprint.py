"""What a server needs: memory with a large store under load, and the time until it answers."""

from pathlib import Path
from time import perf_counter

from benchmarks import large_store, ours, servers, serving
from benchmarks.load import generate
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target

CLIENTS = 32
PAGE = "/guests?limit=1000"


def server(filled: serving.Filled, size: Size) -> Measure:
    """Resident memory when idle, and after a page of 1,000 guests and a load of RSVPs."""

    async def measure(_: Path) -> Figures:
        async with servers.gatherlog(filled.file) as running:
            started = running.memory()
            await servers.ask(running.port, "GET", PAGE, key=filled.key)
            load = serving.load(size, running.port, CLIENTS, filled.guests, filled.key)
            serving.figures(await generate(load))
            loaded = running.memory()
        return {
            "first_answer_s": running.first_answer,
            "idle_mb": started["rss_mb"],
            "loaded_mb": loaded["rss_mb"],
            "peak_mb": loaded["peak_mb"],
        }

    return measure


def help_text() -> Measure:
    async def measure(_: Path) -> Figures:
        begun = perf_counter()
        await servers.output_of(*servers.GATHERLOG, "--help")
        return {"seconds": perf_counter() - begun}

    return measure


def empty_python() -> Measure:
    """The shortest time that any command in Python can take."""

    async def measure(_: Path) -> Figures:
        begun = perf_counter()
        await servers.output_of(servers.PYTHON, "-c", "pass")
        return {"seconds": perf_counter() - begun}

    return measure


async def prepare(size: Size, folder: Path) -> Plan:
    filled = await serving.fill(folder, size.guests)
    async with ours.opened(folder, filled.file.name) as store:
        await large_store.fill(store, size.many)
    what = f"{size.many:,} events, {size.many // 10:,} documents in its store"
    return Plan(
        [
            Contender("server", what, server(filled, size)),
            Contender("gatherlog --help", "a process from start to end", help_text()),
            Contender("python -c pass", "the same, doing nothing", empty_python()),
        ],
        [
            Target("server", "loaded_mb", at_most=150),
            Target("server", "first_answer_s", at_most=1.0),
            Target("gatherlog --help", "seconds", at_most=0.3),
        ],
    )


BENCHMARKS = [Benchmark("footprint", "memory and start of a server", prepare)]
