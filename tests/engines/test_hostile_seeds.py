"""Subscriptions, rules, queues and live followers on the hostile engine, with several seeds.

GATHERLOG_SEEDS=10 tries ten of them, which takes a quarter of an hour.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = int(os.environ.get("GATHERLOG_SEEDS", "2"))
SUITES = (
    "tests/apps/intake",
    "tests/core/queues",
    "tests/core/routing",
    "tests/core/subscriptions",
    "tests/interfaces/routing",
    "tests/interfaces/test_feed.py",
    "tests/interfaces/test_live.py",
    "tests/interfaces/test_live_failures.py",
    "tests/interfaces/test_live_quiet.py",
    "tests/interfaces/test_poison.py",
    "tests/interfaces/test_queue_handlers.py",
    "tests/targets/test_queue.py",
)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(10, 10 + SEEDS))
def test_everything_that_reads_the_log_holds_whatever_the_engine_does(seed: int) -> None:
    arguments = ["-q", "-p", "no:cacheprovider", "-m", "not heavy", "-k", "hostile", *SUITES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "GATHERLOG_HOSTILE_SEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-20_000:]
