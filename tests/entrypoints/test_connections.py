"""Connections that make the server wait, or are too many, are answered and closed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.stores import eventually

SERVE = """
import os
from gatherlog.entrypoints import asgi, connections
from gatherlog.settings import Settings

connections.HEAD_SECONDS = connections.STALL_SECONDS = 1.0
asgi.KEEP_ALIVE = 1
asgi.MOST_CONNECTIONS, asgi.MOST_PER_CLIENT = 12, 8
settings = Settings.from_environment(os.environ)
asgi.serve(settings, ready=lambda url: print(url, flush=True))
"""
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """A server that waits for a second, and takes 12 connections, 8 from one address."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.host, _, self.port = url.removeprefix("http://").partition(":")

    async def connect(self, address: str = "127.0.0.1", limit: int = 2**16) -> Streams:
        """A connection from one of this machine's loopback addresses."""
        return await asyncio.open_connection(
            self.host, int(self.port), local_addr=(address, 0), limit=limit
        )

    async def answer_to(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """The first line of the answer, which may come before all parts are sent."""
        reader, writer = await self.connect()
        answer = asyncio.ensure_future(reader.readline())
        for part in parts:
            if not answer.done():
                writer.write(part)
                await asyncio.sleep(pause)
        try:
            return await asyncio.wait_for(answer, 10)
        finally:
            writer.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with _serving(tmp_path) as server:
        yield server


@asynccontextmanager
async def _serving(directory: Path, **variables: str) -> AsyncIterator[Server]:
    store = f"sqlite:///{directory}/g.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "GATHERLOG_STORE": store, "GATHERLOG_PORT": "0", **variables},
    )
    try:
        assert process.stdout is not None
        yield Server(process, (await process.stdout.readline()).decode().strip())
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n"],
        [HEAD, b"X: " + b"a" * 300_000],
        [HEAD, *[b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(80)]],
        [b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ],
    ids=["one header", "one without an end", "many headers", "the path"],
)
async def test_a_head_that_is_too_large_is_refused(server: Server, parts: list[bytes]) -> None:
    assert (await server.answer_to(*parts)).startswith(b"HTTP/1.1 431 ")


async def test_a_head_just_within_the_limit_is_read(server: Server) -> None:
    head = HEAD + b"X: " + b"a" * 65_000 + b"\r\nConnection: close\r\n\r\n"

    assert (await server.answer_to(head)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("sent", [b"", b"GET /", HEAD], ids=["nothing", "a word", "half"])
async def test_a_head_that_does_not_end_is_refused_after_a_while(
    server: Server, sent: bytes
) -> None:
    assert (await server.answer_to(sent)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_arrives_slowly_has_no_more_time(server: Server) -> None:
    drops = [b"X: y\r\n"] * 8

    assert (await server.answer_to(HEAD, *drops, pause=0.25)).startswith(b"HTTP/1.1 408 ")


async def test_each_request_of_a_connection_has_its_own_time(server: Server) -> None:
    reader, writer = await server.connect()
    statuses = []
    for _ in range(3):
        writer.write(HEAD + b"\r\n")
        statuses.append((await reader.readuntil(b"\r\n\r\n"))[:12])
        await reader.readexactly(len(b'{"status":"ok"}'))
        await asyncio.sleep(0.6)
    writer.close()

    assert statuses == [b"HTTP/1.1 200"] * 3


async def test_a_request_that_is_not_http_is_400(server: Server) -> None:
    assert (await server.answer_to(b"\x16\x03\x01\x00\xa5\x01\r\n\r\n")).startswith(
        b"HTTP/1.1 400 "
    )


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "status", "after"),
    [
        (HEAD + b"Content-Length: 9\r\n\r\n", b"200", b"x"),
        (HEAD + CHUNKED, b"200", b"1\r\nx\r\n"),
        (b"POST /guests HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"401", b"x"),
        (HEAD + b"Content-Length: 1\r\n\r\n", b"200", b"x"),
        (HEAD + b"\r\n", b"200", b"\r\n"),
        (HEAD + b"\r\n", b"200", b""),
    ],
    ids=["length", "chunked", "refused", "late, but whole", "an empty line", "nothing"],
)
async def test_no_byte_after_an_answer_keeps_a_connection(
    server: Server, asked: bytes, status: bytes, after: bytes
) -> None:
    reader, writer = await server.connect()
    writer.write(asked)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(after)

    async with asyncio.timeout(10):
        await reader.read()
    writer.close()

    assert head[9:12] == status


async def test_an_answer_that_is_not_read_is_not_kept_for_ever(server: Server) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    small = [await server.connect(limit=1024) for _ in range(8)]
    for reader, writer in small:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request * 100)
    async with asyncio.timeout(20):
        while not (await server.answer_to(HEAD + b"\r\n")).startswith(b"HTTP/1.1 200 "):
            await asyncio.sleep(0.1)
    for _, writer in small:
        writer.transport.abort()


