"""All benchmarks by name, in the order in which they run and are listed."""

from benchmarks import (
    answering,
    appending,
    asking,
    expiring,
    following,
    footprint,
    growing,
    hosting,
    keeping,
    matching,
    reading,
    routing,
    searching,
    serving,
    sharing,
    waking,
)
from benchmarks.measuring import Benchmark

MODULES = (
    appending,
    answering,
    reading,
    waking,
    following,
    matching,
    routing,
    serving,
    asking,
    hosting,
    sharing,
    searching,
    keeping,
    expiring,
    footprint,
    growing,
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for module in MODULES for benchmark in module.BENCHMARKS
}
