"""Searching among things to do in one metropolis, against looking at each of them.

A store is filled with published things of the app once. The process that searches is one of its
own: its memory is its alone. It builds its index from that store, answers one question of the app
after the other, and follows the store's log.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from heapq import nsmallest
from math import cos, radians
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from benchmarks import city, servers
from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Target,
    percentile,
    run_on_loop,
)
from gatherlog.apps.things import (
    VIEWS,
    Content,
    Organiser,
    ThingFinder,
    ThingQuery,
    ThingService,
    ThingSource,
)
from gatherlog.apps.things.filling import ThingFiller
from gatherlog.apps.things.searching import search_document
from gatherlog.bootstrap import new_id
from gatherlog.core import Store
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.search import Place, SearchDocument
from gatherlog.core.search.places import distance
from gatherlog.core.search.words import words_of
from gatherlog.engines import open_store
from gatherlog.search import IndexedSearch

METRES = 111_195
"""Of a degree of latitude."""
CHANGED = ("quagga", "axolotl", "wombat", "ibex", "okapi")
"""Things of which it is measured when they are found: their names are like no other words."""


async def fill(file: Path, count: int) -> None:
    """A store with so many published things, as commands of the app would have left it."""
    profiles: dict[str, str] = {}

    def drafts() -> Iterator[tuple[Content, Organiser]]:
        for thing, organiser in city.things(count, city.now().date()):
            profiles[organiser.id] = organiser.name
            yield thing.content, organiser

    async with opened(file) as store:
        filler = ThingFiller(store, actor="benchmark", clock=system_clock, ids=new_id)
        await filler.publish(drafts(), "rita")
        await filler.save_profiles(profiles)


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Store]:
    store = await open_store(f"sqlite:///{file}", views=VIEWS)
    try:
        yield store
    finally:
        await store.close()


def documents(count: int) -> Iterator[SearchDocument]:
    """What the app gives an index."""
    now = system_clock()
    for thing, organiser in city.things(count, city.now().date()):
        document = search_document(Stored(thing, 3), organiser, now=now)
        if document is not None:  # or it was over today
            yield document


class Seen(msgspec.Struct, frozen=True):
    """A document as a pass over all of them needs it: everything is prepared."""

    number: int
    text: str
    lat: float
    lon: float
    ages: tuple[int, int]
    days: frozenset[int]


def seen(count: int) -> list[Seen]:
    found = []
    for number, document in enumerate(documents(count)):
        place, ages, occurrences = document.place, document.ages, document.occurrences or ()
        assert place is not None
        assert ages is not None
        words = words_of(" ".join(text.text for text in document.texts))
        days = frozenset(one.day.toordinal() for one in occurrences)
        found.append(Seen(number, " ".join(words), place.lat, place.lon, ages, days))
    return found


def passes(documents: list[Seen], query: ThingQuery) -> int:
    """Look at every document, the cheapest conditions first; returns how many are found.

    A word is found in any part of a text, and the twenty nearest are taken; typing errors are not
    forgiven, so this is less work than the search does.
    """
    circle, [(age, _)] = query.within, query.ages
    first, last = query.days or (None, None)
    assert circle is not None
    assert first is not None
    assert last is not None
    center, radius, text = circle.center, circle.radius, query.text
    north = radius / METRES
    east = north / cos(radians(center.lat))
    days = {first.toordinal(), last.toordinal()}
    found = [
        (away, one.number)
        for one in documents
        if abs(one.lat - center.lat) <= north
        and abs(one.lon - center.lon) <= east
        and one.ages[0] <= age <= one.ages[1]
        and not days.isdisjoint(one.days)
        and text in one.text
        and (away := distance(center, Place(one.lat, one.lon))) <= radius
    ]
    nsmallest(20, found)
    return len(found)


def looking_at_each(size: Size) -> Measure:
    async def measure(_: Path) -> Figures:
        prepared = seen(size.searched)
        asked = city.questions(max(4, size.searches // 10), city.now().date())
        times, cpu = [], process_time()
        for query in asked:
            begun = perf_counter()
            passes(prepared, query)
            times.append(perf_counter() - begun)
        return {**latencies(times), "cpu_us": (process_time() - cpu) / len(asked) * 1e6}

    return measure


def searching(file: Path, size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        command = (servers.PYTHON, "-m", "benchmarks.searching")
        answer = await servers.output_of(*command, str(file), str(folder), str(size.searches))
        return msgspec.json.decode(answer, type=dict[str, float])

    return measure


async def search(file: Path, folder: Path, searches: int) -> Figures:
    """Build, ask and follow, in this process."""
    async with opened(file) as store:
        failures: list[Exception] = []
        source = ThingSource(store, clock=system_clock, report=failures.append)
        index = IndexedSearch(
            store, source, folder=folder, clock=system_clock, report=failures.append
        )
        begun, cpu = perf_counter(), process_time()
        index.start()
        await index.caught_up(await store.heads())
        built, cpu = perf_counter() - begun, process_time() - cpu
        finder, cpu_us = ThingFinder(index), process_time()
        times = await ask(finder, city.questions(searches, city.now().date()))
        cpu_us = (process_time() - cpu_us) / searches * 1e6
        service = ThingService(store, clock=system_clock, ids=new_id)
        soon = [await publish(finder, service, word) for word in CHANGED]
        await index.stop()
        if failures:
            raise failures[0]
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        **latencies(times),
        "cpu_us": cpu_us,
        "build_s": built,
        "build_cpu_s": cpu,
        "disk_mb": disk / 1e6,
        "peak_mb": servers.memory_of(os.getpid())["peak_mb"],
        "found_after_ms": percentile(soon, 0.5) * 1e3,
    }


async def ask(finder: ThingFinder, asked: Sequence[ThingQuery]) -> list[float]:
    times = []
    for query in asked:
        begun = perf_counter()
        await finder.find(query)
        times.append(perf_counter() - begun)
    return times


async def publish(finder: ThingFinder, service: ThingService, name: str) -> float:
    """Seconds from an approval until the thing is found; it is withdrawn afterwards."""
    thing = next(thing for thing, _ in city.things(1, city.now().date()))
    written = msgspec.structs.replace(thing.content, name=name)
    await service.save_profile("olga", "Olga", actor="benchmark")
    made = (await service.create_thing(written, "olga", actor="benchmark")).body
    await service.submit_thing(made.id, "olga", actor="benchmark")
    await service.approve(made.id, "rita", actor="benchmark")
    begun = perf_counter()
    while not (await finder.find(ThingQuery(text=name))).total:
        await asyncio.sleep(0.005)
    found = perf_counter() - begun
    await service.withdraw_thing(made.id, "measured", "olga", actor="benchmark")
    return found


def latencies(times: Sequence[float]) -> dict[str, float]:
    micros = [time * 1e6 for time in times]
    return {"p50_us": percentile(micros, 0.5), "p99_us": percentile(micros, 0.99)}


async def prepare(size: Size, folder: Path) -> Plan:
    await fill(folder / "city.db", size.searched)
    what = f"{size.searched:,} things; texts {', '.join(city.MIX)}; 5 km, age, weekend, total"
    return Plan(
        [
            Contender("unindexed pass", "prepared documents in memory", looking_at_each(size)),
            Contender("gatherlog", what, searching(folder / "city.db", size)),
        ],
        [
            Target("gatherlog", "p50_us", at_most=10_000),
            Target("gatherlog", "p99_us", at_most=50_000),
            Target("gatherlog", "p50_us", "unindexed pass", at_most=0.1),
            Target("gatherlog", "build_s", at_most=20),
            Target("gatherlog", "disk_mb", at_most=200),
            Target("gatherlog", "peak_mb", at_most=250),
            Target("gatherlog", "found_after_ms", at_most=500),
        ],
    )


BENCHMARKS = [Benchmark("search", "searching among things to do in one metropolis", prepare)]


def main(file: str, folder: str, searches: str) -> None:
    """What this process prints is read by the one that measures."""
    figures = run_on_loop(lambda: search(Path(file), Path(folder), int(searches)))
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
