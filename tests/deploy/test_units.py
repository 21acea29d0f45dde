"""The units of systemd in deploy/ are read without complaint, and let the services do little."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.proxied import DEPLOY

UNITS = DEPLOY / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 15
"""Of 100, as systemd rates what a service could do to the machine; 14 is what is left for one that
speaks TCP and writes files."""
PROGRAMS = {
    "/opt/gatherlog/current/bin/gatherlog": "/usr/bin/env",
    "/usr/local/lib/gatherlog/backup": "/usr/bin/env",
}


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder, with programs that this machine has."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    (folder / "journald.conf").unlink()
    for unit in folder.glob("*.service"):
        text = unit.read_text()
        for name, there in PROGRAMS.items():
            text = text.replace(f"ExecStart={name} ", f"ExecStart={there} ")
        unit.write_text(text)
    return folder


def systemd_analyze(units: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it; these units are the first that it looks for, before those of the machine."""
    program = shutil.which("systemd-analyze")
    if program is None:
        if os.environ.get("GATHERLOG_REQUIRE_SYSTEMD"):
            pytest.fail("systemd-analyze is not installed")
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        [program, *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_systemd_reads_the_units_without_complaint(units: Path) -> None:
    files = [str(file) for file in sorted(units.iterdir()) if file.is_file()]
    checked = systemd_analyze(units, "verify", "--man=no", *files)

    assert len(files) == 5
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("service", [file.name for file in SERVICES])
def test_a_service_may_do_little(units: Path, service: str) -> None:
    arguments = ("security", "--offline=true", f"--threshold={MOST_EXPOSED}")
    rated = systemd_analyze(units, *arguments, str(units / service))

    assert rated.returncode == 0, rated.stdout


def test_the_how_to_installs_every_file() -> None:
    how_to = (DEPLOY.parent / "docs" / "how-to" / "put-it-on-the-internet.md").read_text()
    folders = ("bin", "caddy", "container", "nginx")
    files = [f"{folder}/{file.name}" for folder in folders for file in (DEPLOY / folder).iterdir()]

    assert len(files) == 5
    for name in ("gatherlog.env", "systemd/gatherlog-*", "systemd/journald.conf", *files):
        assert re.search(rf"[ /]{re.escape(name)}", how_to), name
    for unit in UNITS.glob("gatherlog-*.*"):
        assert unit.name in how_to or unit.suffix in (".timer", ".d"), unit.name
