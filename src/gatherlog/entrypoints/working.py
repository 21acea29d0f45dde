"""The worker as a process of its own."""

import asyncio
import os
import signal
from collections.abc import Callable

import msgspec

from gatherlog.bootstrap import check_site_key, open_platform
from gatherlog.entrypoints.unbuilt import meet_unbuilt_views
from gatherlog.settings import Settings

__all__ = ["work"]


def work(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Run the worker until SIGTERM or SIGINT; a second signal ends the process at once."""
    with asyncio.Runner() as runner:
        runner.run(_work(msgspec.structs.replace(settings, work=True), ready))


async def _work(settings: Settings, ready: Callable[[], None]) -> None:
    await check_site_key(settings)
    platform = await open_platform(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if stopping.is_set():
            os._exit(128 + number)  # everything that was acknowledged is on the disk already
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await meet_unbuilt_views(platform)
        async with platform.working():
            ready()
            await stopping.wait()
    finally:
        await platform.stop()
