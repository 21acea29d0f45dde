"""Matching: the time to match an event with 10 to 10,000 rules, by exact fields and other tests."""

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Any  # patterns and events are JSON

import msgspec

from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Stopwatch,
    Target,
)
from gatherlog.core.routing.patterns import Pattern, compile_pattern
from gatherlog.core.routing.rule_index import RuleIndex

Json = dict[str, Any]
FEWEST = 10
MOST = 10_000
MOST_EVENTS = 5_000
EVENTS_PER_PROBE = 20
"""Events to match for each probe of `Size.probes`, since matching is fast."""
STRIDE = 7_919
"""The step from the rule that one event matches to that of the next: a prime, so that the events
go through all rules."""


def event(number: int) -> Json:
    """An event as the bus matches it: about 300 bytes of JSON, decoded."""
    fields = {
        "version": "0",
        "id": f"0198c0de-0000-7000-8000-{number:012}",
        "source": "gatherlog",
        "detail-type": "guests.rsvp_submitted",
        "time": "2026-11-24T10:00:00Z",
        "detail": {
            "log": f"gathering-{number}",
            "host": f"host-{number // 100}",
            "hall": f"hall-{number % 100}",
            "path": f"halls/{number:05}/tables/7.csv",
            "payload": {"attending": "yes", "people": 2, "diets": ["vegan", "nuts"]},
        },
    }
    decoded: Json = msgspec.json.decode(msgspec.json.encode(fields))
    return decoded


def exact(number: int) -> Json:
    return {
        "source": ["gatherlog"],
        "detail-type": ["guests.rsvp_submitted"],
        "detail": {"log": [f"gathering-{number}"]},
    }


def crossed(number: int) -> Json:
    """Two exact fields; of 10,000 rules, 100 share each value of a field."""
    return {"detail": {"host": [f"host-{number // 100}"], "hall": [f"hall-{number % 100}"]}}


def prefixed(number: int) -> Json:
    return {"source": ["gatherlog"], "detail": {"path": [{"prefix": f"halls/{number:05}/"}]}}


def wildcard(number: int) -> Json:
    """A wildcard that begins with an asterisk, so that only a text within tells it apart."""
    return {"source": ["gatherlog"], "detail": {"path": [{"wildcard": f"*/{number:05}/*.csv"}]}}


def mixed(number: int) -> Json:
    """One exact field, a wildcard, a numeric range, and a field that must not exist."""
    return {
        "detail": {
            "log": [f"gathering-{number}"],
            "path": [{"wildcard": "*/tables/*.csv"}],
            "payload": {"people": [{"numeric": [">", 1]}], "note": [{"exists": False}]},
        }
    }


def most_rules(size: Size) -> int:
    """10,000, or fewer at the tiny size."""
    return min(MOST, size.probes * 40)


def rules_of(make: Callable[[int], Json], count: int) -> dict[str, Pattern]:
    return {f"rule-{number}": compile_pattern(make(number)) for number in range(count)}


def by_index(rules: Mapping[str, Pattern], count: int) -> Measure:
    """Match with the index of all rules. Each event matches exactly one rule."""
    return timed(RuleIndex(rules).match, len(rules), count)


def one_by_one(rules: Mapping[str, Pattern], count: int) -> Measure:
    def match(event: Json) -> list[str]:
        return [name for name, pattern in rules.items() if pattern.matches(event)]

    return timed(match, len(rules), count)


def timed(match: Callable[[Json], list[str]], rules: int, count: int) -> Measure:
    async def measure(_: Path) -> Figures:
        numbers = [turn * STRIDE % rules for turn in range(min(count, MOST_EVENTS))]
        events = [event(number) for number in numbers]
        if [match(one) for one in events[:FEWEST]] != [[f"rule-{n}"] for n in numbers[:FEWEST]]:
            raise RuntimeError("the events do not meet the rules that they were made for")
        with Stopwatch() as watch:
            for one in islice(cycle(events), count):
                match(one)
        return watch.figures(count)

    return measure


def by_count(make: Callable[[int], Json], what: str, *, at_most: float) -> Callable[..., Any]:
    """10, 100, 1,000 and 10,000 rules of one kind; the target compares the most with the fewest."""

    async def prepare(size: Size, _: Path) -> Plan:
        count, most = size.probes * EVENTS_PER_PROBE, most_rules(size)
        contenders = [
            Contender(f"{rules:,} rules", what, by_index(rules_of(make, rules), count))
            for rules in sorted({FEWEST, most // 100, most // 10, most})
        ]
        return Plan(
            contenders, [Target(f"{most:,} rules", "cpu_us", f"{FEWEST} rules", at_most=at_most)]
        )

    return prepare


async def prepare_wildcard(size: Size, _: Path) -> Plan:
    most, count = most_rules(size), size.probes // 5
    few, many = rules_of(wildcard, most // 10), rules_of(wildcard, most)
    return Plan(
        [
            Contender(f"{len(few):,} rules", "a text within leads to it", by_index(few, count)),
            Contender(f"{most:,} rules", "a text within leads to it", by_index(many, count)),
            Contender(f"{most:,} one by one", "Pattern.matches", one_by_one(many, count)),
        ],
        [
            Target(f"{most:,} rules", "cpu_us", f"{len(few):,} rules", at_most=15),
            Target(f"{most:,} rules", "cpu_us", f"{most:,} one by one", at_most=1.5),
        ],
    )


async def prepare_one(size: Size, _: Path) -> Plan:
    count = size.probes * EVENTS_PER_PROBE
    plain, rich = compile_pattern(exact(1)), compile_pattern(mixed(1))
    backtracking = compile_pattern({"detail": {"path": [{"wildcard": "*a" * 8 + "*b"}]}})
    no_match = {"detail": {"path": "a" * 1_000}}
    return Plan(
        [
            Contender(
                "3 exact fields", "Pattern.matches", single_pattern(plain, event(1), True, count)
            ),
            Contender(
                "5 mixed fields", "Pattern.matches", single_pattern(rich, event(1), True, count)
            ),
            Contender(
                "9 wildcards",
                "a string of 1,000 a",
                single_pattern(backtracking, no_match, False, count),
            ),
        ],
        [
            Target("3 exact fields", "cpu_us", at_most=3),
            Target("9 wildcards", "cpu_us", "3 exact fields", at_most=5),
        ],
    )


def single_pattern(pattern: Pattern, event: Json, expected: bool, count: int) -> Measure:
    async def measure(_: Path) -> Figures:
        if pattern.matches(event) != expected:
            raise RuntimeError("the pattern does not do what is measured")
        matches = pattern.matches
        with Stopwatch() as watch:
            for _number in range(count):
                matches(event)
        return watch.figures(count)

    return measure


BENCHMARKS = [
    Benchmark("match-one", "one pattern, one event", prepare_one),
    Benchmark(
        "match-exact",
        "one event against all rules that differ in one exact field of three",
        by_count(exact, "source, detail-type, log", at_most=3),
    ),
    Benchmark(
        "match-crossed",
        "one event against all rules with two exact fields whose values many share",
        by_count(crossed, "host, hall", at_most=3),
    ),
    Benchmark(
        "match-prefix",
        "one event against all rules that differ in a prefix",
        by_count(prefixed, "source, prefix of path", at_most=3),
    ),
    Benchmark(
        "match-mixed",
        "one event against all rules with a wildcard, a range and an absence beside an exact field",
        by_count(mixed, "log, path, people, note", at_most=3),
    ),
    Benchmark(
        "match-wildcards",
        "one event against rules that differ in the middle of a wildcard",
        prepare_wildcard,
    ),
]
