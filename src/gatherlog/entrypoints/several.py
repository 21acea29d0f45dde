"""Several servers on one port and one store: the process that starts them and ends with them.

It opens the socket, which all servers inherit. So a connection that a server has not accepted is
accepted by another when that server dies, and it works alike on Linux and macOS.
"""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence

import msgspec

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.entrypoints.children import Child, StartFailed
from gatherlog.entrypoints.given_socket import given_socket
from gatherlog.entrypoints.listening import BACKLOG, listen
from gatherlog.entrypoints.orders import Order, reader_order
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings

__all__ = ["serve_with_workers"]

Ready = Callable[[str], None]


def serve_with_workers(settings: Settings, *, ready: Ready = lambda url: None) -> int:
    """Serve with `settings.workers` processes until SIGTERM or SIGINT; gives the exit status.

    A process that dies is started again. A second signal ends all at once. `ready` is called with
    the base URL once all accept connections. Raises OSError if the address cannot be used.
    """
    with given_socket() or listen(settings.host, settings.port) as listener:
        listener.listen(BACKLOG)
        bound = msgspec.structs.replace(settings, port=listener.getsockname()[1])
        with tempfile.TemporaryDirectory(prefix="gatherlog-", ignore_cleanup_errors=True) as folder:
            try:
                asyncio.run(_supervise(bound, listener, folder, lambda: ready(bound.base_url)))
            except StartFailed as failed:
                return max(failed.status, 1)
    return 0


async def _supervise(
    settings: Settings, listener: socket.socket, folder: str, ready: Callable[[], None]
) -> None:
    tell = RequestLog(system_clock).process
    children = [Child(order, tell=tell) for order in _orders(settings, listener, folder)]
    _stop_at_signals(children)
    first, *others = children
    running = [asyncio.create_task(first.run(must_start=True))]
    if await first.started():  # it has made the store ready, which the others find so
        running += [asyncio.create_task(child.run()) for child in others]
        if all(await asyncio.gather(*[child.started() for child in others])):
            ready()
    await asyncio.gather(*running)


def _orders(settings: Settings, listener: socket.socket, folder: str) -> Iterator[Order]:
    """One order for each server, and one for the reader if it is beside them."""
    for number in range(1, settings.workers + 1):
        yield Order(
            part="server",
            name=f"server-{number}",
            settings=settings,
            folder=folder,
            listener=listener.fileno(),
        )
    if settings.work == "beside":
        yield reader_order(settings, folder)


def _stop_at_signals(children: Sequence[Child]) -> None:
    """Let the children finish at the first signal, and end all at the second."""
    loop, is_stopping = asyncio.get_running_loop(), False

    def stop(number: int) -> None:
        nonlocal is_stopping
        for child in children:
            child.kill() if is_stopping else child.stop()
        if is_stopping:
            os._exit(128 + number)  # everything that was acknowledged is on the disk already
        is_stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
