"""Requests that wait for something, and end when their client leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gatherlog.interfaces.bodies import ClientGone

__all__ = ["while_connected"]

T = TypeVar("T")


async def while_connected(
    work: Awaitable[T],
    disconnected: Callable[[], Awaitable[None]],
    undo: Callable[[T], Awaitable[None]] | None = None,
) -> T:
    """The result of `work`, to be answered at once; raises what it raises.

    When the client has disconnected, `work` is cancelled. Then, or if it had just ended, `undo` is
    called with its result, if it has one, and ClientGone is raised.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(disconnected())
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)  # so that a client that left at the same moment is noticed
        is_gone = leaving.done()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])
    if not is_gone:
        return working.result()
    if not working.cancelled() and working.exception() is None and undo is not None:
        await undo(working.result())
    raise ClientGone
