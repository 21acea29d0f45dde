"""Every benchmark runs, at a tiny size and never timed; and figures are judged as documented."""

import math
from pathlib import Path

import msgspec
import pytest

from benchmarks.catalogue import BENCHMARKS
from benchmarks.folders import fresh_folder
from benchmarks.markdown import MARK, write_figures
from benchmarks.measuring import TINY, Outcome, Target, Verdict, judge, percentile, run
from benchmarks.report import Record, keep, machine
from benchmarks.workload import CODEC, payload

TARGET = Target("ours", "rate", "raw", at_least=0.8)
OUTCOME = Outcome(
    "append",
    "appending",
    {"raw": "by hand", "ours": "through the store"},
    [{"raw": {"rate": 1000.0}, "ours": {"rate": 700.0}}],
    [Verdict(TARGET, 0.7, [0.7], met=False)],
    "others 5/s",
)
QUICK_ENOUGH = [name for name, benchmark in BENCHMARKS.items() if not benchmark.on_demand]


@pytest.mark.parametrize("name", QUICK_ENOUGH)
def test_each_benchmark_measures_all_its_contenders_and_judges_all_its_targets(
    name: str, tmp_path: Path
) -> None:
    outcome = run(BENCHMARKS[name], TINY, tmp_path, runs=1)

    assert [list(found) for found in outcome.runs] == [list(outcome.contenders)]
    assert len(outcome.verdicts) > 0
    assert [
        figure for verdict in outcome.verdicts for figure in verdict.per_run if figure < 0
    ] == []
    assert all(math.isfinite(verdict.value) for verdict in outcome.verdicts)
    assert list(tmp_path.iterdir()) == []


def test_a_ratio_is_taken_within_each_run_before_the_median() -> None:
    runs = [
        {"raw": {"rate": 100.0}, "ours": {"rate": 90.0}},
        {"raw": {"rate": 1000.0}, "ours": {"rate": 700.0}},
        {"raw": {"rate": 10.0}, "ours": {"rate": 8.0}},
    ]

    verdict = judge(TARGET, runs)

    assert (verdict.value, list(verdict.per_run), verdict.met) == (0.8, [0.9, 0.7, 0.8], True)


def test_a_figure_without_a_rival_is_held_against_the_bound_itself() -> None:
    target = Target("ours", "p50_us", at_most=100.0)

    assert judge(target, [{"ours": {"p50_us": 101.0}}]).met is False
    assert judge(target, [{"ours": {"p50_us": 100.0}}]).met is True


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (
        51.0,
        100.0,
        7.0,
    )


def test_the_payload_has_about_200_bytes_of_json() -> None:
    sizes = [len(CODEC.encode(payload(number))[2]) for number in range(100)]

    assert (min(sizes) >= 180, max(sizes) <= 220) == (True, True)


def test_a_folder_in_memory_is_refused() -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir():
        pytest.skip("this system shows no file system in memory")

    with pytest.raises(SystemExit, match="nothing is durable there"), fresh_folder(shared_memory):
        pass


def test_what_is_kept_can_be_read_back(tmp_path: Path) -> None:
    record = Record(machine(0.5), TINY, [OUTCOME])

    keep(tmp_path / "runs.json", record)

    assert msgspec.json.decode((tmp_path / "runs.json").read_bytes(), type=Record) == record


def test_figures_replace_the_last_ones_and_leave_the_page_above_them(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\nHow it is measured.\n\n")
    record = Record({"cores": "2"}, TINY, [OUTCOME])

    write_figures(page, record)
    once = page.read_text()
    write_figures(page, record)

    assert once == page.read_text()
    assert once.splitlines() == [
        "# Performance",
        "",
        "How it is measured.",
        "",
        MARK,
        "",
        "0 of 1 targets met. cores 2.",
        "",
        "| benchmark | target | reached | runs | |",
        "|---|---|---|---|---|",
        "| append | ours, rate ≥ 0.8 x raw | 0.7 | 0.7 to 0.7 | **miss** |",
        "",
        "### append",
        "Appending; medians of 1 runs.",
        "",
        "| contender | rate | what it does |",
        "| --- | --- | --- |",
        "| raw | 1,000 | by hand |",
        "| ours | 700 | through the store |",
        "",
        "Cited, not run: others 5/s.",
    ]
