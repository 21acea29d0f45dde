"""Servers in separate processes: starts them, waits until they answer, measures and stops them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import msgspec

ROOT = Path(__file__).parent.parent
START_TIMEOUT = 30.0
"""Seconds in which a server must answer its first request."""
POLL_INTERVAL = 0.005

PYTHON = sys.executable
GATHERLOG = (str(Path(PYTHON).with_name("gatherlog")),)
"""The command `gatherlog` that is installed with this Python."""


class Server(msgspec.Struct, frozen=True):
    """A process that answers on a port of 127.0.0.1."""

    port: int
    pid: int
    first_answer: float
    """Seconds from the start of the process to its first answer."""

    def cpu(self) -> float:
        """Seconds of processor time since the start, of all its threads."""
        times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> Mapping[str, float]:
        """Resident memory in megabytes: now, and its maximum since the start."""
        return memory_of(self.pid)


def memory_of(pid: int) -> Mapping[str, float]:
    """The resident memory of a process in megabytes: now, and its maximum since the start."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status)
    return {
        "rss_mb": int(fields["VmRSS"].split()[0]) / 1024,
        "peak_mb": int(fields["VmHWM"].split()[0]) / 1024,
    }


@asynccontextmanager
async def gatherlog(store: Path, environ: Mapping[str, str] = {}) -> AsyncIterator[Server]:
    """Gatherlog's server on a store, started by `gatherlog serve`; it logs to a file."""
    settings = {"GATHERLOG_RATE_LIMITS": "off", **environ}
    command = (*GATHERLOG, "serve", "--store", f"sqlite:///{store}", "--port")
    async with started(command, store.parent, "/healthz", settings) as it:
        yield it


@asynccontextmanager
async def uvicorn(app: str, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Server]:
    """Another ASGI application: one worker, the same event loop and parser, no access log."""
    command = (
        *(PYTHON, "-m", "uvicorn", app, "--no-access-log", "--log-level", "warning"),
        *("--loop", "uvloop", "--http", "httptools", "--workers", "1", "--port"),
    )
    async with started(command, folder, "/", environ) as it:
        yield it


@asynccontextmanager
async def started(
    command: tuple[str, ...], folder: Path, path: str, environ: Mapping[str, str]
) -> AsyncIterator[Server]:
    """Run a server, and stop it with SIGTERM. The port is the last argument of its command."""
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        begun = perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(*command, str(port)),
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**os.environ, **environ},
        )
        try:
            await first_answer(port, path, process, log)
            yield Server(port, process.pid, perf_counter() - begun)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def first_answer(
    port: int, path: str, process: asyncio.subprocess.Process, log: Path
) -> None:
    """Send requests until one is answered, with any status."""
    async with asyncio.timeout(START_TIMEOUT):
        while True:
            try:
                await ask(port, "GET", path)
            except OSError:
                if process.returncode is not None:
                    raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}") from None
                await asyncio.sleep(POLL_INTERVAL)
            else:
                return


async def ask(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    key: str = "",
    kind: str = "application/json",
) -> bytes:
    """The body of the response to one request on a new connection.

    Raises RuntimeError for a status of 400 or above if the request had a key.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    )
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    writer.write((head + authorization + "\r\n").encode() + body)
    answer = await reader.read()
    writer.close()
    if not answer:
        raise ConnectionError("no answer")
    if key and int(answer[9:12]) >= 400:
        raise RuntimeError(f"{method} {path}: {answer.decode()}")
    return answer.partition(b"\r\n\r\n")[2]


async def output_of(*command: str) -> str:
    """What a command prints. Raises RuntimeError if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    stdout, stderr = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {stderr.decode()}")
    return stdout.decode().strip()


def free_port() -> int:
    """A port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
