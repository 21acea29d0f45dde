"""Subscriptions and dead letters over HTTP: lag, what is parked, and what an operator does."""

from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.routing.bus import BUS
from gatherlog.core.routing.bus_form import bus_event, failure_envelope
from gatherlog.core.subscriptions.administration import Status
from gatherlog.core.subscriptions.checkpoints import Backlog
from gatherlog.core.subscriptions.dead_letters import DeadLetter
from gatherlog.interfaces.rest.answers import Time, json, no_content, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import MAX_PAGE, Nothing, Paging

__all__ = [
    "Discard",
    "DiscardMany",
    "LetterAnswer",
    "LettersQuery",
    "Many",
    "ManyAnswer",
    "Reset",
    "StatusAnswer",
    "SubscriptionAnswer",
    "discard",
    "discard_many",
    "list_letters",
    "list_subscriptions",
    "pause",
    "read_envelope",
    "read_letter",
    "read_subscription",
    "redrive",
    "redrive_many",
    "reset",
    "resume",
]

Plain = Call[None, Nothing]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
MOST_AT_ONCE = 1000


class PartitionAnswer(msgspec.Struct, frozen=True):
    """How far it is in one partition."""

    partition: int
    position: int
    head: int


class SubscriptionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription; `behind` counts positions of the log that it has still to read."""

    name: str
    behind: int
    parked: int
    held: int
    """Destinations that get nothing new because too much waits for them."""
    dead: int
    """Dead letters, counted up to 10,000."""
    paused: bool
    partitions: list[PartitionAnswer]


class ParkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One stream and subject that waits for a destination, and why."""

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


class StatusAnswer(SubscriptionAnswer, frozen=True, kw_only=True):
    """A subscription with everything that waits."""

    parks: list[ParkAnswer]


class LetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was given up."""

    id: str
    state: Literal["dead", "redriving", "discarded"]
    subscription: str
    destination: str
    stream: str
    version: int
    subject: str
    event_type: str
    delivery: str
    attempts: int
    first_try: Time
    given_up_at: Time
    kind: str
    detail: str
    status: int | None
    trace: tuple[str, ...]
    holds: bool
    reason: str | None
    by: str | None


class LettersQuery(Paging, frozen=True):
    """Which dead letters."""

    subscription: (
        Annotated[str, Meta(max_length=64, description="Only those of this subscription.")] | None
    ) = None
    destination: (
        Annotated[str, Meta(max_length=130, description="Only those for this destination.")] | None
    ) = None
    """Of the bus, as `<rule>/<target>`, unless a subscription is given."""
    state: Annotated[
        Literal["dead", "redriving", "discarded"], Meta(description="Only those in this state.")
    ] = "dead"


class Discard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is set aside."""

    reason: Reason


