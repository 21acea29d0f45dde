"""The worker as a process of its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from gatherlog.bootstrap import check_site_key, open_platform
from gatherlog.entrypoints.orders import Order
from gatherlog.entrypoints.unbuilt import meet_unbuilt_views
from gatherlog.interfaces.platform import Platform
from gatherlog.settings import Settings

__all__ = ["among_siblings", "work"]


def work(
    settings: Settings,
    *,
    ready: Callable[[], None] = lambda: None,
    order: Order | None = None,
) -> None:
    """Run the worker until SIGTERM or SIGINT; a second signal ends the process at once.

    With an `order`, it belongs to a server, which has said what there is to say at start.
    """
    with asyncio.Runner() as runner:
        runner.run(_work(msgspec.structs.replace(settings, work="here"), ready, order))


async def _work(settings: Settings, ready: Callable[[], None], order: Order | None) -> None:
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
    if order is not None:
        loop.add_signal_handler(signal.SIGHUP, stopping.set)
    try:
        if order is None:
            await meet_unbuilt_views(platform)
        async with platform.working(), among_siblings(platform, order):
            ready()
            await stopping.wait()
    finally:
        await platform.stop()


@asynccontextmanager
async def among_siblings(platform: Platform, order: Order | None) -> AsyncIterator[None]:
    """Share metrics with the processes of the same order meanwhile; without one, do nothing."""
    if order is None:
        yield
        return
    from gatherlog.interfaces.rest.metrics import OwnCounts

    async with platform.siblings.joined(Path(order.folder), order.name, OwnCounts(platform)):
        yield
