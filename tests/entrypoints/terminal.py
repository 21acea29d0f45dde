"""The command as a user types it: a process of its own, its output, its status."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_STARTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from gatherlog.entrypoints.cli import main
main()
"""
COMMAND = [sys.executable, "-c", _STARTED]
"""Handles Ctrl-C, also where the tests were started with it ignored, as by nohup."""
_MEASURED = """
import atexit, pathlib
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text()))
"""
PATIENCE = 30.0


class Result(NamedTuple):
    status: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """This process's environment; of our own settings only those given."""
    bare = {name: value for name, value in os.environ.items() if "GATHERLOG" not in name}
    quick = {"GATHERLOG_WORK": "here"}  # no process that reads beside each server of a test
    return bare | quick | {"PYTHONWARNINGS": "error", "COLUMNS": "80"} | variables


def gatherlog(*arguments: str, cwd: Path, stdin: bytes = b"", **variables: str) -> Result:
    """Run one command to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


class Running:
    """A command that runs until it is stopped."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []

    def read_until(self, pattern: str) -> str:
        """The next line that matches; all lines so far are in `lines`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return self.lines[-1]
        raise AssertionError(f"no {pattern!r} in {self.lines}, status {self.process.wait()}")

    def read_on(self) -> None:
        """Read what it writes from now on into `lines`, in a thread.

        Otherwise a log that grows fills the pipe, and what is written then has to wait.
        """

        def read() -> None:
            assert self.process.stdout is not None
            with suppress(ValueError):  # it was closed meanwhile
                for line in self.process.stdout:
                    self.lines.append(line.rstrip("\n"))

        threading.Thread(target=read, daemon=True).start()

    def stop(self, sign: signal.Signals) -> int:
        """Send the signal and give the status it ends with."""
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE)


@contextmanager
def running(*arguments: str, cwd: Path, **variables: str) -> Iterator[Running]:
    """Start a command, which is killed at the end if it still runs."""
    with _started([*COMMAND, *arguments], cwd, variables) as command:
        yield command


@contextmanager
def measured(*arguments: str, cwd: Path) -> Iterator[Running]:
    """As `running`; its last lines are what Linux says of it, such as `VmHWM`, the most memory that
    it had, in kB.

    (What `wait4` says begins with the memory of the process that has started it.)
    """
    with _started([sys.executable, "-c", _MEASURED + _STARTED, *arguments], cwd, {}) as command:
        yield command


@contextmanager
def _started(command: list[str], cwd: Path, variables: dict[str, str]) -> Iterator[Running]:
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(PYTHONUNBUFFERED="1", **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()