class Many(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters are meant: those of a subscription, of one destination, or all."""

    all: bool = False
    """Has to be said, where neither of the others is."""
    subscription: Annotated[str, Meta(max_length=64)] | None = None
    destination: Annotated[str, Meta(max_length=130)] | None = None


class DiscardMany(Many, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which are set aside, and why."""

    reason: Reason


class ManyAnswer(msgspec.Struct, frozen=True):
    """How many it was done to; up to 1,000 at a time, so ask again while `more`."""

    done: int
    more: bool


class Reset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to begin anew: at the `start` or `end` of the log, or after positions."""

    to: Literal["start", "end"] | list[int]


async def list_subscriptions(call: Plain) -> Reply:
    control = call.platform.subscription_admin
    found = [await control.status(name) for name in await control.names()]
    return json([await _summary(call, status) for status in found])


async def read_subscription(call: Plain) -> Reply:
    status = await call.platform.subscription_admin.status(call.id)
    summary = msgspec.structs.asdict(await _summary(call, status))
    parks = [park for backlog in status.backlogs for park in _parks(backlog)]
    return json(StatusAnswer(**summary, parks=parks))


async def pause(call: Plain) -> Reply:
    await call.platform.subscription_admin.pause(call.id, by=call.by)
    return await call.remember(no_content())


async def resume(call: Plain) -> Reply:
    await call.platform.subscription_admin.resume(call.id, by=call.by)
    return await call.remember(no_content())


async def reset(call: Call[Reset, Nothing]) -> Reply:
    control, to = call.platform.subscription_admin, call.body.to
    heads = await call.platform.store.heads()
    positions = {"start": (0,) * len(heads), "end": heads}[to] if isinstance(to, str) else to
    projected = {one.name for one in call.platform.subscriptions if one.fold is not None}
    if call.id in projected and any(positions):
        raise Invalid(Flaw("/to", "this subscription keeps documents: it begins at the start"))
    await control.reset(call.id, positions, by=call.by)
    return await call.remember(no_content())


async def list_letters(call: Call[None, LettersQuery]) -> Reply:
    query = call.query
    found = await call.platform.subscription_admin.letters(
        subscription=_whose(query.subscription, query.destination),
        destination=query.destination,
        state=query.state,
        limit=query.limit,
        cursor=query.cursor,
    )
    return page(call.path, query, [_of(letter) for letter in found.letters], found.cursor)


async def read_letter(call: Plain) -> Reply:
    return json(_of(await call.platform.subscription_admin.letter(call.id)))


async def read_envelope(call: Plain) -> Reply:
    letter = await call.platform.subscription_admin.letter(call.id)
    event = await _event(call, letter)
    envelope = failure_envelope(
        bus_event(event),
        rule=letter.destination,
        delivery_id=letter.delivery,
        attempts=letter.attempts,
        at=letter.given_up_at,
        status=letter.status,
        kind=letter.kind,
        detail=letter.detail,
        trace=letter.trace,
    )
    return json(envelope)


async def redrive(call: Plain) -> Reply:
    letter = await call.platform.subscription_admin.redrive(call.id, by=call.by)
    return await call.remember(json(_of(letter), 202))


async def discard(call: Call[Discard, Nothing]) -> Reply:
    letter = await call.platform.subscription_admin.discard(call.id, call.body.reason, by=call.by)
    return await call.remember(json(_of(letter)))


async def redrive_many(call: Call[Many, Nothing]) -> Reply:
    letters, more = await _meant(call, call.body)
    done = 0
    for letter in letters:
        with suppress(NotFound):  # taken meanwhile
            await call.platform.subscription_admin.redrive(letter.id, by=call.by)
            done += 1
    return await call.remember(json(ManyAnswer(done, more), 202))


async def discard_many(call: Call[DiscardMany, Nothing]) -> Reply:
    letters, more = await _meant(call, call.body)
    done = 0
    for letter in letters:
        with suppress(NotFound):
            await call.platform.subscription_admin.discard(letter.id, call.body.reason, by=call.by)
            done += 1
    return await call.remember(json(ManyAnswer(done, more)))


async def _meant(call: Call[Any, Any], many: Many) -> tuple[list[DeadLetter], bool]:
    if many.all == (many.subscription is not None or many.destination is not None):
        raise Invalid(Flaw("/all", "name a subscription or a destination, or say all: true"))
    found = await call.platform.subscription_admin.letters(
        subscription=_whose(many.subscription, many.destination),
        destination=many.destination,
        limit=min(MOST_AT_ONCE, MAX_PAGE),
    )
    return found.letters, found.cursor is not None


def _whose(subscription: str | None, destination: str | None) -> str | None:
    return BUS if subscription is None and destination is not None else subscription


async def _event(call: Plain, letter: DeadLetter) -> Recorded:
    found = await call.platform.store.read_stream(letter.stream, after=letter.version - 1, limit=1)
    if not found:
        raise NotFound("Its event is not in the log.")
    return found[0]


async def _summary(call: Plain, status: Status) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        name=status.name,
        behind=status.behind,
        parked=status.parked,
        held=sum(backlog.held_from is not None for backlog in status.backlogs),
        dead=await call.platform.subscription_admin.dead(status.name),
        paused=status.is_paused,
        partitions=[PartitionAnswer(lag.partition, lag.position, lag.head) for lag in status.lags],
    )


def _parks(backlog: Backlog) -> list[ParkAnswer]:
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
        )
        for park in backlog.parks
    ]


def _of(letter: DeadLetter) -> LetterAnswer:
    return LetterAnswer(
        id=letter.id,
        state=letter.state,
        subscription=letter.subscription,
        destination=letter.destination,
        stream=letter.stream,
        version=letter.version,
        subject=letter.about,
        event_type=letter.event_type,
        delivery=letter.delivery,
        attempts=letter.attempts,
        first_try=rfc3339(letter.first_try),
        given_up_at=rfc3339(letter.given_up_at),
        kind=letter.kind,
        detail=letter.detail,
        status=letter.status,
        trace=letter.trace,
        holds=letter.holds,
        reason=letter.reason,
        by=letter.by,
    )
