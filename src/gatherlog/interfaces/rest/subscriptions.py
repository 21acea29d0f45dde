"""Subscriptions over HTTP: how far they have read, what waits in them, and commands to them."""

from typing import Literal

import msgspec

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.subscriptions.administration import State, Status
from gatherlog.core.subscriptions.checkpoints import Backlog, ParkedKey
from gatherlog.core.subscriptions.dead_letters import dead_letter_id
from gatherlog.interfaces.rest.answers import Time, json, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = [
    "ResetRequest",
    "StatusAnswer",
    "SubscriptionAnswer",
    "list_subscriptions",
    "pause",
    "read_subscription",
    "reset",
    "resume",
]

Plain = Call[None, Nothing]


class PartitionAnswer(msgspec.Struct, frozen=True):
    """How far a subscription has read in one partition: up to `position` of `head`."""

    partition: int
    position: int
    head: int


class SubscriptionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription; `behind` is the number of events of the log that it has still to process.

    Events that wait behind a failed one, and the failed one itself, are among them.
    """

    name: str
    behind: int
    """Counted up to 1,000, or about 32 MiB of them, in each partition; it may be a second old."""
    behind_is_least: bool
    """Whether there are more than were counted."""
    oldest_seconds: float | None
    """Since when the oldest of these events has been in the log; null if there is none."""
    parked: int
    held: int
    """Destinations that receive no new events until they have caught up."""
    failing: int
    """Those of them to which all deliveries fail: one attempt at a time probes each."""
    dead: int
    """Dead letters, counted up to 10,000."""
    paused: bool
    state: State
    """`pausing` and `resuming`: the process that reads it has not carried out the command yet."""
    partitions: list[PartitionAnswer]


class ParkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A stream and subject whose events wait for a destination, and the failure they wait for."""

    destination: str
    stream: str
    subject: str
    version: int
    attempts: int
    kind: str
    detail: str
    given_up: bool
    next_try: Time | None
    """None: it waits for an operator."""
    dead_letter: str | None
    """The id of the dead letter that it waits for."""


class HeldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A destination that receives no new events until it has caught up, or takes none at all."""

    destination: str
    partition: int
    position: int | None
    """What came after it waits; null if that is only what `parks` lists."""
    failing_since: Time | None
    """Since when all deliveries to it fail; null if it is only slow, or catches up."""


class StatusAnswer(SubscriptionAnswer, frozen=True, kw_only=True):
    """A subscription with all streams and subjects that wait in it."""

    parks: list[ParkAnswer]
    holds: list[HeldAnswer]


class ResetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to begin again: at the `start` or `end`, or after a position for each partition."""

    to: Literal["start", "end"] | list[int]


async def list_subscriptions(call: Plain) -> Reply:
    admin = call.platform.subscription_admin
    found = [await admin.status(name) for name in await admin.names()]
    return json([await _summary(call, status) for status in found])


async def read_subscription(call: Plain) -> Reply:
    status = await call.platform.subscription_admin.status(call.id)
    summary = msgspec.structs.asdict(await _summary(call, status))
    parks = [park for backlog in status.backlogs for park in _park_answers(backlog)]
    holds = [one for backlog in status.backlogs for one in _held_answers(backlog)]
    return json(StatusAnswer(**summary, parks=parks, holds=holds))


async def pause(call: Plain) -> Reply:
    await call.platform.subscription_admin.pause(call.id, by=call.by)
    return await call.remember(no_content())


async def resume(call: Plain) -> Reply:
    await call.platform.subscription_admin.resume(call.id, by=call.by)
    return await call.remember(no_content())


async def reset(call: Call[ResetRequest, Nothing]) -> Reply:
    admin, to = call.platform.subscription_admin, call.body.to
    heads = await call.platform.store.heads()
    positions = {"start": (0,) * len(heads), "end": heads}[to] if isinstance(to, str) else to
    projections = {one.name for one in call.platform.subscriptions if one.fold is not None}
    if call.id in projections and any(positions):
        raise Invalid(Flaw("/to", "this subscription keeps documents: it begins at the start"))
    await admin.reset(call.id, positions, by=call.by)
    return await call.remember(no_content())


async def _summary(call: Plain, status: Status) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        name=status.name,
        behind=status.behind,
        behind_is_least=status.behind_is_least,
        oldest_seconds=status.oldest_seconds,
        parked=status.parked,
        held=status.held,
        failing=status.failing,
        dead=await call.platform.subscription_admin.count_dead_letters(status.name),
        paused=status.is_paused,
        state=status.state,
        partitions=[PartitionAnswer(lag.partition, lag.position, lag.head) for lag in status.lags],
    )


def _held_answers(backlog: Backlog) -> list[HeldAnswer]:
    if backlog.suspended_from is None and backlog.failing_since is None:
        return []
    since = backlog.failing_since
    return [
        HeldAnswer(
            destination=backlog.destination,
            partition=backlog.partition,
            position=backlog.suspended_from,
            failing_since=None if since is None else rfc3339(since),
        )
    ]


def _park_answers(backlog: Backlog) -> list[ParkAnswer]:
    return [
        ParkAnswer(
            destination=backlog.destination,
            stream=park.stream,
            subject=park.subject,
            version=park.version,
            attempts=park.attempts,
            kind=park.kind,
            detail=park.detail,
            given_up=park.given_up,
            next_try=None if park.next_try is None else rfc3339(park.next_try),
            dead_letter=_dead_letter(backlog, park) if park.given_up else None,
        )
        for park in backlog.parked
    ]


def _dead_letter(backlog: Backlog, park: ParkedKey) -> str:
    return dead_letter_id(backlog.subscription, backlog.destination, park.stream, park.version)
