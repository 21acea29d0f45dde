"""Live figures: server-sent events that go on until the reader leaves or the server stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.store import Store
from gatherlog.interfaces.problems import TooMany

__all__ = ["HEADERS", "MOST_STREAMS", "Live", "changes"]

MOST_STREAMS: Final = 8
"""At once, per credential: some tabs of one host."""
LONGEST: Final = 600.0
"""Seconds; then a stream ends, and its reader, as browsers do, asks for the next one."""
KEEP_ALIVE: Final = 15.0
"""Seconds without a change after which a comment tells proxies that the stream lives."""
PAUSE: Final = 0.25
"""Seconds between two looks, so that an import is not told guest by guest."""
RETRY: Final = b"retry: 3000\n\n"
"""Milliseconds after which a reader that lost the stream asks again."""
HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),  # or nginx would keep it to itself
]


class Live:
    """The streams that are open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all streams, and each one to come after its first words."""
        self._stopping.set()

    @contextmanager
    def admitted(self, name: str, most: int = MOST_STREAMS) -> Iterator[None]:
        """Count a stream as open for the credential of that name; TooMany beyond `most`."""
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
        left: Callable[[], Awaitable[None]],
        may: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """Send every part, until there is none, the reader has `left`, or the server stops.

        Or until the reader, who is looked at from time to time, no longer `may` have it.
        """
        sending = asyncio.ensure_future(_send_all(parts, send))
        ends: list[asyncio.Future[Any]] = [
            sending,
            asyncio.ensure_future(left()),
            asyncio.ensure_future(self._stopping.wait()),
        ]
        if may is not None:
            ends.append(asyncio.ensure_future(_ended(may)))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED, timeout=LONGEST)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
        if not sending.cancelled():
            sending.result()  # whatever broke it goes on to the log


async def changes(store: Store, look: Callable[[], Awaitable[bytes]]) -> AsyncGenerator[bytes]:
    """What `look` gives, as an event each time that it is new; ends where it refuses to look.

    `look` is called when something was committed. It gives one line of text.
    """
    yield RETRY
    now, told = asyncio.get_running_loop().time, b""
    spoke = now()
    try:
        heads = await store.heads()
        while True:
            seen = await look()
            if seen != told:
                yield b"data: %b\n\n" % seen
                told, spoke = seen, now()
            elif now() - spoke >= KEEP_ALIVE:
                yield b": still here\n\n"
                spoke = now()
            heads = await store.wait(heads, KEEP_ALIVE)
            await asyncio.sleep(PAUSE)
    except GatherlogError:  # the gathering is gone, the credential has ended, the store is closed
        return


async def _send_all(parts: AsyncGenerator[bytes], send: Callable[[bytes], Awaitable[None]]) -> None:
    async with aclosing(parts):
        async for part in parts:
            await send(part)


async def _ended(may: Callable[[], Awaitable[bool]]) -> None:
    is_allowed = True
    while is_allowed:
        await asyncio.sleep(KEEP_ALIVE)
        is_allowed = await may()
