"""Commands run in this process, in an empty directory and without settings from outside."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatherlog.entrypoints.cli.app import run
from tests.entrypoints.terminal import Result

Terminal = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    for name in [name for name in os.environ if name.startswith("GATHERLOG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def terminal(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Terminal:
    """Runs a command in this process; its standard input is no terminal."""

    def type_in(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = run(arguments)
        return Result(status, *capfd.readouterr())

    return type_in


@pytest.fixture
def party(terminal: Terminal) -> Terminal:
    """The terminal in a directory that has a store."""
    assert terminal("init").status == 0
    return terminal
