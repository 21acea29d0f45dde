"""All benchmarks by name, in the order in which they run and are listed."""

from benchmarks import (
    answering,
    appending,
    asking,
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
    taking,
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
    taking,
    searching,
    keeping,
    footprint,
    growing,
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for module in MODULES for benchmark in module.BENCHMARKS
}
