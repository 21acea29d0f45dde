"""Dead letters over HTTP: deliveries that were given up are read, redriven and discarded."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound, Refused
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.routing import bus_event, failure_envelope, subscription_or_bus
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.dead_letters import DeadLetter, DeadLetterState
from gatherlog.interfaces.rest.answers import Time, json, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging

__all__ = [
    "DeadLetterAnswer",
    "DeadLettersQuery",
    "DiscardManyRequest",
    "DiscardRequest",
    "DoneAnswer",
    "RedriveManyRequest",
    "discard",
    "discard_many",
    "list_dead_letters",
    "read_dead_letter",
    "read_envelope",
    "redrive",
    "redrive_many",
]

Plain = Call[None, Nothing]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
MAX_AT_ONCE = 1000


class DeadLetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter: a delivery that was given up, with the reason."""

    id: str
    state: DeadLetterState
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
    if_discarded: str
    """What follows if it is discarded, or has followed since: what lacks its event then."""


class DeadLettersQuery(Paging, frozen=True):
    """Which dead letters to list."""

    subscription: (
        Annotated[str, Meta(max_length=64, description="Only those of this subscription.")] | None
    ) = None
    destination: (
        Annotated[str, Meta(max_length=130, description="Only those for this destination.")] | None
    ) = None
    """As `<rule>/<target>` it is one of the bus, unless a subscription is given."""
    state: Annotated[DeadLetterState, Meta(description="Only those in this state.")] = "dead"


class DiscardRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the dead letter is discarded."""

    reason: Reason


class RedriveManyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters are meant: those of a subscription, of one destination, or all."""

    all: bool = False
    """Must be true where neither a subscription nor a destination is given."""
    subscription: Annotated[str, Meta(max_length=64)] | None = None
    destination: Annotated[str, Meta(max_length=130)] | None = None


class DiscardManyRequest(RedriveManyRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters are discarded, and why."""

    reason: Reason


class DoneAnswer(msgspec.Struct, frozen=True):
    """How many dead letters it was done to, up to 1,000 per request; repeat it while `more`."""

    done: int
    more: bool
    left_out_of: list[str] = []
    """Where they were discarded: the subscriptions whose documents, and the totals in them, lack
    these events until they are reset."""


async def list_dead_letters(call: Call[None, DeadLettersQuery]) -> Reply:
    query = call.query
    found = await call.platform.subscription_admin.dead_letters(
        subscription=subscription_or_bus(query.subscription, query.destination),
        destination=query.destination,
        state=query.state,
        limit=query.limit,
        cursor=query.cursor,
    )
    answers = map(dead_letter_answer, found.dead_letters)
    return await page(call.path, query, answers, found.cursor)


async def read_dead_letter(call: Plain) -> Reply:
    return json(dead_letter_answer(await call.platform.subscription_admin.dead_letter(call.id)))


async def read_envelope(call: Plain) -> Reply:
    dead_letter = await call.platform.subscription_admin.dead_letter(call.id)
    event = await _event(call, dead_letter)
    envelope = failure_envelope(
        bus_event(event),
        rule=dead_letter.destination,
        delivery_id=dead_letter.delivery,
        attempts=dead_letter.attempts,
        at=dead_letter.given_up_at,
        status=dead_letter.status,
        kind=dead_letter.kind,
        detail=dead_letter.detail,
        trace=dead_letter.trace,
    )
    return json(envelope)


async def redrive(call: Plain) -> Reply:
    dead_letter = await call.platform.subscription_admin.redrive(call.id, by=call.by)
    return await call.remember(json(dead_letter_answer(dead_letter), 202))


async def discard(call: Call[DiscardRequest, Nothing]) -> Reply:
    admin = call.platform.subscription_admin
    dead_letter = await admin.discard(call.id, call.body.reason, by=call.by)
    return await call.remember(json(dead_letter_answer(dead_letter)))


async def redrive_many(call: Call[RedriveManyRequest, Nothing]) -> Reply:
    def redrive_one(admin: SubscriptionAdmin, id: str) -> Awaitable[DeadLetter]:
        return admin.redrive(id, by=call.by)

    return await call.remember(json(await _each(call, call.body, redrive_one), 202))


async def discard_many(call: Call[DiscardManyRequest, Nothing]) -> Reply:
    def discard_one(admin: SubscriptionAdmin, id: str) -> Awaitable[DeadLetter]:
        return admin.discard(id, call.body.reason, by=call.by)

    return await call.remember(json(await _each(call, call.body, discard_one)))


def dead_letter_answer(dead_letter: DeadLetter) -> DeadLetterAnswer:
    """A dead letter as every endpoint shows it.

    The command line prints the core's own struct instead, which names positions and has times in
    microseconds.
    """
    return DeadLetterAnswer(
        id=dead_letter.id,
        state=dead_letter.state,
        subscription=dead_letter.subscription,
        destination=dead_letter.destination,
        stream=dead_letter.stream,
        version=dead_letter.version,
        subject=dead_letter.about,
        event_type=dead_letter.event_type,
        delivery=dead_letter.delivery,
        attempts=dead_letter.attempts,
        first_try=rfc3339(dead_letter.first_try),
        given_up_at=rfc3339(dead_letter.given_up_at),
        kind=dead_letter.kind,
        detail=dead_letter.detail,
        status=dead_letter.status,
        trace=dead_letter.trace,
        holds=dead_letter.holds,
        reason=dead_letter.reason,
        by=dead_letter.by,
        if_discarded=dead_letter.if_discarded,
    )


async def _each(
    call: Call[Any, Any],
    chosen: RedriveManyRequest,
    act: Callable[[SubscriptionAdmin, str], Awaitable[DeadLetter]],
) -> DoneAnswer:
    """Do something to each of the chosen dead letters, up to MAX_AT_ONCE of them."""
    if chosen.all == (chosen.subscription is not None or chosen.destination is not None):
        raise Invalid(Flaw("/all", "name a subscription or a destination, or say all: true"))
    admin = call.platform.subscription_admin
    found, are_more = await _chosen(admin, chosen)
    done: list[DeadLetter] = []
    for dead_letter in found:
        with suppress(NotFound, Refused):  # it was redriven or discarded meanwhile
            done.append(await act(admin, dead_letter.id))
    discarded = [one for one in done if one.state == "discarded" and one.is_of_projection]
    left_out_of = sorted({one.subscription for one in discarded})
    return DoneAnswer(len(done), are_more, left_out_of)


async def _chosen(
    admin: SubscriptionAdmin, chosen: RedriveManyRequest
) -> tuple[list[DeadLetter], bool]:
    """The oldest of the chosen dead letters, up to MAX_AT_ONCE, and whether there may be more."""
    found: list[DeadLetter] = []
    cursor: str | None = None
    while True:
        page = await admin.dead_letters(
            subscription=subscription_or_bus(chosen.subscription, chosen.destination),
            destination=chosen.destination,
            limit=MAX_AT_ONCE - len(found),
            cursor=cursor,
        )
        found += page.dead_letters
        cursor = page.cursor
        if cursor is None or len(found) == MAX_AT_ONCE:
            return found, cursor is not None


async def _event(call: Plain, dead_letter: DeadLetter) -> Recorded:
    found = await call.platform.store.read_stream(
        dead_letter.stream, after=dead_letter.version - 1, limit=1
    )
    if not found:
        raise NotFound("Its event is not in the log.")
    return found[0]
