"""The README's examples, run as written."""

import importlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import gatherlog.core

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A running demo in a directory of its own: the variables that its `export` line sets."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with subprocess.Popen(
        [".venv/bin/gatherlog", "demo", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        kill = threading.Timer(60, process.kill)
        kill.start()
        try:
            assert process.stdout is not None
            export = next(line for line in process.stdout if line.startswith("export "))
            yield dict(pair.split("=", 1) for pair in export.split()[1:])
        finally:
            kill.cancel()
            process.send_signal(signal.SIGTERM)


def test_the_curl_examples_work_as_written(demo: dict[str, str], tmp_path: Path) -> None:
    rsvp, following = [block for block in blocks("sh") if "/rsvp" in block]

    def ran(example: str) -> subprocess.CompletedProcess[str]:
        whole = example.replace("curl -s", "curl --fail-with-body -s")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", whole],
            cwd=tmp_path,
            env=os.environ | demo,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    done = ran(rsvp)
    followed = ran(rsvp + following).stdout.removeprefix(done.stdout)

    answer, figures, *_, link = done.stdout.split("\n")[:-1]
    assert '"status":"coming"' in answer.replace(" ", "")
    assert '"totalComing"' in figures
    assert "guests.rsvp_submitted" in done.stdout
    assert "/r/" in link
    rule, copies, subscriptions = followed.split("\n")[-4:-1]
    assert "id: " in followed
    assert '"name":"answers"' in rule
    assert '"num_guests":3' in copies
    assert '"name":"bus"' in subscriptions


def test_the_library_example_works_as_written(tmp_path: Path) -> None:
    [example] = blocks("python")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("1 ItemSold(item='lamp', pieces=2)\n", "")


def test_every_name_in_the_table_of_packages_can_be_imported_from_its_package() -> None:
    table = re.findall(r"^\| `gatherlog\.(core\.\w+)` \| (.*) \|$", README, re.MULTILINE)
    missing = [
        f"{package}.{name}"
        for package, about in table
        for name in re.findall(r"`(\w+)`", about)
        if name not in importlib.import_module(f"gatherlog.{package}").__all__
    ]

    folder = Path(gatherlog.core.__file__).parent
    assert {package for package, _ in table} == {
        f"core.{init.parent.name}" for init in folder.glob("*/__init__.py")
    }
    assert missing == []
