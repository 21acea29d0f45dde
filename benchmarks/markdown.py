"""Writes the figures as Markdown, into the last part of docs/performance.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measuring import Outcome
from benchmarks.report import Record, metrics_of, number, summary

MARK = "<!-- Everything below is written by `python -m benchmarks --markdown FILE`. -->"


def write_figures(file: Path, record: Record) -> None:
    """Replace what follows MARK in the file by the figures; what comes before it is kept."""
    before, _, _ = file.read_text().partition(MARK) if file.exists() else ("", "", "")
    file.write_text(before + "\n".join([MARK, "", *_lines(record), ""]))


def _lines(record: Record) -> Iterator[str]:
    met, of = summary(record.outcomes)
    machine = ", ".join(f"{name} {value}" for name, value in record.machine.items())
    yield f"{met} of {of} targets met. {machine}."
    yield ""
    yield "| benchmark | target | reached | runs | |"
    yield "|---|---|---|---|---|"
    for outcome in record.outcomes:
        yield from _verdicts(outcome)
    for outcome in record.outcomes:
        yield from _figures(outcome)


def _verdicts(outcome: Outcome) -> Iterator[str]:
    for verdict in outcome.verdicts:
        spread = f"{number(min(verdict.per_run))} to {number(max(verdict.per_run))}"
        met = "hit" if verdict.met else "**miss**"
        yield _row(outcome.name, verdict.target.wording, number(verdict.value), spread, met)


def _figures(outcome: Outcome) -> Iterator[str]:
    metrics = metrics_of(outcome)
    yield ""
    yield f"### {outcome.name}"
    yield f"{outcome.title[0].upper()}{outcome.title[1:]}; medians of {len(outcome.runs)} runs."
    yield ""
    yield _row("contender", *metrics, "what it does")
    yield _row(*["---"] * (len(metrics) + 2))
    for name, what in outcome.contenders.items():
        yield _row(name, *_cells(outcome, name, metrics), what)
    if outcome.cited:
        yield ""
        yield f"Cited, not run: {outcome.cited}."


def _cells(outcome: Outcome, contender: str, metrics: Sequence[str]) -> Iterator[str]:
    own = outcome.metrics(contender)
    for metric in metrics:
        yield number(outcome.median(contender, metric)) if metric in own else ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
