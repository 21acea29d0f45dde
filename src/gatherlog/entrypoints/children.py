"""The processes that a server starts: each is started again when it dies, and ends with its parent.

A child gets its order and the news of its parent's end by one pipe (see `orders`), and tells by
another that it is ready. It has a session of its own, so that Ctrl-C reaches the parent alone,
which then lets the children finish what they have accepted.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.entrypoints.orders import LAST_SECONDS, READY, Order

__all__ = ["Child", "StartFailed"]

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
"""Seconds until a child is started again, at first and at most."""
_STEADY: Final = 30.0
"""Seconds after which a child that ends is not thought to fail each time that it is started."""
_COMMAND: Final = (sys.executable, "-m", "gatherlog.entrypoints.child")
Tell = Callable[[str, str], None]
"""Called with the name of a child and a sentence for the operator."""


class StartFailed(Exception):
    """A child ended before it was ready for the first time; it has said why on stderr."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a process ended with status {status} when it was started")
        self.status = status


class Child:
    """One child process; another takes its place when it ends, until it is stopped."""

    def __init__(self, order: Order, *, tell: Tell) -> None:
        self._order = order
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """The id of the process that is there now, if any."""
        return None if self._process is None else self._process.pid

    async def started(self) -> bool:
        """Wait until a process is ready for the first time; False if none will be."""
        return await asyncio.shield(self._started)

    async def run(self, *, must_start: bool = False) -> None:
        """Keep a process running until `stop`, and wait for its end.

        With `must_start`, raises StartFailed if the first one ends before it is ready.
        """
        try:
            await self._keep_running(must_start)
        finally:
            self._note_started(False)

    async def _keep_running(self, must_start: bool) -> None:
        clock, failures = asyncio.get_running_loop().time, 0
        while not self._stopping.is_set():
            began = clock()
            status = await self._run_once()
            if self._stopping.is_set():
                return
            if must_start and not self._started.done():
                raise StartFailed(status)
            failures = 1 if clock() - began > _STEADY else failures + 1
            pause = pause_bound(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
            self._tell(self._order.name, f"{_ended(status)}; it is started again")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Tell the process to finish what it has accepted; none is started any more."""
        self._stopping.set()

    def kill(self) -> None:
        """End the process at once."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _run_once(self) -> int:
        """Start a process, and give the status that it ends with."""
        listener = self._order.listener
        process = self._process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=() if listener is None else (listener,),
            start_new_session=True,
        )
        hearing = asyncio.create_task(self._hear(process))
        stopping = asyncio.create_task(self._stop_when_told(process))
        try:
            return await process.wait()
        finally:
            hearing.cancel()
            stopping.cancel()
            if process.returncode is None:  # nobody waits for it any more
                self.kill()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        """Give the order, and take note of what the process tells, until it ends."""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(self._order) + b"\n")
        while line := await process.stdout.readline():
            if line == READY:
                self._note_started(True)

    def _note_started(self, is_ready: bool) -> None:
        if not self._started.done():
            self._started.set_result(is_ready)

    async def _stop_when_told(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        await self._stopping.wait()
        process.stdin.close()  # which is the order to stop
        await asyncio.sleep(LAST_SECONDS + 1)
        self.kill()


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
