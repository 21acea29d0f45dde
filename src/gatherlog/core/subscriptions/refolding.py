"""A projection whose view has a newer version: it folds the log again from the first event.

The documents that a release before it made cannot be folded on. So the subscription is reset, by a
command in its own stream that says for which versions. It is given once, however many processes
find that it is needed. Once every partition has folded what was in the log then, the views are
built.
"""

import asyncio
from typing import Final

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import Append, Commit, Heads, Store
from gatherlog.core.projections.building import unbuilt_views
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.projections.paging import stream_events
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id, stream_of
from gatherlog.core.subscriptions.dead_letters import CODEC, SubscriptionReset

__all__ = ["Refolding"]

LOOK_SECONDS: Final = 0.5
"""How often it looks whether the log is folded."""


class Refolding:
    """Lets one projection build its views, if they are not built."""

    def __init__(
        self, store: Store, subscription: str, fold: EventFold, *, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._name = subscription
        self._fold = fold
        self._clock = clock
        self._ids = ids
        self._by = "views " + " ".join(
            f"{view.name}@{view.version}({','.join(sorted(view.indexes))})" for view in fold.views
        )
        self._begun_at: int | None = None
        """The version of the command in the subscription's stream; 0: none is needed."""
        self._beginning = asyncio.Lock()

    async def begin(self) -> None:
        """Reset the subscription, unless its views are built or somebody has done so before.

        Nobody may fold events into its documents before this has returned.
        """
        async with self._beginning:
            if self._begun_at is not None:
                return
            version = await self._reset_once() if await self._is_needed() else 0
            self._begun_at = version

    async def finish(self) -> None:
        """Wait until what was in the log is folded, by whatever process, and say that it is."""
        await self.begin()
        if not self._begun_at:
            return
        heads = await self._store.heads()
        while await self._is_needed():
            if await self._is_folded(self._begun_at, heads):
                await self._store.declare(self._fold.views)
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_needed(self) -> bool:
        unbuilt = await unbuilt_views(self._store)
        return any(view.name in unbuilt for view in self._fold.views)

    async def _reset_once(self) -> int:
        """The version of the command, which is given unless it is there."""
        while True:
            last = 0
            async for event in stream_events(self._store, stream_of(self._name)):
                last = event.version
                if not event.is_blank and self._is_ours(event.type, event.data):
                    return event.version
            try:
                return await self._append_reset(last)
            except Conflict:
                continue

    def _is_ours(self, type: str, data: bytes) -> bool:
        return type == _RESET and CODEC.encode(self._reset())[2] == data

    def _reset(self) -> SubscriptionReset:
        positions = (0,) * self._store.limits.partitions
        return SubscriptionReset(by=self._by, positions=positions)

    async def _append_reset(self, after: int) -> int:
        type, schema, data = CODEC.encode(self._reset())
        now, stream = self._clock(), stream_of(self._name)
        event = Event(self._ids(), type, now, now, data, schema)
        await self._store.commit(Commit(appends=[Append(stream, [event], after)]))
        return after + 1

    async def _is_folded(self, version: int, heads: Heads) -> bool:
        """Whether every partition has folded the log up to `heads` since the command."""
        ids = [checkpoint_id(self._name, partition) for partition in range(len(heads))]
        found = await self._store.get([CHECKPOINTS.ref(id) for id in ids])
        checkpoints = [CHECKPOINTS.read(document) for document in found]
        return all(
            one is not None and one.epoch >= version and one.position >= head
            for one, head in zip(checkpoints, heads, strict=True)
        )


_RESET: Final = CODEC.encode(SubscriptionReset(by="", positions=()))[0]
