"""A client of a live stream inside the process, which may be cut off at any time."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from gatherlog.interfaces.http import Http

__all__ = ["StreamClient"]


class StreamClient:
    """Reads one stream of server-sent events; `path` may have a query."""

    def __init__(self, app: Http, path: str, headers: dict[str, str]) -> None:
        path, _, query = path.partition("?")
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("::1", 1),
        }
        self._app = app
        self._gone = asyncio.Event()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._answered = asyncio.Event()
        self.status = 0

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["StreamClient"]:
        request = asyncio.ensure_future(self._app(self._scope, self._receive, self._send))
        try:
            yield self
        finally:
            self._gone.set()
            await request

    async def answered(self) -> int:
        """The status, once the server has begun to answer: what happens from then on is told."""
        async with asyncio.timeout(20):
            await self._answered.wait()
        return self.status

    async def next(self) -> dict[str, str]:
        """The fields of the next event that has data."""
        while True:
            async with asyncio.timeout(20):
                frame = await self._frames.get()
            assert frame is not None, "the stream has ended"
            fields = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line)
            if "data" in fields:
                return fields

    async def ended(self) -> None:
        """Wait until the server ends the stream."""
        async with asyncio.timeout(20):
            while await self._frames.get() is not None:
                pass

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._answered.set()
        else:
            await self._frames.put(message["body"] or None)
