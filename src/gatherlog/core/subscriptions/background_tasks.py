"""Tasks that run beside a processor: one that fails ends it, and they all end with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

__all__ = ["BackgroundTasks"]

_GRACE: Final = 5.0
"""Seconds to wait for tasks that do not end at once when they are cancelled."""


class BackgroundTasks:
    """Starts tasks, keeps them, and cancels them together. To be made on a running loop."""

    def __init__(self) -> None:
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Raises what the first task that failed has raised; never done otherwise."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_cancelled = False

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` as a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel(self) -> None:
        """Cancel all tasks, but for the one that calls this, and wait for them to end.

        What they raise from then on is dropped.
        """
        self._is_cancelled = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        if self.failure.done():
            self.failure.exception()  # or asyncio would warn that nobody retrieved it

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._is_cancelled and not self.failure.done():
            self.failure.set_exception(error)
