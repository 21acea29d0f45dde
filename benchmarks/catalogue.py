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
    messaging,
    on_dynamodb,
    on_postgres,
    reading,
    routing,
    searching,
    serving,
    sharing,
    taking,
    talking,
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
    messaging,
    asking,
    hosting,
    sharing,
    taking,
    searching,
    keeping,
    talking,
    expiring,
    footprint,
    growing,
    on_postgres,
    on_dynamodb,
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for module in MODULES for benchmark in module.BENCHMARKS
}
