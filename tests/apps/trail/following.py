"""Running a worker until the trail is up to date, and a store that crashes."""

import asyncio
from typing import Any, cast

from gatherlog.apps.trail import VIEWS
from gatherlog.apps.trail.fold import Trail
from gatherlog.bootstrap import new_id
from gatherlog.core import Commit, Committed, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import StoreClosed
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.worker import Worker
from tests.stores import events_in, scanned

CATEGORIES = ("access", "account", "gathering", "gatherings")
"""Of the streams that these tests append to."""
LEASE_SECONDS = 0.1
"""The lease of a worker, and so the time until another one takes over after a crash."""


def worker(store: Store) -> Worker:
    return Worker(
        store,
        [Projection("trail", Trail())],
        clock=system_clock,
        ids=new_id,
        lease_seconds=LEASE_SECONDS,
    )


async def follow(store: Store, *, commands_done: int = 0) -> None:
    """Run a worker until everything in the log is in the trail.

    `commands_done` is the version of an administrative command that has to be carried out as well.
    """
    watched = _Watched(store)
    following = worker(cast(Store, watched))
    running = asyncio.create_task(following.run())
    try:
        while not await _is_up_to_date(store, commands_done):
            await watched.committed.acquire()
    finally:
        following.stop()
        await running


async def trail(store: Store) -> dict[tuple[str, str], tuple[bytes | None, Any]]:
    """Every document of the trail: its body and its index keys."""
    return {
        (view.name, document.id): (document.body, dict(document.index_keys))
        for view in VIEWS
        for document in await scanned(store, view.name)
    }


async def _is_up_to_date(store: Store, commands_done: int) -> bool:
    ends = await _ends(store)
    ids = [checkpoint_id("trail", partition) for partition in range(len(ends))]
    kept = [
        CHECKPOINTS.read(document)
        for document in await store.get([CHECKPOINTS.ref(id) for id in ids])
    ]
    return all(
        end == 0 if one is None else (one.position >= end and one.commands_done >= commands_done)
        for one, end in zip(kept, ends, strict=True)
    )


async def _ends(store: Store) -> list[int]:
    """The position of the last event of each partition, also if the feed does not show it yet."""
    ends = [0] * store.limits.partitions
    for event in await events_in(store, CATEGORIES):
        ends[event.partition] = max(ends[event.partition], event.position)
    return ends


class _Watched:
    """A store that counts commits in a semaphore."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.committed = asyncio.Semaphore(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        committed = await self._store.commit(commit)
        self.committed.release()
        return committed


class CrashingStore:
    """A store whose process crashes at a commit: before it, or after it was made."""

    def __init__(self, store: Store, commits: int, *, done: bool) -> None:
        self._store = store
        self._left = commits
        self._done = done

    @property
    def is_dead(self) -> bool:
        return self._left < 0

    def __getattr__(self, name: str) -> Any:
        if self.is_dead:
            raise StoreClosed("dead")
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        if self.is_dead:
            raise StoreClosed("dead")
        self._left -= 1
        dies = self._left < 0
        if dies and not self._done:
            raise StoreClosed("dies")
        committed = await self._store.commit(commit)
        if dies:
            raise StoreClosed("dies")
        return committed
