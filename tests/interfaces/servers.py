"""Servers in processes of their own, on one store, that a test kills and starts again."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx2 import AsyncClient

__all__ = ["Server", "running"]

SERVE = """
import os
from gatherlog.entrypoints.asgi import serve
from gatherlog.settings import Settings
serve(Settings.from_environment(os.environ), ready=lambda url: print(url, flush=True))
"""


class Server:
    """A server process on the store, at an address that changes with each start."""

    def __init__(self, store: str, key: str) -> None:
        self._environment = {
            "GATHERLOG_WORK": "here",
            **os.environ,
            "GATHERLOG_STORE": store,
            "GATHERLOG_PORT": "0",
            "GATHERLOG_RATE_LIMITS": "off",
        }
        self._headers = {"Authorization": f"Bearer {key}"}
        self._process: asyncio.subprocess.Process | None = None
        self.api: AsyncClient | None = None
        """A client of the server; None while it does not run."""

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environment,
        )
        assert self._process.stdout is not None
        url = (await self._process.stdout.readline()).decode().strip()
        assert url.startswith("http://"), "the server did not start"
        self.api = AsyncClient(base_url=url, headers=self._headers, timeout=10)

    async def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        client, self.api = self.api, None
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if client is not None:
            await client.aclose()


@asynccontextmanager
async def running(store: str, key: str, count: int) -> AsyncIterator[list[Server]]:
    """So many servers, all ready; none is left behind."""
    servers = [Server(store, key) for _ in range(count)]
    try:
        await asyncio.gather(*[server.start() for server in servers])
        yield servers
    finally:
        await asyncio.gather(*[server.kill() for server in servers])
