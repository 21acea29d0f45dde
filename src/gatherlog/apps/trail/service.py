"""The trail as interfaces use it: recording who read something, and listing what happened.

Reads are recorded after the request is answered: `note` queues them in memory, and all that are
queued within a second are written together. A process that is killed loses those of its last
second; one that is stopped writes them first.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.apps.trail.events import CODEC, Accessed, What, access_stream
from gatherlog.apps.trail.fold import HOUR
from gatherlog.apps.trail.views import ACTIVITIES, LAST_SEEN, Activity, LastSeen, of_guest, seen_by
from gatherlog.core.commands.service import Listing, search
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.giving_way import gently
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store

__all__ = ["FLUSH_SECONDS", "MOST_WAITING", "TrailService"]

FLUSH_SECONDS: Final = 1.0
MOST_WAITING: Final = 10_000
"""Accesses that are queued while the store takes none; further ones are lost, and counted."""
_MOST_REMEMBERED: Final = 20_000
"""Accesses of the last hour that are remembered; one that was forgotten is recorded again."""
_MOST_READS: Final = 10
"""Reads of the store for one page of activities, however few of them fit."""
_CATEGORIES: Final = ("gathering", "access")
"""The categories of streams in which visits of guests are recorded."""

_Access = tuple[str, What, str, str, int]
"""Who read, what, of which gathering and guest, and in which hour."""


class TrailService:
    """Records accesses, at most one per actor, kind, guest and hour, and reads the trail.

    An access is somebody's reading of guests, of the list, of the trail or of the log. It shows in
    the trail once it is written and the subscription `trail` has read it. Where the store does not
    take accesses, `report` is called with the error, and they are written again later.
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
        """Accesses that were never written: the queue was full, or the store was closed."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._seconds = seconds
        self._report = report
        self._remembered: dict[_Access, None] = {}
        self._queue: deque[tuple[str, Event]] = deque()
        self._flushing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    # Recording.

    def note(self, who: str, what: What, gathering_id: str, guest_id: str = "") -> None:
        """Queue the access of `who`, an actor's name; neither waits nor raises.

        `gathering_id` may be SITE. To be called in a running event loop.
        """
        now = self._clock()
        access = (who, what, gathering_id, guest_id, now // HOUR)
        if access in self._remembered:
            return
        if len(self._queue) >= MOST_WAITING:
            self.lost += 1
            return
        if len(self._remembered) >= _MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[access] = None
        self._queue.append((access_stream(gathering_id), self._event(access, now)))
        self._write_soon()

    async def flush(self) -> None:
        """Write all that is queued. Raises what the store raises; the rest stays in the queue."""
        async with self._flushing:
            limits = self._store.limits
            most = max(1, limits.commit_actions // actions_of(limits, events=1, streams=1))
            while self._queue:
                part = [self._queue[i] for i in range(min(most, len(self._queue)))]
                await self._store.commit(Commit(appends=list(_appends(part, self._clock()))))
                for _ in part:
                    self._queue.popleft()

    async def close(self) -> None:
        """Write what is queued. What the store does not take now is lost, counted and reported."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        try:
            await self.flush()
        except StoreError as error:
            self._give_up(error)

    # Reading.

    async def activities(
        self,
        gathering_id: str,
        *,
        guest_id: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Listing[Activity]:
        """A page of what happened in one gathering, newest first by event time.

        Only activities that have all that is given. No activity is listed twice or left out,
        however many come meanwhile. Where `actor` or `action` is given and few activities fit, a
        page may have fewer than `limit` although it has a cursor.
        """
        index, partition = "by_gathering", gathering_id
        if guest_id is not None:
            index, partition = "by_guest", of_guest(gathering_id, guest_id)
        query = ACTIVITIES.query(index, partition, backwards=True, limit=limit, cursor=cursor)
        fits = _activity_filter(actor, action)
        found = await search(self._store, ACTIVITIES, query, fits, most_reads=_MOST_READS)
        return Listing([activity.body for activity in found.items], found.cursor)

    async def last_seen(self, guest_ids: Sequence[str]) -> Mapping[str, LastSeen]:
        """When each of these guests was last here; guests who never were are left out."""
        refs = [
            LAST_SEEN.ref(seen_by(category, id))
            async for id in gently(guest_ids)
            for category in _CATEGORIES
        ]
        found = iter(await self._store.get(refs))
        seen: dict[str, LastSeen] = {}
        async for id in gently(guest_ids):
            one, other = [LAST_SEEN.read(next(found)) or LastSeen() for _ in _CATEGORIES]
            visit = one.later_of(other)
            if visit.last_access is not None:
                seen[id] = visit
        return seen

    # Writing.

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
        self.lost += len(self._queue)
        self._queue.clear()
        self._report(error)

    def _event(self, access: _Access, now: int) -> Event:
        who, what, _, guest_id, _ = access
        type, schema, data = CODEC.encode(Accessed(who=who, what=what))
        return Event(self._ids(), type, now, now, data, schema, guest_id)


def _activity_filter(actor: str | None, action: str | None) -> Callable[[Activity], bool] | None:
    """Whether an activity has what is given; None where nothing is, so that all fit."""
    if actor is None and action is None:
        return None
    return lambda one: actor in (None, one.actor) and action in (None, one.action)


def _appends(accesses: Iterable[tuple[str, Event]], now: int) -> Iterable[Append]:
    """One append for each stream; the events are recorded at `now`."""
    streams: dict[str, list[Event]] = {}
    for stream, event in accesses:
        streams.setdefault(stream, []).append(msgspec.structs.replace(event, recorded=now))
    for stream, events in streams.items():
        yield Append(stream, events, ANY)