async def test_an_answer_that_is_read_slowly_arrives_whole(server: Server) -> None:
    reader, writer = await server.connect(limit=1024)
    writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
    whole = 0
    async with asyncio.timeout(30):
        while part := await reader.read(400_000):
            whole += part.count(b"HTTP/1.1 200 OK")
            await asyncio.sleep(0.05)
    writer.close()

    assert whole == 40


async def test_one_client_cannot_take_all_connections(server: Server) -> None:
    hoard = [await server.connect() for _ in range(8)]

    refused = await server.answer_to(HEAD + b"\r\n")
    reader, writer = await server.connect("127.0.0.2")
    writer.write(HEAD + b"\r\n")
    other = await reader.readline()
    for _, hoarded in [*hoard, (reader, writer)]:
        hoarded.close()

    assert (refused[:12], other[:12]) == (b"HTTP/1.1 429", b"HTTP/1.1 200")


async def test_a_trusted_proxy_may_have_many_connections(tmp_path: Path) -> None:
    async with _serving(tmp_path, GATHERLOG_TRUSTED_PROXIES="127.0.0.0/24") as server:
        idle = [await server.connect() for _ in range(9)]

        answer = await server.answer_to(HEAD + b"\r\n")
        for _, writer in idle:
            writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_beyond_so_many_connections_there_is_503(server: Server) -> None:
    idle = [await server.connect(f"127.0.0.{2 + number // 8}") for number in range(12)]

    answer = await server.answer_to(HEAD + b"Connection: close\r\n\r\n")
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(0.3)
    later = await server.answer_to(HEAD + b"Connection: close\r\n\r\n")

    assert (answer[:12], later[:12]) == (b"HTTP/1.1 503", b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half"])
async def test_a_request_on_its_way_is_answered_while_the_server_stops(
    server: Server, sent: bytes
) -> None:
    reader, writer = await server.connect()
    writer.write(sent)
    await server.answer_to(HEAD + b"Connection: close\r\n\r\n")  # so it has the other one, too
    await _stopping(server)
    writer.write(HEAD.removeprefix(sent) + b"\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert await asyncio.wait_for(server.process.wait(), 10) == 0


async def test_a_connection_without_a_request_does_not_delay_the_end_for_long(
    server: Server,
) -> None:
    _, writer = await server.connect()
    await server.answer_to(HEAD + b"Connection: close\r\n\r\n")
    await _stopping(server)

    assert await asyncio.wait_for(server.process.wait(), 5) == 0
    writer.close()


async def _stopping(server: Server) -> None:
    """Stop the server, and wait until it takes no more connections."""

    async def is_closed() -> bool:
        try:
            _, writer = await server.connect()
        except (ConnectionRefusedError, ConnectionResetError):  # one that waited is reset
            return True
        writer.close()
        return False

    server.process.send_signal(signal.SIGTERM)
    await eventually(is_closed, True)
