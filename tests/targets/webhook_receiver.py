"""A real receiver of webhooks on this machine, which answers as the test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.routing import WebhookFormat
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed
from gatherlog.targets.webhook import WebhookTarget
from gatherlog.testing import StandingClock
from tests.core.routing.recorded_events import SITE, recorded

SECRET = b"0123456789abcdef0123456789abcdef"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Request(msgspec.Struct):
    """A received request, with the number of its connection."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


Behaviour = Callable[["Receiver", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What the receiver does after a request: it may write, wait, or close."""


def answering(*answers: bytes) -> Behaviour:
    """Gives these answers, one after the other, and then always the last."""
    left = list(answers)

    async def answer(
        receiver: "Receiver", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answer


class Receiver:
    """Counts connections and keeps requests."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.connections = 0
        self.host = ""
        self.port = 0
        self.changed = asyncio.Condition()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` is true; it is checked after every request and `notice`."""
        async with self.changed:
            await self.changed.wait_for(holds)

    async def notice(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while (request := await _request(reader, number)) is not None:
                self.requests.append(request)
                await self.notice()
                await self.behaviour(self, reader, writer)
                await writer.drain()
        except ConnectionError:
            pass


async def _request(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    except asyncio.IncompleteReadError:
        return None
    line, *lines = head.strip().split("\r\n")
    headers = dict(one.split(": ", 1) for one in lines)
    body = await reader.readexactly(int(headers["content-length"]))
    return Request(line, headers, body, connection)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What the receiver does with a connection."""


@asynccontextmanager
async def serving(
    serve: Serve, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """A server's host and port; connections that are open at the end are closed."""
    going: set[asyncio.Task[None]] = set()

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            writer.close()
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve_and_close(reader, writer))
        going.add(task)
        task.add_done_callback(going.discard)

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in list(going):
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)


@asynccontextmanager
async def receiving(
    behaviour: Behaviour, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(behaviour)
    async with serving(receiver.serve, host=host, tls=tls) as (receiver.host, receiver.port):
        yield receiver


@asynccontextmanager
async def target_at(
    url: str,
    *,
    format: WebhookFormat = "cloudevents",
    secrets: Sequence[bytes] = (SECRET,),
    clock: Clock | None = None,
    **rest: Any,
) -> AsyncIterator[WebhookTarget]:
    """A target that may connect to this machine; it is closed at the end."""
    target = WebhookTarget(
        url,
        **{
            "format": format,
            "secrets": secrets,
            "source": SITE,
            "clock": clock or StandingClock(),
            "allow": LOOPBACK,
            **rest,
        },
    )
    try:
        yield target
    finally:
        await target.close()


@asynccontextmanager
async def sending(
    behaviour: Behaviour,
    *,
    host: str = "127.0.0.1",
    path: str = "/hooks",
    receiver_tls: ssl.SSLContext | None = None,
    **rest: Any,
) -> AsyncIterator[tuple[Receiver, WebhookTarget]]:
    """A receiver, and a target that sends to it."""
    async with (
        receiving(behaviour, host=host, tls=receiver_tls) as receiver,
        target_at(url_of(receiver, path, tls=receiver_tls is not None), **rest) as target,
    ):
        yield receiver, target


def url_of(receiver: Receiver, path: str = "/hooks", *, tls: bool = False) -> str:
    host = f"[{receiver.host}]" if ":" in receiver.host else receiver.host
    return f"{'https' if tls else 'http'}://{host}:{receiver.port}{path}"


def delivery(number: int = 1, **fields: Any) -> Delivery:
    """A delivery of the event with this version."""
    event = recorded(id=f"e-{number}", version=number)
    return Delivery(**{"id": f"d-{number}", "rule": "welcome", "event": event, **fields})


async def failure_of(target: WebhookTarget, *deliveries: Delivery) -> DeliveryFailed:
    """How the target fails; AssertionError if it does not."""
    try:
        await target.deliver(deliveries or [delivery()])
    except DeliveryFailed as failed:
        return failed
    raise AssertionError("it was taken")
