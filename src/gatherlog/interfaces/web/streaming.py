"""An answer of server-sent events to a browser."""

from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gatherlog.interfaces.live_streams import HEADERS, LiveStreams

__all__ = ["Streamed"]


class Streamed(Response):
    """An answer of server-sent events, counted among the open streams of its reader."""

    def __init__(self, live: LiveStreams, name: str, parts: AsyncGenerator[bytes]) -> None:
        self._live = live
        self._name = name
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.counted(self._name):
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            if scope["method"] != "HEAD":

                async def more(part: bytes) -> None:
                    await send({"type": "http.response.body", "body": part, "more_body": True})

                async def disconnected() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass

                await self._live.send(self._parts, more, disconnected)
            await send({"type": "http.response.body", "body": b""})
