"""Searching among things to do in one metropolis, against looking at each of them.

The process that searches is one of its own: its memory is its alone. It builds its index from a
source that makes the documents, follows the log of a store in a file, and answers one question
after the other.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import nsmallest
from math import cos, radians
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from benchmarks import city, ours, servers
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
from benchmarks.workload import payload, to_event
from gatherlog.core import Append, Commit, Recorded
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.search import Place, SearchDocument, SearchQuery, Text, Touched
from gatherlog.core.search.places import distance
from gatherlog.core.search.words import words_of
from gatherlog.search import IndexedSearch

METRES = 111_195
"""Of a degree of latitude."""
CHANGED = ("quagga", "axolotl", "wombat", "ibex", "okapi")
"""Changes of which it is measured when they are found: words that are like no others."""


class City:
    """A source that makes its documents anew each time, and one more when it is touched."""

    name = "city"
    version = 1

    def __init__(self, count: int) -> None:
        self._count = count
        self._today = city.now().date()

    def touched(self, event: Recorded) -> Touched | None:
        category, _, id = event.stream.partition("-")
        return Touched(ids=[id]) if category == "city" else None

    async def read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        return [SearchDocument(id=id, texts=[Text(id)]) for id in ids]

    async def everything(self) -> AsyncIterator[SearchDocument]:
        for number, document in enumerate(city.things(self._count, self._today)):
            if number % 100 == 0:
                await asyncio.sleep(0)
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
    for number, document in enumerate(city.things(count, city.now().date())):
        place, ages, occurrences = document.place, document.ages, document.occurrences or ()
        assert place is not None
        assert ages is not None
        words = words_of(" ".join(text.text for text in document.texts))
        days = frozenset(one.day.toordinal() for one in occurrences)
        found.append(Seen(number, " ".join(words), place.lat, place.lon, ages, days))
    return found


def passes(documents: list[Seen], query: SearchQuery) -> int:
    """Look at every document, the cheapest conditions first; returns how many are found.

    A word is found in any part of a text, and the twenty nearest are taken; typing errors are not
    forgiven, so this is less work than the search does.
    """
    circle, [(age, _)] = query.within, query.ages
    first, last = query.days
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
        documents = seen(size.searched)
        asked = city.questions(max(4, size.searches // 10), city.now().date())
        times, cpu = [], process_time()
        for query in asked:
            begun = perf_counter()
            passes(documents, query)
            times.append(perf_counter() - begun)
        return {**latencies(times), "cpu_us": (process_time() - cpu) / len(asked) * 1e6}

    return measure


def searching(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        command = (servers.PYTHON, "-m", "benchmarks.searching")
        answer = await servers.output_of(
            *command, str(folder), str(size.searched), str(size.searches)
        )
        return msgspec.json.decode(answer, type=dict[str, float])

    return measure


async def search(folder: Path, things: int, searches: int) -> Figures:
    """Build, ask and follow, in this process."""
    async with ours.opened(folder) as store:
        failures: list[Exception] = []
        index = IndexedSearch(
            store, City(things), folder=folder / "index", clock=system_clock, report=failures.append
        )
        begun, cpu = perf_counter(), process_time()
        index.start()
        await index.caught_up((0,))
        built, cpu = perf_counter() - begun, process_time() - cpu
        cpu_us = process_time()
        times = await ask(index, city.questions(searches, city.now().date()))
        cpu_us = (process_time() - cpu_us) / searches * 1e6
        soon = [await change(index, store.commit, word) for word in CHANGED]
        await index.stop()
        if failures:
            raise failures[0]
    disk = sum(file.stat().st_size for file in (folder / "index").rglob("*") if file.is_file())
    return {
        **latencies(times),
        "cpu_us": cpu_us,
        "build_s": built,
        "build_cpu_s": cpu,
        "disk_mb": disk / 1e6,
        "peak_mb": servers.memory_of(os.getpid())["peak_mb"],
        "found_after_ms": percentile(soon, 0.5) * 1e3,
    }


async def ask(index: IndexedSearch, asked: Sequence[SearchQuery]) -> list[float]:
    times = []
    for query in asked:
        begun = perf_counter()
        await index.find(query)
        times.append(perf_counter() - begun)
    return times


async def change(index: IndexedSearch, commit: Callable[..., object], id: str) -> float:
    """Seconds from an acknowledged change until it is found."""
    append = Append(f"city-{id}", [to_event(payload(0))])
    await commit(Commit(appends=[append]))  # type: ignore[misc]
    begun = perf_counter()
    while not (await index.find(SearchQuery(text=id))).total:
        await asyncio.sleep(0.005)
    return perf_counter() - begun


def latencies(times: Sequence[float]) -> dict[str, float]:
    micros = [time * 1e6 for time in times]
    return {"p50_us": percentile(micros, 0.5), "p99_us": percentile(micros, 0.99)}


async def prepare(size: Size, _: Path) -> Plan:
    what = f"{size.searched:,} things; texts {', '.join(city.MIX)}; 5 km, age, weekend, total"
    return Plan(
        [
            Contender("unindexed pass", "prepared documents in memory", looking_at_each(size)),
            Contender("gatherlog", what, searching(size)),
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


def main(folder: str, things: str, searches: str) -> None:
    """What this process prints is read by the one that measures."""
    figures = run_on_loop(lambda: search(Path(folder), int(things), int(searches)))
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
