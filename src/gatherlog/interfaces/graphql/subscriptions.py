"""Results as server-sent events, one connection each: `next` for each result, then `complete`."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.interfaces.live_streams import changes

__all__ = ["once", "whenever_changed"]

_COMPLETE: Final = b"event: complete\ndata:\n\n"
Result = Callable[[], Awaitable[tuple[bytes, bool]]]
"""Gives a result as one line of JSON, and whether it is one of errors."""


async def once(result: Result) -> AsyncGenerator[bytes]:
    """One result, and the end."""
    text, _ = await result()
    yield _next(text)
    yield _COMPLETE


async def whenever_changed(store: Store, result: Result) -> AsyncGenerator[bytes]:
    """The result now and whenever it has changed, up to the first one of errors, and the end."""
    last: list[bytes] = []

    async def read() -> bytes:
        text, is_failed = await result()
        if is_failed:
            last.append(text)
            raise NotFound("the stream ends")
        return text

    async for part in changes(store, read, frame=_next):
        yield part
    for text in last:
        yield _next(text)
    yield _COMPLETE


def _next(text: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % text
