"""Writes the lines of the log in a thread: whoever reads them slowly, or not, delays no request."""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.interfaces.logs import left_out

__all__ = ["LogThread"]

MOST_LINES: Final = 20_000
"""Lines that wait to be written; further ones are left out, and a line says how many."""
GATHER_SECONDS: Final = 0.05
"""From the first line that waits until it is written, so that others are written with it."""
CLOSE_SECONDS: Final = 2.0
"""How long the end of the process waits until the last lines are written."""
CHUNK_BYTES: Final = 4096
"""What a pipe takes in one piece, so that the lines of several processes do not mix."""


def _to_stderr(piece: bytes) -> None:
    """Write past Python's buffer, whose lock would keep the process from ending."""
    view = memoryview(piece)
    while view:
        view = view[os.write(2, view) :]


class LogThread:
    """A sink for `RequestLog`, as a context: lines are written in order, until it is left."""

    def __init__(
        self, write: Callable[[bytes], object] = _to_stderr, clock: Clock = system_clock
    ) -> None:
        self._write = write
        self._clock = clock
        self._lines: deque[bytes] = deque()
        self._awake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._left_out = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._awake.set()
        self._thread.join(CLOSE_SECONDS)

    def put(self, line: bytes) -> None:
        """Have a line written soon; this never waits."""
        if len(self._lines) >= MOST_LINES:
            self._left_out += 1
            return
        if self._left_out:
            self._lines.append(left_out(self._clock, self._left_out))
            self._left_out = 0
        self._lines.append(line)
        if not self._awake.is_set():
            self._awake.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._awake.wait()
            self._closing.wait(GATHER_SECONDS)
            self._awake.clear()
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while self._lines:
            chunk = [self._lines.popleft()]
            size = len(chunk[0])
            while self._lines and size + len(self._lines[0]) <= CHUNK_BYTES:
                chunk.append(self._lines.popleft())
                size += len(chunk[-1])
            with suppress(OSError):  # as when the disk of the log is full
                self._write(b"".join(chunk))
