"""A thread for what may block: waiting for another process, and the fsync of a commit."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["BlockingThread"]

Work = tuple[Callable[[], None], "asyncio.Future[None]", asyncio.AbstractEventLoop]


class BlockingThread:
    """Runs calls that may block, one after the other, and tells the event loop.

    If the loop is closed by then, it calls `orphaned` in the thread and ends. The process does not
    wait for the thread when it exits.
    """

    def __init__(self, name: str, *, orphaned: Callable[[], None]) -> None:
        self._name = name
        self._orphaned = orphaned
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, work: Callable[[], None]) -> "asyncio.Future[None]":
        """Run `work` in the thread; the future is done when it has returned or raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._work.put((work, done, loop))
        return done

    def stop(self) -> None:
        """End the thread once it has done what it was given."""
        self._work.put(None)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, done, loop = item
            error: Exception | None = None
            try:
                work()
            except Exception as raised:  # noqa: BLE001 - raised by the future
                error = raised
            try:
                loop.call_soon_threadsafe(_finish, done, error)
            except RuntimeError:  # the loop is closed, so nobody waits for the result
                self._orphaned()
                return


def _finish(done: "asyncio.Future[Any]", error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
