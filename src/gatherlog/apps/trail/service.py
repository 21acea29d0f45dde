"""The trail as interfaces use it: noting who looked, and asking what happened.

Looks are written after the answer: `note` puts them aside, and all that were put aside within a
second are written together. A process that is killed takes with it the looks of that last second;
one that is stopped writes them first.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.apps.trail.events import CODEC, Accessed, What, access_stream
from gatherlog.apps.trail.fold import HOUR
from gatherlog.apps.trail.listing import Listing, Wanted, search
from gatherlog.apps.trail.views import LAST_SEEN, LastSeen, seen_by
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store

__all__ = ["FLUSH_SECONDS", "MOST_WAITING", "TrailService"]

FLUSH_SECONDS: Final = 1.0
MOST_WAITING: Final = 10_000
"""Looks that may wait to be written while the store takes none; more are lost, and counted."""
_MOST_KNOWN: Final = 20_000
"""Looks of the last hour that are remembered; of one forgotten, a second one is written."""

_Look = tuple[str, What, str, str, int]
"""Who, how, at which gathering and guest, and in which hour."""


class TrailService:
    """Notes looks, at most one per actor, guest, kind and hour, and reads the trail.

    What is noted shows in the trail once it is written and the subscription `trail` has read it.
    `report` is told of every time that the store did not take them; they are tried again.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        seconds: float = FLUSH_SECONDS,
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self.lost = 0
        """Looks that were never written, because too many waited or the store was closed."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._seconds = seconds
        self._report = report
        self._known: dict[_Look, None] = {}
        self._waiting: deque[tuple[str, Event]] = deque()
        self._flushing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    # Noting.

    def note(self, who: str, what: What, gathering_id: str, guest_id: str = "") -> None:
        """Have it written that `who` looked; neither waits nor fails.

        `gathering_id` may be SITE. Call it where an event loop runs.
        """
        now = self._clock()
        look = (who, what, gathering_id, guest_id, now // HOUR)
        if look in self._known:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[look] = None
        self._waiting.append((access_stream(gathering_id), self._event(look, now)))
        self._write_soon()

    async def flush(self) -> None:
        """Write all that was noted so far; raises what the store raises, and keeps the rest."""
        async with self._flushing:
            most = max(1, self._store.limits.commit_actions // 2)
            while self._waiting:
                part = [self._waiting[i] for i in range(min(most, len(self._waiting)))]
                await self._store.commit(Commit(appends=list(_appends(part, self._clock()))))
                for _ in part:
                    self._waiting.popleft()

    async def close(self) -> None:
        """Write what is left. What the store does not take now is lost, counted and reported."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        try:
            await self.flush()
        except StoreError as error:
            self._give_up(error)

    # Asking.

    async def activities(
        self,
        gathering_id: str,
        *,
        guest_id: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Listing:
        """What happened in a gathering, newest first by event time; nothing of another one.

        Only what fits all that is given, `limit` at a time, until the cursor is None.
        """
        wanted = Wanted(gathering_id, guest_id, actor, action)
        return await search(self._store, wanted, limit, cursor)

    async def last_seen(self, guest_ids: Sequence[str]) -> Mapping[str, LastSeen]:
        """When these guests were last here; nothing of those who never were."""
        ids = [seen_by(log, id) for id in guest_ids for log in ("gathering", "access")]
        documents = await self._store.get(LAST_SEEN.name, ids)
        found = [LAST_SEEN.read(document) or LastSeen() for document in documents]
        seen = {id: found[2 * n].later_of(found[2 * n + 1]) for n, id in enumerate(guest_ids)}
        return {id: visit for id, visit in seen.items() if visit.last_access is not None}

    # How it is written.

    def _write_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            await self.flush()
        except StoreClosed as error:
            self._give_up(error)
        except StoreError as error:
            self._report(error)
            self._write_soon()

    def _give_up(self, error: StoreError) -> None:
        self.lost += len(self._waiting)
        self._waiting.clear()
        self._report(error)

    def _event(self, look: _Look, now: int) -> Event:
        who, what, _, guest_id, _ = look
        type, schema, data = CODEC.encode(Accessed(who=who, what=what))
        return Event(self._ids(), type, now, now, data, schema, guest_id)


def _appends(looks: Iterable[tuple[str, Event]], now: int) -> Iterable[Append]:
    """Stream by stream; recorded is when they are handed over."""
    streams: dict[str, list[Event]] = {}
    for stream, event in looks:
        streams.setdefault(stream, []).append(msgspec.structs.replace(event, recorded=now))
    for stream, events in streams.items():
        yield Append(stream, events, ANY)
