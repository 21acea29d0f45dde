"""Reads the status of a site from its store, and from what this process knows.

It is read once for all who ask within a second, so that nobody who asks again and again slows down
those who use the site.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from gatherlog import __version__
from gatherlog.apps.guests.letter_events import Reason
from gatherlog.core.eventstore.clock import Clock, rfc3339
from gatherlog.core.eventstore.store import KnowsItsSize, KnowsViews, Store
from gatherlog.core.queues import QueueAdmin
from gatherlog.core.routing.bus import BUS
from gatherlog.core.routing.unusable_rules import UnusableRules
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.overview import (
    DestinationState,
    Overview,
    Reader,
    SubscriptionState,
    overview,
)
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.interfaces.status.shapes import (
    DestinationStatus,
    MailStatus,
    QueueCounts,
    ReaderStatus,
    SearchStatus,
    SetAside,
    Status,
    StoreStatus,
    SubscriptionStatus,
)
from gatherlog.interfaces.status.troubles import troubles_of
from gatherlog.search import IndexedSearch

__all__ = ["SiteStatus", "free_bytes"]

FRESH: Final = 1.0
"""Seconds for which a status is given again."""


class SiteStatus:
    """Reads the status of one site. `letters` gives the letters that are held, and those lost."""

    def __init__(
        self,
        store: Store,
        *,
        file: Path | None,
        admin: SubscriptionAdmin,
        worker: Worker,
        queues: QueueAdmin,
        held_letters: Callable[[], Awaitable[Mapping[Reason, int]]],
        lost_letters: Callable[[], Mapping[str, int]],
        search: IndexedSearch,
        clock: Clock,
    ) -> None:
        self._store = store
        self._file = file
        self._admin = admin
        self._rules = UnusableRules(store)
        self._worker = worker
        self._queues = queues
        self._held_letters = held_letters
        self._lost_letters = lost_letters
        self._search = search
        self._clock = clock
        self._lock = asyncio.Lock()
        self._last: tuple[float, Status, Overview] | None = None

    async def read(self, *, fresh: float = FRESH) -> Status:
        """How the site is now, or was up to `fresh` seconds ago.

        Raises what the store raises that does not answer.
        """
        return (await self._read(fresh))[0]

    async def overview(self) -> Overview:
        """The subscriptions and destinations that the status is about."""
        return (await self._read(FRESH))[1]

    async def _read(self, fresh: float) -> tuple[Status, Overview]:
        async with self._lock:
            now, last = asyncio.get_running_loop().time(), self._last
            has_begun = last is not None and last[1].works != self._worker.is_running
            if last is None or has_begun or now - last[0] >= fresh:
                found = await overview(self._store, self._admin)
                last = self._last = now, await self._status(found), found
            return last[1:]

    async def _status(self, found: Overview) -> Status:
        now = self._clock()
        status = Status(
            version=__version__,
            at=rfc3339(now),
            works=self._worker.is_running,
            store=await self._store_status(),
            subscriptions=tuple(_subscription(one, now) for one in found.subscriptions),
            destinations=tuple(_destination(one, now) for one in found.destinations),
            set_aside=tuple(await self._set_aside()),
            queues=tuple(await self._queue_counts()),
            mail=MailStatus(
                held={str(kind): n for kind, n in (await self._held_letters()).items() if n},
                not_sent=dict(self._lost_letters()),
            ),
            search=await self._search_status(now),
        )
        return msgspec.structs.replace(status, troubles=troubles_of(status))

    async def _store_status(self) -> StoreStatus:
        store = self._store
        return StoreStatus(
            heads=tuple(await store.heads()),
            bytes=dict(await store.sizes()) if isinstance(store, KnowsItsSize) else {},
            disk_free_bytes=free_bytes(self._file),
            unbuilt_views=tuple(await store.unbuilt()) if isinstance(store, KnowsViews) else (),
        )

    async def _set_aside(self) -> list[SetAside]:
        """The rules, as the store has them, and the commands that this process could not use."""
        found = {(BUS, f"rule {name}"): why for name, why in (await self._rules.find()).items()}
        for name, notices in self._worker.notices.items():
            found |= {(name, what): why for what, why in notices.set_aside.items()}
        return [
            SetAside(subscription=name, what=what, why=why)
            for (name, what), why in sorted(found.items())
        ]

    async def _queue_counts(self) -> list[QueueCounts]:
        return [
            QueueCounts(
                name=one.name,
                ready=one.ready,
                in_flight=one.in_flight,
                waiting=one.waiting,
                dead=one.dead,
                oldest_seconds=one.oldest,
            )
            for one in await self._queues.statuses()
        ]

    async def _search_status(self, now: int) -> SearchStatus | None:
        if not self._search.is_started:
            return None
        status = await self._search.status()
        ages = [_seconds(lag.oldest, now) for lag in status.lags]
        return SearchStatus(
            documents=status.documents,
            is_building=status.is_building,
            oldest_seconds=max((one for one in ages if one is not None), default=None),
        )


def free_bytes(file: Path | None) -> int | None:
    """What is left of the disk that a file is on; None without a file, or if its folder is gone."""
    if file is None:
        return None
    try:
        return shutil.disk_usage(file.absolute().parent).free
    except OSError:
        return None


def _subscription(one: SubscriptionState, now: int) -> SubscriptionStatus:
    status = one.status
    return SubscriptionStatus(
        name=status.name,
        state=status.state,
        behind=status.behind,
        behind_is_least=status.behind_is_least,
        oldest_seconds=status.oldest_seconds,
        parked=status.parked,
        held=status.held,
        failing=status.failing,
        dead=one.dead,
        readers=tuple(_reader(reader, now) for reader in one.readers),
    )


def _reader(reader: Reader, now: int) -> ReaderStatus:
    return ReaderStatus(
        partition=reader.partition,
        holder=reader.holder or None,
        since=_time(reader.since),
        quiet_seconds=_seconds(reader.renewed, now),
        unread_seconds=_seconds(reader.unread, now),
    )


def _destination(one: DestinationState, now: int) -> DestinationStatus:
    is_of_rule = one.subscription == BUS
    return DestinationStatus(
        subscription=one.subscription,
        destination=one.destination,
        rule=one.destination.partition("/")[0] if is_of_rule else None,
        parked=one.parked,
        waits_for_operator=one.waits_for_operator,
        held=one.is_held,
        failing_since=_time(one.failing_since),
        oldest_seconds=_seconds(one.oldest, now),
        next_try=_time(one.next_try),
        dead=one.dead,
        reason=one.reason,
    )


def _time(micros: int | None) -> str | None:
    return None if micros is None else rfc3339(micros)


def _seconds(since: int | None, now: int) -> float | None:
    return None if since is None else max(0, now - since) / 1_000_000
