"""A worker as a process: subscriptions are read until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Callable

import msgspec

from gatherlog.bootstrap import start
from gatherlog.settings import Settings

__all__ = ["work"]


def work(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Read subscriptions until SIGTERM or SIGINT; a second signal ends at once."""
    with asyncio.Runner() as runner:
        runner.run(_work(msgspec.structs.replace(settings, work=True), ready))


async def _work(settings: Settings, ready: Callable[[], None]) -> None:
    platform = await start(settings)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if told.is_set():
            os._exit(128 + number)  # what was acknowledged is on the disk already
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        async with platform.working():
            ready()
            await told.wait()
    finally:
        await platform.stop()
