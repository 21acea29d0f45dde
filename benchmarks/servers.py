"""Servers in processes of their own: started, waited for until they answer, stopped, measured."""

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
PATIENCE = 30.0
"""Seconds for a server to answer its first request."""
LOOK = 0.005

PYTHON = sys.executable
GATHERLOG = (str(Path(PYTHON).with_name("gatherlog")),)
"""The command as it is installed beside this Python."""


class Server(msgspec.Struct, frozen=True):
    """A process that answers on a port of 127.0.0.1."""

    port: int
    pid: int
    first_answer: float
    """Seconds from the start of the process to its first answer."""

    def memory(self) -> Mapping[str, float]:
        """Megabytes that are resident now, and at most since it started."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in status)
        return {
            "rss_mb": int(fields["VmRSS"].split()[0]) / 1024,
            "peak_mb": int(fields["VmHWM"].split()[0]) / 1024,
        }


@asynccontextmanager
async def gatherlog(store: Path, environ: Mapping[str, str] = {}) -> AsyncIterator[Server]:
    """Our server on a file, as `gatherlog serve` runs it; its log goes to a file, as it would."""
    settings = {"GATHERLOG_RATE_LIMITS": "off", **environ}
    command = (*GATHERLOG, "serve", "--store", f"sqlite:///{store}", "--port")
    async with started(command, store.parent, "/healthz", settings) as it:
        yield it


@asynccontextmanager
async def uvicorn(app: str, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Server]:
    """Another ASGI application: one worker, the same loop and parser as ours, no access log."""
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
    """A server whose command takes the port last; SIGTERM ends it."""
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
    """Ask until there is an answer, whatever it says."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await ask(port, "GET", path)
            except OSError:
                if process.returncode is not None:
                    raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}") from None
                await asyncio.sleep(LOOK)
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
    """One request on a connection of its own; the answer's body, or RuntimeError from 400 on."""
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
    """What a command prints; RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    stdout, stderr = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {stderr.decode()}")
    return stdout.decode().strip()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
