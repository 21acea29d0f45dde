"""How all benchmarks measure: contenders take turns, and only ratios within one run count.

The speed of one machine varies by a factor of two between runs. So each run measures every
contender once (A B C, B C A, ...), each in an empty folder of its own. A ratio is computed within
each run, and the median of those ratios is compared with the target.
"""

import asyncio
import gc
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TypeVar

import msgspec
import uvloop

T = TypeVar("T")
Figures = Mapping[str, float]
"""The result of one measurement: rates per second, times in microseconds, sizes in megabytes."""
Measure = Callable[[Path], Awaitable[Figures]]
"""Measures one contender once, in an empty folder."""


class Contender(msgspec.Struct, frozen=True):
    """One way to do the work; `what` describes it in a line."""

    name: str
    what: str
    measure: Measure


class Target(msgspec.Struct, frozen=True):
    """A bound for a figure, or for its ratio to the same figure of the contender `against`."""

    contender: str
    metric: str
    against: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def wording(self) -> str:
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        against = f" x {self.against}" if self.against else ""
        return f"{self.contender}, {self.metric} {sign} {bound:g}{against}"


class Size(msgspec.Struct, frozen=True):
    """How much work a benchmark does; the defaults are the full size."""

    lone: int = 3_000
    """Commits of a lone writer."""
    concurrent: int = 40_000
    """Commits of many callers together."""
    batches: int = 400
    """Commits of 100 events."""
    replay: int = 500_000
    """Events replayed in order."""
    streams: int = 2_000
    """Streams of 20 events read one by one."""
    wakes: int = 1_000
    """Events for which a subscriber is woken."""
    seconds: float = 4.0
    """Duration of the load on a server."""
    guests: int = 1_000
    """Guests who answer over HTTP."""
    things: int = 500
    """Things to do that are asked for over GraphQL."""
    few: int = 10_000
    many: int = 1_000_000
    """Events in the small and in the large store; one document per ten events."""
    probes: int = 1_000
    """Operations measured on a small and on a large store."""
    searched: int = 100_000
    """Things to do that are searched."""
    searches: int = 400


QUICK = Size(
    lone=1_000,
    concurrent=10_000,
    batches=100,
    replay=100_000,
    streams=500,
    wakes=200,
    seconds=1.5,
    many=200_000,
    probes=300,
    searched=20_000,
    searches=200,
)
TINY = Size(
    lone=40,
    concurrent=600,
    batches=2,
    replay=2_000,
    streams=10,
    wakes=10,
    seconds=0.3,
    guests=8,
    things=4,
    few=400,
    many=2_000,
    probes=20,
    searched=300,
    searches=20,
)


class Plan(msgspec.Struct, frozen=True):
    """A benchmark that is ready to run: its contenders and its targets."""

    contenders: Sequence[Contender]
    targets: Sequence[Target]


class Benchmark(msgspec.Struct, frozen=True):
    """One benchmark. `prepare(size, folder)` creates its data before the measurement starts."""

    name: str
    title: str
    prepare: Callable[[Size, Path], Awaitable[Plan]]
    cited: str = ""
    """Published figures of other software, which is not run here."""
    on_demand: bool = False
    """Whether it runs only if it is named, because it takes long."""


class Verdict(msgspec.Struct, frozen=True):
    """A target and the value that was reached: the median, and the value of each run."""

    target: Target
    value: float
    per_run: Sequence[float]
    met: bool


class Outcome(msgspec.Struct, frozen=True):
    """All results of one benchmark, run by run."""

    name: str
    title: str
    contenders: Mapping[str, str]
    runs: Sequence[Mapping[str, Figures]]
    verdicts: Sequence[Verdict]
    cited: str

    def median(self, contender: str, metric: str) -> float:
        return median(run[contender][metric] for run in self.runs)

    def metrics(self, contender: str) -> list[str]:
        return list(self.runs[0][contender])


def run(benchmark: Benchmark, size: Size, folder: Path, runs: int) -> Outcome:
    """Measure one benchmark `runs` times; contenders take turns."""
    workspace = folder / benchmark.name
    workspace.mkdir(parents=True)
    try:
        plan = run_on_loop(lambda: benchmark.prepare(size, workspace))
        found = [
            {
                c.name: _measure(c, workspace / f"{number}-{place}")
                for place, c in _turns(plan, number)
            }
            for number in range(runs)
        ]
    finally:
        shutil.rmtree(workspace)
    return Outcome(
        benchmark.name,
        benchmark.title,
        {contender.name: contender.what for contender in plan.contenders},
        found,
        [judge(target, found) for target in plan.targets],
        benchmark.cited,
    )


def judge(target: Target, runs: Sequence[Mapping[str, Figures]]) -> Verdict:
    """The median over the runs of the figure, or of its ratio to the other contender's."""
    values = [found[target.contender][target.metric] for found in runs]
    if target.against is not None:
        others = [found[target.against][target.metric] for found in runs]
        values = [value / other for value, other in zip(values, others, strict=True)]
    value = median(values)
    return Verdict(target, value, values, target.met_by(value))


def run_on_loop(work: Callable[[], Awaitable[T]]) -> T:
    """Run to completion on an event loop like that of the server."""

    async def main() -> T:
        return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


class Stopwatch:
    """Measures a `with` block: operations per second, and this process's CPU time for each.

    The CPU time changes little if the machine is busy with other work; the rate changes much.
    """

    def __enter__(self) -> "Stopwatch":
        self._begun = perf_counter(), process_time()
        return self

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._begun
        self._taken = perf_counter() - wall, process_time() - cpu

    def figures(self, count: int) -> dict[str, float]:
        """The figures of the block, which did `count` operations."""
        wall, cpu = self._taken
        return {"rate": count / wall, "cpu_us": cpu / count * 1e6}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _turns(plan: Plan, number: int) -> Iterator[tuple[int, Contender]]:
    """All contenders, starting with another one in each run, so that no position is favoured."""
    count = len(plan.contenders)
    for step in range(count):
        place = (number + step) % count
        yield place, plan.contenders[place]


def _measure(contender: Contender, folder: Path) -> Figures:
    folder.mkdir()
    gc.collect()
    try:
        return run_on_loop(lambda: contender.measure(folder))
    finally:
        shutil.rmtree(folder)
