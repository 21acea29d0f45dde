"""The report: one table per benchmark on the terminal, and all runs as JSON."""

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
"""The load per core above which other work on the machine distorts the figures."""


class Record(msgspec.Struct, frozen=True):
    """One call of the benchmarks: the machine, the amount of work, and the results."""

    machine: dict[str, str]
    size: Size
    outcomes: list[Outcome]


def show(outcome: Outcome, console: Console) -> None:
    """Print the medians of all contenders, then each target with the value that was reached."""
    console.print()
    console.print(_figures(outcome))
    if outcome.verdicts:
        console.print(_verdicts(outcome.verdicts))
    if outcome.cited:
        console.print(f"cited, not run: {outcome.cited}", style="dim", soft_wrap=True)


def warn_if_busy(load: float, console: Console) -> None:
    """Print a warning if the machine is busy, because that distorts every figure."""
    cores = os.cpu_count() or 1
    if load > BUSY * cores:
        console.print(
            f"The machine is busy (load {load:.1f} on {cores} cores): expect ratios to scatter,"
            " and look at cpu_us, which moves least.",
            style="yellow",
        )


def summary(outcomes: list[Outcome]) -> tuple[int, int]:
    """The number of targets that were met, and of all targets."""
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    return sum(verdict.met for verdict in verdicts), len(verdicts)


def keep(file: Path, record: Record) -> None:
    """Write the results of all runs as JSON."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


def machine(load: float) -> dict[str, str]:
    """What the figures depend on, without the name of the machine."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load before the run": f"{load:.2f}",
        "sqlite in apsw": apsw.sqlite_lib_version(),
        "sqlite in the standard library": sqlite3.sqlite_version,
    }


def metrics_of(outcome: Outcome) -> list[str]:
    """All metrics of the contenders, in the order in which they first appear."""
    return list(dict.fromkeys(m for name in outcome.contenders for m in outcome.metrics(name)))


def number(value: float) -> str:
    """Three significant digits, or all digits before the decimal point if there are more."""
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
