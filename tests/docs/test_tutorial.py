"""The commands of the tutorial, as they stand there: each prints what stands below it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.terminal import environment
from tests.stores import eventually

ROOT = Path(__file__).parents[2]
SECOND_TERMINAL = "users.py work"


def steps() -> list[tuple[list[str], str]]:
    """The commands of each block, and what the last of them prints, where that stands there."""
    text = (ROOT / "docs" / "tutorial.md").read_text()
    found = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", text, re.M | re.S)
    return [(commands.splitlines(), printed) for commands, printed in found]


class Terminals:
    """A folder with the examples, in which commands are run; one goes on in a second terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._second: subprocess.Popen[bytes] | None = None
        programs = Path(sys.executable).parent
        self._environment = environment(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")

    def run(self, command: str) -> str:
        done = subprocess.run(
            shlex.split(command),
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout or done.stderr

    def start(self, command: str) -> None:
        self.end()
        arguments = shlex.split(command)
        self._second = subprocess.Popen(arguments, cwd=self._folder, env=self._environment)

    def end(self) -> None:
        if self._second is not None:
            self._second.terminate()
            self._second.wait()


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    terminals = Terminals(tmp_path)
    yield terminals
    terminals.end()


async def test_the_tutorial_works_as_written(terminals: Terminals) -> None:
    for commands, printed in steps():
        for command in commands:
            if SECOND_TERMINAL in command:
                terminals.start(command)
                continue
            output = terminals.run(command)

            async def again(command: str = command) -> str:
                return terminals.run(command)

            if printed and command == commands[-1] and output != printed:
                await eventually(again, printed, deadline=40.0)

    shown = terminals.run("gatherlog dead-letters list --subscription users --state dead")
    assert "no letters" in shown
