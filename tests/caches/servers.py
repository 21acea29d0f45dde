"""Servers for tests of caches: a real one, and some that do not do what a server should."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gatherlog.caches.careful import CarefulCache
from gatherlog.caches.valkey import ValkeyServer

PROGRAMS = ("valkey-server", "redis-server")
OPTIONS = ("--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no")
LAUNCH = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # end with whoever started this, however that ends
os.execv(sys.argv[1], sys.argv[1:])
"""
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RealServer:
    """A Valkey or Redis server of this test's own, on a socket in a folder of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._socket = folder / "cache.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        command = [sys.executable, "-c", LAUNCH, self._program, "--unixsocket", str(self._socket)]
        self._process = process = subprocess.Popen(
            [*command, *OPTIONS], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdout is not None
        for line in process.stdout:
            if b"ready to accept connections" in line.lower():
                return
        raise AssertionError(f"{self._program} ended before it was ready")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def found_program() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def real_server() -> Iterator[RealServer]:
    """A server that is started; skips the test where none is installed and none is demanded."""
    program = found_program()
    if program is None:
        if os.environ.get("GATHERLOG_REQUIRE_VALKEY") == "1":
            pytest.fail("GATHERLOG_REQUIRE_VALKEY is 1, but there is no valkey-server")
        pytest.skip("there is neither valkey-server nor redis-server here")
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        server = RealServer(program, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.kill()


async def digest(text: str) -> str:
    """A seal for tests."""
    return hashlib.sha256(f"ours {text}".encode()).hexdigest()


@asynccontextmanager
async def careful(url: str, **given: Callable[[], float]) -> AsyncIterator[CarefulCache]:
    cache = CarefulCache(ValkeyServer(url), digest, **given)
    try:
        yield cache
    finally:
        await cache.close()


@asynccontextmanager
async def made_up_server(answer: Answering) -> AsyncIterator[str]:
    """The URL of a server that answers each connection in some way of its own."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"valkey://127.0.0.1:{port}/0"
    finally:
        server.close()
