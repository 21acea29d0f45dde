"""The HTTP server, and its graceful shutdown. `app` is for other ASGI servers."""

import asyncio
import gc
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from functools import partial
from types import FrameType
from typing import Any, Final

import msgspec
import uvicorn

from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.entrypoints.children import Child
from gatherlog.entrypoints.client_connections import ClientConnections
from gatherlog.entrypoints.connections import Connection
from gatherlog.entrypoints.given_socket import given_socket
from gatherlog.entrypoints.listening import BACKLOG, GRACE, listen
from gatherlog.entrypoints.log_thread import LogThread
from gatherlog.entrypoints.orders import Order, reader_order
from gatherlog.entrypoints.reading_place import decided
from gatherlog.entrypoints.unbuilt import meet_unbuilt_views
from gatherlog.entrypoints.working import among_siblings
from gatherlog.interfaces.http import Application, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings

__all__ = ["app", "serve", "serve_beside_others"]

MOST_CONNECTIONS: Final = 8000
"""Connections open at once; requests on any beyond these are answered with 503."""
MOST_PER_CLIENT: Final = 2000
"""Connections from one address, except trusted proxies. A whole school may share an address."""
KEEP_ALIVE: Final = 15
"""Seconds that an idle connection is kept."""
YOUNG_OBJECTS: Final = 20_000
"""New objects after which the garbage collector looks for cycles. At Python's 700, the objects of
requests that are being answered are looked at again and again, which for a GraphQL query takes as
long as two thirds of answering it."""
OLD_THRESHOLD: Final = 35
"""Collections of middle-aged objects before the old ones are looked through: after 7 million new
objects. With Python's own figures it is after 70,000."""
SWITCH_SECONDS: Final = 0.0001
"""After so long a thread that waits for the interpreter gets it; Python's own is 5 ms."""
Ready = Callable[[str], None]


def serve(settings: Settings, *, ready: Ready = lambda url: None) -> None:
    """Serve until SIGTERM or SIGINT; then finish accepted requests, close the store and return.

    It listens on the socket that systemd hands over, else on the address of the settings.
    Subscriptions are read where the settings say, by default in a process of its own. A second
    signal ends the process at once. `ready` is called with the base URL as soon as connections are
    accepted. Raises what `bootstrap.start` raises, and OSError if the server cannot listen.
    """
    with given_socket() or listen(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        bound = decided(msgspec.structs.replace(settings, port=port))
        if bound.work != "beside":
            _run(_serve(bound, listener, ready))
            return
        with tempfile.TemporaryDirectory(prefix="gatherlog-", ignore_cleanup_errors=True) as folder:
            order = Order(part="server", name="server-1", settings=bound, folder=folder)
            reader = reader_order(bound, folder)
            _run(_serve(bound, listener, ready, order=order, reader=reader))


def serve_beside_others(order: Order, listener: socket.socket, *, ready: Ready) -> None:
    """As `serve`, in one of several processes, which accept connections on one socket.

    It ends as after SIGTERM when the process ends that has given the order.
    """
    _run(_serve(order.settings, listener, ready, order=order, is_child=True))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    _raise_file_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serving)


def app() -> Callable[..., Awaitable[None]]:
    """An ASGI application for other servers, as in `uvicorn --factory gatherlog...asgi:app`.

    Settings come from the environment. The store is opened and closed by the lifespan protocol.
    """
    return _WithLifespan()


async def _started(settings: Settings) -> Platform:
    platform = await start(settings)
    try:
        await meet_unbuilt_views(platform)
    except BaseException:
        await platform.stop()
        raise
    return platform


async def _serve(
    settings: Settings,
    listener: socket.socket,
    ready: Ready,
    *,
    order: Order | None = None,
    reader: Order | None = None,
    is_child: bool = False,
) -> None:
    """Serve on the socket; with the order of a reader, keep a process running that reads."""
    platform = await _started(settings)
    try:
        with LogThread() as lines:
            application = build_app(platform, log=RequestLog(platform.clock, lines.put))
            _collect_rarely()
            _switch_threads_promptly()
            beside = _Beside(reader)

            def started() -> None:
                ready(settings.base_url)
                beside.start()

            config = _config(settings, application)
            server = _Server(config, started, application.stop, is_child=is_child)
            async with platform.serving(), among_siblings(platform, order):
                try:
                    await server.serve(sockets=[listener])
                finally:
                    await beside.stop()
    finally:
        await platform.stop()


def _config(settings: Settings, application: Application) -> uvicorn.Config:
    clients = ClientConnections(settings.trusted_proxies, most=MOST_PER_CLIENT)
    return uvicorn.Config(
        application,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        ws="none",
        http=partial(Connection, clients=clients),  # type: ignore[arg-type]  # it is only called
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACE,
    )


class _Beside:
    """The process that reads subscriptions for this server; without an order there is none."""

    def __init__(self, order: Order | None) -> None:
        self._child = None if order is None else Child(order, tell=RequestLog(system_clock).process)
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._child is not None:
            self._running = asyncio.create_task(self._child.run())

    async def stop(self) -> None:
        """Let it finish what is under way, and wait for its end."""
        if self._child is not None and self._running is not None:
            self._child.stop()
            await self._running


class _Server(uvicorn.Server):
    """uvicorn with our handling of signals: it returns after the first, and ends at the second."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        stopping: Callable[[], None],
        *,
        is_child: bool = False,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()
        if is_child:
            self._loop.add_signal_handler(signal.SIGHUP, self._parent_ended)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)  # everything that was acknowledged is on the disk already
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._stopping)  # wakes the loop, which may be asleep

    def _parent_ended(self) -> None:
        """Stop, if that has not begun: a service manager may have sent SIGTERM to all."""
        if not self.should_exit:
            self.should_exit = True
            self._stopping()


def _collect_rarely() -> None:
    """Look rarely for garbage among old objects, and never among those that are there now.

    That takes 20 to 60 ms, in which nothing else is done, and a long list causes it several times.
    Whatever is in no cycle is freed at once all the same.
    """
    gc.collect()
    gc.freeze()
    _, middle, _ = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS, middle, OLD_THRESHOLD)


def _switch_threads_promptly() -> None:
    """Give the interpreter to a thread that waits for it after SWITCH_SECONDS.

    The loop lets go of the interpreter for some microseconds many times in each request, as a
    thread that reads does at each row, and each time the other may be too late to take it. The one
    that is too late has it by force after this interval: usually 5 ms, for each COMMIT too.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def _raise_file_limit() -> None:
    """Raise the limit of open files as far as the system permits: every connection is a file."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def _settings_of_one_process() -> Settings:
    """The settings of the environment; Invalid where they ask for processes beside this one."""
    settings = Settings.from_environment(os.environ)
    if settings.work == "beside":
        raise Invalid(Flaw("/work", "may be 'beside' for `gatherlog serve` only: use here or off"))
    return settings


class _WithLifespan:
    """Opens the platform at startup and stops it at shutdown."""

    def __init__(self) -> None:
        self._app: Application | None = None

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._app is None:
            raise RuntimeError("this application needs a server that speaks the lifespan protocol")
        else:
            await self._app(scope, receive, send)

    async def _lifespan(
        self,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        await receive()
        try:
            platform = await _started(_settings_of_one_process())
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        self._app = build_app(platform)
        async with platform.serving():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await platform.stop()
        await send({"type": "lifespan.shutdown.complete"})
