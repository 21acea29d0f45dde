"""All subscriptions at one look: who reads them, and what waits and was given up, by destination.

Everything is read from the store, so it is the same in whichever process it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies
from gatherlog.core.subscriptions.administration import MOST_COUNTED, Status, SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import Backlog, checkpoint_id
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS, DeadLetter
from gatherlog.core.subscriptions.leases import LEASES, Lease

__all__ = ["DestinationState", "Overview", "Reader", "SubscriptionState", "overview"]

_CHUNK: Final = 100
"""Leases that are read at a time."""
_Place = tuple[str, str]
"""A subscription and one of its destinations."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads a subscription in one partition, as its lease says."""

    partition: int
    holder: str
    """What the worker calls itself; empty: nobody."""
    since: int | None
    """Since when, or since when nobody does: microseconds since the epoch. None: it is not known,
    because an earlier release wrote the lease or nobody has ever read it."""
    renewed: int | None
    """When the holder last said so, which it does every few seconds while it has work."""
    unread: int | None
    """When the first event that was not read yet was recorded; None: everything was read."""


class SubscriptionState(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription, who reads it, and how many dead letters it has."""

    status: Status
    readers: tuple[Reader, ...]
    dead: int
    """Counted up to MOST_COUNTED of all subscriptions together."""


class DestinationState(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a destination in all partitions, and what was given up.

    There is one for each destination for which anything waits, or that has dead letters.
    """

    subscription: str
    destination: str
    parked: int = 0
    """Streams and subjects that wait because an event has failed."""
    waits_for_operator: int = 0
    """Those of them that are not tried again before an operator says so."""
    is_held: bool = False
    """Whether it gets no new events until it has caught up."""
    failing_since: int | None = None
    """Since when all deliveries fail: microseconds since the epoch, like all times here."""
    oldest: int | None = None
    """When the oldest event that waits for it was recorded; None: nothing waits."""
    next_try: int | None = None
    dead: int = 0
    reason: str = ""
    """Why the last attempt failed, or the last delivery was given up, as `kind: detail`."""


class Overview(msgspec.Struct, frozen=True):
    """All subscriptions, and the destinations that need a look, each by name."""

    subscriptions: tuple[SubscriptionState, ...]
    destinations: tuple[DestinationState, ...]


async def overview(store: Store, admin: SubscriptionAdmin) -> Overview:
    """How all subscriptions are, as of about a second ago; dead letters up to MOST_COUNTED."""
    statuses = [await admin.status(name) for name in await admin.names()]
    leases = await _leases(store, statuses)
    dead = await _dead_letters(store)
    states = [
        SubscriptionState(
            status=status,
            readers=tuple(await _readers(store, status, leases)),
            dead=sum(len(ones) for (name, _), ones in dead.items() if name == status.name),
        )
        for status in statuses
    ]
    return Overview(tuple(states), tuple(await _destinations(store, statuses, dead)))


async def _leases(store: Store, statuses: Sequence[Status]) -> Mapping[str, Lease]:
    ids = [checkpoint_id(one.name, lag.partition) for one in statuses for lag in one.lags]
    found: dict[str, Lease] = {}
    for start in range(0, len(ids), _CHUNK):
        for document in await store.get([LEASES.ref(id) for id in ids[start : start + _CHUNK]]):
            if document is not None and (lease := LEASES.read(document)) is not None:
                found[document.id] = lease
    return found


async def _readers(store: Store, status: Status, leases: Mapping[str, Lease]) -> list[Reader]:
    readers = []
    for lag in status.lags:
        lease = leases.get(checkpoint_id(status.name, lag.partition))
        unread = await _recorded_after(store, lag.partition, lag.position, lag.head)
        readers.append(
            Reader(
                partition=lag.partition,
                holder="" if lease is None else lease.holder,
                since=None if lease is None else lease.since,
                renewed=None if lease is None else lease.renewed,
                unread=unread,
            )
        )
    return readers


async def _recorded_after(store: Store, partition: int, position: int, head: int) -> int | None:
    """When the first event after a position was recorded; None if there is none up to the head."""
    if position >= head:
        return None
    page = await store.read_feed(partition, after=position, limit=1)
    return next((event.recorded for event in page), None)


async def _dead_letters(store: Store) -> Mapping[_Place, list[DeadLetter]]:
    """Dead letters by destination, the newest first, up to MOST_COUNTED together."""
    found: dict[_Place, list[DeadLetter]] = {}
    counted = 0
    query = DEAD_LETTERS.query("by_state", "dead", backwards=True, limit=1000)
    async for letter in bodies(store, DEAD_LETTERS, query):
        found.setdefault((letter.subscription, letter.destination), []).append(letter)
        counted += 1
        if counted == MOST_COUNTED:
            break
    return found


async def _destinations(
    store: Store, statuses: Sequence[Status], dead: Mapping[_Place, list[DeadLetter]]
) -> list[DestinationState]:
    backlogs: dict[_Place, list[Backlog]] = {}
    for backlog in (one for status in statuses for one in status.backlogs):
        backlogs.setdefault((backlog.subscription, backlog.destination), []).append(backlog)
    heads = {status.name: [lag.head for lag in status.lags] for status in statuses}
    found = []
    for place in sorted({*backlogs, *dead}):
        ones = backlogs.get(place, [])
        oldest = [await _oldest(store, one, heads[place[0]]) for one in ones]
        found.append(_state(place, ones, dead.get(place, []), oldest))
    return found


def _state(
    place: _Place,
    backlogs: Sequence[Backlog],
    dead: Sequence[DeadLetter],
    oldest: Iterable[int | None],
) -> DestinationState:
    parked = [one for backlog in backlogs for one in backlog.parked if one.attempts > 0]
    reason = next((f"{one.kind}: {one.detail}" for one in parked if one.kind), "")
    if not reason and dead:
        reason = f"{dead[0].kind}: {dead[0].detail}"
    return DestinationState(
        subscription=place[0],
        destination=place[1],
        parked=len(parked),
        waits_for_operator=sum(one.next_try is None for one in parked),
        is_held=any(one.suspended_from is not None for one in backlogs),
        failing_since=_least(one.failing_since for one in backlogs),
        oldest=_least(oldest),
        next_try=_least(one.next_try for one in parked),
        dead=len(dead),
        reason=reason,
    )


async def _oldest(store: Store, backlog: Backlog, heads: Sequence[int]) -> int | None:
    """When the first event that waits in a backlog was recorded."""
    first = min(backlog.parked, key=lambda one: one.position, default=None)
    if first is not None:
        after = first.version - 1 + first.is_done
        for event in await store.read_stream(first.stream, after=after, limit=1):
            return event.recorded
    if backlog.suspended_from is None:
        return None
    head = heads[backlog.partition]
    return await _recorded_after(store, backlog.partition, backlog.suspended_from, head)


def _least(times: Iterable[int | None]) -> int | None:
    return min((one for one in times if one is not None), default=None)
