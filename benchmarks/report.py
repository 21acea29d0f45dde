"""What is printed and kept: one table per benchmark, and all runs as JSON."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import apsw
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Outcome, Size, Verdict

BUSY = 0.25
"""Load per core from which others disturb."""


class Record(msgspec.Struct, frozen=True):
    """One call of the benchmarks: on what, how much, and what came of it."""

    machine: dict[str, str]
    size: Size
    outcomes: list[Outcome]


def show(outcome: Outcome, console: Console) -> None:
    """Print the medians of all contenders, then what was to be reached and what was."""
    console.print()
    console.print(_figures(outcome))
    if outcome.verdicts:
        console.print(_verdicts(outcome.verdicts))
    if outcome.cited:
        console.print(f"cited, not run: {outcome.cited}", style="dim", soft_wrap=True)


def warn_if_busy(load: float, console: Console) -> None:
    """Say so where others use the machine: their work is in every figure."""
    cores = os.cpu_count() or 1
    if load > BUSY * cores:
        console.print(
            f"The machine is busy (load {load:.1f} on {cores} cores): expect ratios to scatter,"
            " and look at cpu_us, which moves least.",
            style="yellow",
        )


def summary(outcomes: list[Outcome]) -> tuple[int, int]:
    """How many targets were met, of how many."""
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    return sum(verdict.met for verdict in verdicts), len(verdicts)


def keep(file: Path, record: Record) -> None:
    """Write everything that was found, run by run."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


def machine(load: float) -> dict[str, str]:
    """What the figures depend on, without naming the machine."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load before the run": f"{load:.2f}",
        "sqlite in apsw": apsw.sqlite_lib_version(),
        "sqlite in the standard library": sqlite3.sqlite_version,
    }


def metrics_of(outcome: Outcome) -> list[str]:
    """All metrics that any contender has, in the order in which they first appear."""
    return list(dict.fromkeys(m for name in outcome.contenders for m in outcome.metrics(name)))


def number(value: float) -> str:
    """Three digits that count, or all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _figures(outcome: Outcome) -> Table:
    title = f"{outcome.name}: {outcome.title} (median of {len(outcome.runs)} runs)"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("contender")
    metrics = metrics_of(outcome)
    for metric in metrics:
        table.add_column(metric, justify="right")
    table.add_column("what it does")
    for name, what in outcome.contenders.items():
        own = outcome.metrics(name)
        cells = [number(outcome.median(name, m)) if m in own else "" for m in metrics]
        table.add_row(name, *cells, what)
    return table


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    table = Table(show_edge=False)
    for column in ("target", "reached", "runs", ""):
        table.add_column(column, justify="left" if column in ("target", "") else "right")
    for verdict in verdicts:
        spread = f"{number(min(verdict.per_run))} to {number(max(verdict.per_run))}"
        met = "[green]hit" if verdict.met else "[red]miss"
        table.add_row(verdict.target.wording, number(verdict.value), spread, met)
    return table
