"""Which Python an environment is made with, on machines that have none, an old one or several."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "pythons"
TOOLS = ["awk", "bash", "cut", "paste", "sed", "sort"]

NAMED = """
Gatherlog needs Python 3.11 or newer, with its venv and ensurepip; {name} is: {is_}.
These are here: 3.12 3.11. Name one: make PYTHON=3.12
"""
NONE = """
Gatherlog needs Python 3.11 or newer, with its venv and ensurepip; python3 is: {is_}.
There is none as python3.NN on PATH or in pyenv either. Install one (on Debian:
python3 and python3-venv), or name one: make PYTHON=/path/to/python3.13
"""


class Machine:
    """A PATH and a pyenv with nothing in them but the tools of a shell and what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.path, self.pyenv = folder / "bin", folder / "pyenv"
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.path / tool).symlink_to(found)

    def have(self, file: Path, version: str, *, fit: bool = True) -> str:
        """A Python that says of itself what the script asks for; returns its path."""
        file.parent.mkdir(parents=True, exist_ok=True)
        says = f'echo "{version} {file}"' if fit else "exit 1"
        file.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit\n{says}\n'
        )
        file.chmod(0o755)
        return str(file)

    def have_shim(self, file: Path) -> None:
        """A command that is there for a version which is not active, as pyenv has it."""
        file.write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
        file.chmod(0o755)

    def in_pyenv(self, version: str) -> str:
        file = self.pyenv / "versions" / f"{version}.1" / "bin" / "python3"
        return self.have(file, version)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.path / "bash"), str(SCRIPT), *arguments],
            env={"PATH": str(self.path), "PYENV_ROOT": str(self.pyenv)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_each_version_is_listed_once_and_the_newest_first(machine: Machine) -> None:
    python = machine.have(machine.path / "python3", "3.11")
    machine.have(machine.path / "python3.11", "3.11")
    newest, other = machine.in_pyenv("3.13"), machine.in_pyenv("3.12")
    machine.in_pyenv("3.11")

    listed = machine.run().stdout.splitlines()

    assert listed == [f"3.13 {newest}", f"3.12 {other}", f"3.11 {python}"]


def test_a_python_that_is_fit_is_chosen_whatever_else_there_is(machine: Machine) -> None:
    python = machine.have(machine.path / "python3", "3.11")
    machine.in_pyenv("3.13")

    assert machine.run("choose").stdout == f"{python}\n"


def test_the_newest_is_chosen_where_python3_is_too_old(machine: Machine) -> None:
    machine.have(machine.path / "python3", "3.9", fit=False)
    machine.have(machine.path / "python3.11", "3.11")
    newest = machine.have(machine.path / "python3.12", "3.12")

    assert machine.run("choose").stdout == f"{newest}\n"


def test_a_shim_of_a_version_that_is_not_active_is_passed_over(machine: Machine) -> None:
    machine.have_shim(machine.path / "python3")
    machine.have_shim(machine.path / "python3.13")
    real = machine.in_pyenv("3.13")

    assert machine.run().stdout == f"3.13 {real}\n"


@pytest.mark.parametrize("name", ["3.12", "python3.12"])
def test_one_that_is_named_by_its_version_is_found_behind_a_shim(
    machine: Machine, name: str
) -> None:
    machine.have(machine.path / "python3", "3.11")
    machine.have_shim(machine.path / "python3.12")
    real = machine.in_pyenv("3.12")
    machine.in_pyenv("3.13")

    assert machine.run("choose", name).stdout == f"{real}\n"


def test_one_that_is_named_by_its_path_is_chosen(machine: Machine) -> None:
    machine.have(machine.path / "python3", "3.11")
    named = machine.have(machine.path.parent / "own" / "python", "3.12")

    assert machine.run("choose", named).stdout == f"{named}\n"


@pytest.mark.parametrize(
    ("name", "is_"), [("python3.10", "Python 3.10"), ("python3.13", "nothing that runs")]
)
def test_one_that_is_named_and_not_fit_is_refused_with_what_there_is(
    machine: Machine, name: str, is_: str
) -> None:
    machine.have(machine.path / "python3", "3.11")
    machine.in_pyenv("3.12")
    machine.have(machine.path / "python3.10", "3.10", fit=False)

    refused = machine.run("choose", name)

    told = NAMED.format(name=name, is_=is_).lstrip()
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", told)


@pytest.mark.parametrize("version", ["3.9", None])
def test_where_there_is_none_it_is_said_what_to_do(machine: Machine, version: str | None) -> None:
    if version is not None:
        machine.have(machine.path / "python3", version, fit=False)

    refused = machine.run("choose")

    told = NONE.format(is_=f"Python {version}" if version else "nothing that runs").lstrip()
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", told)


def test_where_there_is_none_nothing_is_listed(machine: Machine) -> None:
    listed = machine.run()

    assert (listed.returncode, listed.stdout) == (0, "")


def test_of_an_environment_the_python_behind_it_is_chosen(machine: Machine) -> None:
    chosen = Path(machine.run("choose", sys.executable).stdout.strip())

    assert chosen.parent.resolve() == (Path(sys.base_prefix) / "bin").resolve()
