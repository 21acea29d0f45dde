"""The processor of a partition: reads it for one subscription while this worker has its lease.

The life of a processor:

1. The worker takes the lease of the partition (`lease_taking.py`) and runs a processor.
2. It loads the checkpoint, and for each destination what waits for it (`partition_state.py`).
3. It carries out the administrative commands that were given meanwhile (`admin_commands.py`).
4. It starts to retry what waits (`retry_queues.py`), to renew the lease, and to save regularly.
5. It reads a page of the feed, from the checkpoint's position on, and
6. delivers it to the destinations (`page_dispatch.py`), or folds it into the documents of a
   projection (`projection_runner.py`). An event that fails blocks only its own stream and subject.
7. It carries out new commands and reads the next page; if there is none, it waits for events.
8. It is stopped with its worker, or because another worker requests the lease. Then it begins
   nothing more, waits a few seconds for what is under way, and saves.
9. It ends at once if the lease is lost, the store fails, or the partition is reset.
10. The worker releases the lease; the next processor begins with what was saved.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.eventstore.store import Heads
from gatherlog.core.subscriptions.admin_commands import AdminCommands, ResetDone
from gatherlog.core.subscriptions.document_locks import DocumentLocks
from gatherlog.core.subscriptions.leases import idle_seconds
from gatherlog.core.subscriptions.page_dispatch import GRACE, PageDispatch
from gatherlog.core.subscriptions.page_size import PageSize
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_runner import ProjectionRunner
from gatherlog.core.subscriptions.retry_queues import RetryQueues
from gatherlog.core.subscriptions.shared_pages import SharedPages

__all__ = ["PartitionProcessor"]

SAVE_SECONDS: Final = 0.1
"""From the first change that is not saved until the save, so that later changes share it."""
UNSAVED_EVENTS: Final = 5_000
"""After so many events the checkpoint is saved, even if none of them had a destination."""
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 1.0
"""Seconds before an empty page is read again although the head is beyond it: first, and at most."""


class PartitionProcessor:
    """Processes one partition until it is stopped.

    `lease_seconds` is the length of the lease; `locks` are those of a projection's documents;
    `feed` reads pages for all subscriptions of the worker.
    """

    def __init__(
        self,
        state: PartitionState,
        lease_seconds: float,
        locks: DocumentLocks,
        feed: SharedPages,
    ) -> None:
        self._state = state
        self._feed = feed
        self._lease_seconds = lease_seconds
        self._idle_seconds = idle_seconds(state.store.limits, lease_seconds)
        self._retries = RetryQueues(state, locks)
        self._commands = AdminCommands(state, self._retries)
        fold = state.subscription.fold
        self._pages: PageDispatch | ProjectionRunner = (
            PageDispatch(state, self._retries, self._commands)
            if fold is None
            else ProjectionRunner(state, self._retries, fold, locks)
        )
        self._page_size = PageSize()
        self._reading: asyncio.Task[None] | None = None
        """The task of `_read`."""
        self._is_waiting = False
        """Whether it waits for events, so that `stop` may cancel it."""
        self._is_idle = False
        """Whether it has found nothing to read since it last waited."""
        self._empty_pages = 0
        """In a row, although the head is beyond them."""
        self._unsaved_events = 0
        self._orphans_at: float | None = None
        """When to look for orphaned backlogs again."""

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is under way has ended."""
        self._state.stop()
        self._pages.stop()
        if self._is_waiting and self._reading is not None:
            self._reading.cancel()

    async def run(self) -> bool:
        """Process until stopped or reset; returns whether the partition was reset.

        Raises LeaseLost, and what the store raises.
        """
        try:
            await self._start()
            await self._read_until_stopped()
            await self._retries.close(GRACE)
            await self._state.save()
        except ResetDone:
            return True
        finally:
            await self._end()
        return False

    async def _start(self) -> None:
        state = self._state
        unfinished_redrives = await state.load()
        self._orphans_at = asyncio.get_running_loop().time() + self._lease_seconds
        await self._commands.carry_out()
        for dead_letter in unfinished_redrives:
            if dead_letter.id in state.redrives:  # no command since has ended it
                self._commands.redrive(dead_letter)
        self._retries.start()
        state.tasks.start(self._keep_lease())
        state.tasks.start(self._save_regularly())

    async def _read_until_stopped(self) -> None:
        """Read, until stopped, or until a task beside the reading fails, whose error is raised."""
        failure = self._state.tasks.failure
        self._reading = asyncio.create_task(self._read())
        await asyncio.wait([self._reading, failure], return_when=asyncio.FIRST_COMPLETED)
        if failure.done():
            failure.result()
        with contextlib.suppress(asyncio.CancelledError):  # by `stop`
            self._reading.result()

    async def _end(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._state.tasks.cancel()

    # Reading the feed.

    async def _read(self) -> None:
        state = self._state
        heads = await state.store.heads()
        await self._commands.carry_out()  # after `heads`, so that waiting beyond them misses none
        while not state.is_stopping:
            if not state.may_attempt.is_set() or self._pages.is_stuck:
                # Paused or stuck until an operator commands something, which is an event, too.
                heads = await self._wait(heads)
                await self._commands.carry_out()
                continue
            page = await self._next_page(heads)
            if page:
                await self._process(page)
            await self._commands.carry_out()
            if not page:
                await self._delete_orphans()
                heads = await self._wait_for_events(heads)

    async def _next_page(self, heads: Heads) -> Sequence[Recorded]:
        """The next page, with the destinations as they are now."""
        state, partition = self._state, self._state.partition
        size = min(self._page_size.size, state.store.limits.page)
        page = await self._feed.read(
            partition, after=state.position, limit=size, head=heads[partition]
        )
        self._is_idle = self._is_idle and not page
        if page and not state.lease.is_valid():
            await state.checkpoint_store.renew_lease()
        if await state.refresh():  # last, so that they are those by which the page is routed
            self._retries.start()
        return page

    async def _process(self, page: Sequence[Recorded]) -> None:
        state, clock = self._state, asyncio.get_running_loop().time
        began, self._empty_pages = clock(), 0
        processed = await self._pages.process(page)
        state.metrics.events += processed
        self._unsaved_events += processed
        if self._unsaved_events >= UNSAVED_EVENTS:
            self._unsaved_events = 0
            state.unsaved.set()
        self._page_size.took(clock() - began)

    async def _delete_orphans(self) -> None:
        """Look for orphaned backlogs a second time: a query may have lagged at the first."""
        now = asyncio.get_running_loop().time()
        if self._orphans_at is not None and now >= self._orphans_at:
            self._orphans_at = None
            await self._state.save()  # which deletes those that this processor knows of
            await self._state.delete_orphaned_backlogs()

    async def _wait_for_events(self, heads: Heads) -> Heads:
        """After an empty page: wait for events, or pause if the feed lags behind the head.

        Returns the heads beyond which the next wait is.
        """
        state = self._state
        now = await state.store.heads()
        if now[state.partition] <= state.position:
            return await self._wait(heads, state.subscription.gather)
        self._empty_pages += 1
        self._is_idle = False
        bound = pause_bound(self._empty_pages, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        await asyncio.sleep(random.uniform(bound / 2, bound))
        return heads

    async def _wait(self, heads: Heads, gather: float = 0.0) -> Heads:
        """Wait for any event beyond `heads`, and check the lease meanwhile. Returns the new heads.

        As long as no event has come there is nothing to read, and no command either. It ends
        without one only if it is time for something else.
        """
        while True:
            now = await self._wait_a_while(heads, gather)
            if now != heads or self._state.is_stopping or self._orphans_at is not None:
                return now

    async def _wait_a_while(self, heads: Heads, gather: float) -> Heads:
        """Wait for any event beyond `heads`, for `idle_seconds` at most.

        If one came, wait `gather` seconds more, so that more events share a page; otherwise check
        the lease, and wait again if there is nothing else to look after. Returns the new heads.
        """
        state = self._state
        now = heads
        while now == heads and not state.is_stopping:  # nobody would cancel this wait then
            self._is_waiting = self._is_idle = True
            try:
                now = _furthest(heads, await state.store.wait(heads, self._idle_seconds))
                if gather and now != heads:
                    await asyncio.sleep(gather)
                    now = _furthest(now, await state.store.heads())
            finally:
                self._is_waiting = False
            if now == heads:
                await state.checkpoint_store.check_lease()
                self._stop_if_requested()
                if self._orphans_at is not None:
                    break
        return now

    # Beside the reading.

    async def _keep_lease(self) -> None:
        """Renew the lease while there is work, and otherwise save what progress is unsaved.

        Another worker takes over if there is work and neither the lease nor the checkpoint changes.
        """
        state = self._state
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            if not self._is_idle or state.has_work or self._pages.is_stuck:
                await state.checkpoint_store.renew_lease()
            elif state.has_unsaved_progress:
                await state.save()
            self._stop_if_requested()

    async def _save_regularly(self) -> None:
        state, clock, pause = self._state, asyncio.get_running_loop().time, SAVE_SECONDS
        while True:
            await state.unsaved.wait()
            await asyncio.sleep(pause)
            began = clock()
            await state.save()
            # So that a fifth of the time, at most, is spent on saving.
            pause = max(SAVE_SECONDS, 4 * (clock() - began))

    def _stop_if_requested(self) -> None:
        if self._state.lease.is_requested:
            self.stop()


def _furthest(one: Heads, other: Heads) -> Heads:
    return tuple(map(max, one, other))
