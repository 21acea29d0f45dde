"""`python -m benchmarks [name ...]`: measure, print the ratios, and keep the runs as JSON."""

import argparse
import os
from pathlib import Path

from rich.console import Console

from benchmarks import markdown, report
from benchmarks.catalogue import BENCHMARKS
from benchmarks.folders import fresh_folder
from benchmarks.measuring import QUICK, Size, run

RUNS = 5
QUICK_RUNS = 3


def main() -> None:
    options = parse()
    size = QUICK if options.quick else Size()
    runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    console = Console(width=140, highlight=False)
    load = os.getloadavg()[0]
    report.warn_if_busy(load, console)
    outcomes = []
    with fresh_folder(options.folder) as folder:
        for name in options.names:
            with console.status(f"{name}: {runs} runs"):
                outcomes.append(run(BENCHMARKS[name], size, folder, runs))
            report.show(outcomes[-1], console)
            record = report.Record(report.machine(load), size, outcomes)
            if options.json:
                report.keep(options.json, record)
            if options.markdown:
                markdown.write_figures(options.markdown, record)
    met, of = report.summary(outcomes)
    console.print(f"\n{met} of {of} targets met")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=int, help=f"default {RUNS}; with --quick {QUICK_RUNS}")
    parser.add_argument(
        "--quick", action="store_true", help="do less work; the figures are less precise"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every run in FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the figures into FILE")
    parser.add_argument("--folder", type=Path, help="folder for the files; default .bench")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(
            f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}"
        )
    options.names = options.names or [name for name, b in BENCHMARKS.items() if not b.on_demand]
    return options


if __name__ == "__main__":
    main()
