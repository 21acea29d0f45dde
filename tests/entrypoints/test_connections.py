"""Connections that would keep us waiting, or take too much, are answered and closed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

SERVE = """
import os
from gatherlog.entrypoints import asgi, connections
from gatherlog.settings import Settings

connections.HEAD_SECONDS = 1.0
asgi.MOST_CONNECTIONS = 12
settings = Settings.from_environment(os.environ)
asgi.serve(settings, ready=lambda url: print(url, flush=True))
"""
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """A server process that gives a head one second, and has room for a dozen connections."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.host, _, self.port = url.removeprefix("http://").partition(":")

    async def connect(self) -> Streams:
        return await asyncio.open_connection(self.host, int(self.port))

    async def answer_to(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """The first line that comes back, be it before all parts are sent."""
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
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "GATHERLOG_STORE": f"sqlite:///{tmp_path}/g.db", "GATHERLOG_PORT": "0"},
    )
    assert process.stdout is not None
    yield Server(process, (await process.stdout.readline()).decode().strip())
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
async def test_a_head_that_does_not_end_is_waited_for_a_while(server: Server, sent: bytes) -> None:
    assert (await server.answer_to(sent)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_drips_in_is_not_waited_for_longer(server: Server) -> None:
    drops = [b"X: y\r\n"] * 8

    assert (await server.answer_to(HEAD, *drops, pause=0.25)).startswith(b"HTTP/1.1 408 ")


async def test_each_request_of_a_connection_has_its_own_time(server: Server) -> None:
    reader, writer = await server.connect()
    statuses = []
    for _ in range(3):
        writer.write(HEAD + b"\r\n")
        statuses.append((await reader.readuntil(b"\r\n\r\n"))[:12])
        await reader.readexactly(len(b'{"status":"ok","version":"0.1.0"}'))
        await asyncio.sleep(0.6)
    writer.close()

    assert statuses == [b"HTTP/1.1 200"] * 3


async def test_what_is_no_http_is_400(server: Server) -> None:
    assert (await server.answer_to(b"\x16\x03\x01\x00\xa5\x01\r\n\r\n")).startswith(
        b"HTTP/1.1 400 "
    )


async def test_beyond_so_many_connections_there_is_503(server: Server) -> None:
    idle = [await server.connect() for _ in range(12)]

    answer = await server.answer_to(HEAD + b"Connection: close\r\n\r\n")
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(0.3)
    later = await server.answer_to(HEAD + b"Connection: close\r\n\r\n")

    assert (answer[:12], later[:12]) == (b"HTTP/1.1 503", b"HTTP/1.1 200")
