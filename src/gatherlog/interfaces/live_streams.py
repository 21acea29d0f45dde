"""Streams of server-sent events, which go on until the client leaves or the server stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.store import Store
from gatherlog.interfaces.problems import TooMany

__all__ = ["HEADERS", "MOST_STREAMS", "LiveStreams", "changes"]

MOST_STREAMS: Final = 8
"""Streams that one credential may have open at once: enough for some tabs of one host."""
LONGEST: Final = 600.0
"""Seconds after which a stream ends. Browsers then open the next one by themselves."""
KEEP_ALIVE: Final = 15.0
"""Seconds without a change after which a comment is sent, so that proxies keep the connection."""
PAUSE: Final = 0.25
"""Seconds between two reads, so that an import is not reported guest by guest."""
RETRY: Final = b"retry: 3000\n\n"
"""Tells the client after how many milliseconds to reconnect when the stream broke off."""
HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),  # or nginx would buffer the events
]


class LiveStreams:
    """Counts, sends and ends the streams that are open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all open streams, and every later one right after it began."""
        self._stopping.set()

    @contextmanager
    def counted(self, name: str, most: int = MOST_STREAMS) -> Iterator[None]:
        """Count a stream as open for the actor of that name; TooMany beyond `most`."""
        if self._open[name] >= most:
            raise TooMany(f"At most {most:,} live streams are kept open at once.", 5)
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]

    async def send(
        self,
        parts: AsyncGenerator[bytes],
        send: Callable[[bytes], Awaitable[None]],
        disconnected: Callable[[], Awaitable[None]],
        is_allowed: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """Send the parts until they end, the client disconnected, or the server stops.

        Also ends after LONGEST seconds, and when `is_allowed`, which is asked every KEEP_ALIVE
        seconds, gives False. Raises what the parts raise.
        """
        sending = asyncio.ensure_future(_send_all(parts, send))
        ends: list[asyncio.Future[Any]] = [
            sending,
            asyncio.ensure_future(disconnected()),
            asyncio.ensure_future(self._stopping.wait()),
        ]
        if is_allowed is not None:
            ends.append(asyncio.ensure_future(_until_refused(is_allowed)))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED, timeout=LONGEST)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
        if not sending.cancelled():
            sending.result()  # raises what the parts raised


def _data(text: bytes) -> bytes:
    return b"data: %b\n\n" % text


async def changes(
    store: Store,
    read: Callable[[], Awaitable[bytes]],
    frame: Callable[[bytes], bytes] = _data,
) -> AsyncGenerator[bytes]:
    """An event with what `read` gives, now and whenever that has changed.

    `read` gives one line of text, and is called after every commit, at most once per PAUSE. The
    stream ends when it raises an error of ours, such as NotFound for a removed gathering. `frame`
    makes an event of a line.
    """
    yield RETRY
    now, last = asyncio.get_running_loop().time, b""
    last_sent = now()
    try:
        heads = await store.heads()
        while True:
            text = await read()
            if text != last:
                yield frame(text)
                last, last_sent = text, now()
            elif now() - last_sent >= KEEP_ALIVE:
                yield b": still here\n\n"
                last_sent = now()
            left = max(0.0, last_sent + KEEP_ALIVE - now())
            heads = await store.wait(heads, left)
            await asyncio.sleep(PAUSE)
    except GatherlogError:  # the gathering is gone, the credential has ended, the store is closed
        return


async def _send_all(parts: AsyncGenerator[bytes], send: Callable[[bytes], Awaitable[None]]) -> None:
    async with aclosing(parts):
        async for part in parts:
            await send(part)


async def _until_refused(is_allowed: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await asyncio.sleep(KEEP_ALIVE)
        if not await is_allowed():
            return
