"""`python -m benchmarks.turns FOLDER name ...`: this code and that of another checkout, in turns.

It says for every contender of ours how its speed compares with the other checkout's, in the same
turn: the median of the turns, and the lowest and the highest. 1.1 means that this code is faster by
a tenth. Both are run by the Python that runs this.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent.parent
FASTER_IS_MORE = {"rate": True, "cpu_us": False, "p50_us": False}
"""The figures that are compared, and whether a greater one is better."""
FOREIGN = ("raw", "by hand", "bare", "naive", "eventsourcing")
"""How the names of contenders begin that are not ours."""

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By benchmark, contender and figure."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns")
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("name", nargs="+", help="benchmarks that both checkouts have")
    parser.add_argument("--turns", type=int, default=9)
    given = parser.parse_args()
    before, turns = given.folder.absolute(), []
    for turn in range(given.turns):
        order = [before, HERE] if turn % 2 == 0 else [HERE, before]
        found = {folder: measured(folder, given.name) for folder in order}
        turns.append((found[before], found[HERE]))
    print("| benchmark | contender | figure | before | now | median ratio | lowest to highest |")
    print("|---|---|---|---|---|---|---|")
    for row in compared(turns):
        print(row)


def measured(checkout: Path, names: list[str]) -> Figures:
    """One quick run of these benchmarks in a checkout."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks", *names, "--quick", "--runs", "1"),
                *("--json", str(file)),
            ],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": f"{checkout / 'src'}:{checkout}"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        kept: Any = json.loads(file.read_bytes())
    return {outcome["name"]: outcome["runs"][0] for outcome in kept["outcomes"]}


def compared(turns: list[tuple[Figures, Figures]]) -> Iterator[str]:
    """A row of a table for each figure of each contender of ours."""
    for name, contenders in turns[0][1].items():
        for contender, figures in contenders.items():
            if contender.startswith(FOREIGN):
                continue
            for figure in [known for known in FASTER_IS_MORE if known in figures]:
                measured_ones = [
                    (old[name][contender][figure], new[name][contender][figure])
                    for old, new in turns
                ]
                pairs = [(old, new) for old, new in measured_ones if old and new]
                if not pairs:
                    continue
                ratios = sorted(
                    new / old if FASTER_IS_MORE[figure] else old / new for old, new in pairs
                )
                before, now = (median(side) for side in zip(*pairs, strict=True))
                yield (
                    f"| {name} | {contender} | {figure} | {before:,.1f} | {now:,.1f}"
                    f" | {median(ratios):.3f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
                )


if __name__ == "__main__":
    main()
