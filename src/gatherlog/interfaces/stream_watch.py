"""Waking those who wait for events of certain streams: one task reads the log for all of them.

It tells that there is something, not what: whoever was woken reads the stream itself, from where it
stopped. So nothing is lost or told twice, whatever happens here; and an event costs as much as
there are waiters for its stream, not for all.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.feed_pages import follow_feed
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import Heads, Store

__all__ = ["StreamWatch", "Waiter"]

_PAGE: Final = 500


class Waiter:
    """Waits for events of some streams."""

    def __init__(self, streams: Collection[str]) -> None:
        self.streams = frozenset(streams)
        self._heard: set[str] = set()
        self._failure: Exception | None = None
        self._woken = asyncio.Event()

    def wake(self, stream: str) -> None:
        self._heard.add(stream)
        self._woken.set()

    def fail(self, failure: Exception) -> None:
        """Nothing will be heard any more, for this reason."""
        self._failure = failure
        self._woken.set()

    async def wait(self, seconds: float) -> frozenset[str]:
        """The streams that have had events since the last call; none after so many seconds.

        Raises why nothing is heard any more, if so.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return frozenset()
        if self._failure is not None:
            raise self._failure
        self._woken.clear()
        heard, self._heard = self._heard, set()
        return frozenset(heard)


class StreamWatch:
    """Reads the feed of one store on behalf of any number of waiters."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiters: dict[str, set[Waiter]] = {}
        self._reading: asyncio.Task[None] | None = None

    @contextmanager
    def waiting(self, *streams: str) -> Iterator[Waiter]:
        """A waiter that hears of every event which is appended from now on."""
        waiter = Waiter(streams)
        for stream in waiter.streams:
            self._waiters.setdefault(stream, set()).add(waiter)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            yield waiter
        finally:
            self._forget(waiter)

    def _forget(self, waiter: Waiter) -> None:
        """Let a waiter go; with the last one, the reading ends."""
        for stream in waiter.streams:
            if others := self._waiters.get(stream):
                others.discard(waiter)
                if not others:
                    del self._waiters[stream]
        if not self._waiters and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self) -> None:
        """Read from the present end. A failure that lasts is told to all who wait."""
        positions: Heads | None = None
        backoff = Backoff()
        try:
            while True:
                try:
                    if positions is None:
                        positions = await self._store.heads()
                        self._wake_all()
                    async for page in follow_feed(self._store, positions, limit=_PAGE):
                        positions, backoff = page.positions, Backoff()
                        for stream in {event.stream for event in page.events}:
                            self._wake(stream)
                except StoreError as error:
                    if isinstance(error, StoreClosed):
                        raise
                    await backoff.pause(error)
        except Exception as error:  # noqa: BLE001 - each waiter raises it
            for waiter in {one for some in self._waiters.values() for one in some}:
                waiter.fail(error)

    def _wake(self, stream: str) -> None:
        for waiter in self._waiters.get(stream, ()):
            waiter.wake(stream)

    def _wake_all(self) -> None:
        """Whatever was appended before the reading began may have been missed."""
        for stream in self._waiters:
            self._wake(stream)
