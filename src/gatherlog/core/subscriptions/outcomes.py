"""What follows from the outcome of a retry: the event is done, waits for its next attempt, or is
given up and becomes a dead letter. All of it is saved with the next checkpoint.
"""

import asyncio

from gatherlog.core.subscriptions.blocked_key import BlockedKey
from gatherlog.core.subscriptions.dead_letters import (
    DeadLetter,
    DeliveryGivenUp,
    RedriveDone,
    dead_letter_id,
)
from gatherlog.core.subscriptions.delivery import DeliveryFailed, delivery_id
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.failure_texts import detail_text, kind_text, trace_lines
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.retry_pauses import next_attempt

__all__ = ["finish_redrive", "note_outcome", "record_failure", "record_success", "refuse_redrive"]


def note_outcome(
    state: PartitionState, destination: DestinationState, error: DeliveryFailed | None
) -> None:
    """Heed what an attempt says about the destination itself: whether all deliveries to it fail."""
    breaker = destination.breaker
    was_open, was_failing = breaker.is_open, breaker.is_failing
    if error is None:
        breaker.note_success()
    else:
        breaker.note_failure(destination.config.retry, error)
    if breaker.is_failing != was_failing:
        destination.failing_since = state.clock() if breaker.is_failing else None
        destination.mark_changed()
        state.unsaved.set()
        kind = None if error is None else kind_text(error.kind)
        state.notices.fails(destination.config.name, state.partition, kind)
    if was_open and not breaker.is_open:
        destination.retry_now()


def record_success(
    state: PartitionState, destination: DestinationState, blocked: BlockedKey
) -> None:
    """The event of a blocked key was taken; if it was a dead letter, it is none any more."""
    destination.note_success(blocked)
    blocked.is_done = True
    if blocked.given_up or blocked.dead_letter is not None:
        finish_redrive(state, _dead_letter_id(state, destination, blocked))


def record_failure(
    state: PartitionState,
    destination: DestinationState,
    blocked: BlockedKey,
    error: DeliveryFailed,
) -> None:
    """The event of a blocked key was not taken: plan the next attempt, or give it up.

    If it was discarded while it was attempted, nothing is planned.
    """
    if blocked.is_done:
        return
    now = asyncio.get_running_loop().time()
    blocked.failures += 1
    if blocked.first_try_at is None or blocked.first_try is None:
        blocked.first_try_at, blocked.first_try = now, state.clock()
    blocked.kind, blocked.detail = kind_text(error.kind), detail_text(str(error))
    destination.is_dirty = True
    state.unsaved.set()
    age = now - blocked.first_try_at
    following = next_attempt(blocked.failures, age, destination.config.retry, error)
    if following.is_too_old:
        blocked.detail = detail_text(f"{blocked.detail} (too old for another try)")
    if following.is_given_up:
        _give_up(state, destination, blocked, error)
    else:
        blocked.next_try = now + following.pause


def finish_redrive(state: PartitionState, dead_letter: str) -> None:
    """Nothing is to be done about a dead letter any more: it is deleted."""
    state.record(dead_letter, RedriveDone())
    state.metrics.redriven += 1


def refuse_redrive(state: PartitionState, dead_letter: DeadLetter) -> None:
    """A dead letter whose destination is not there stays dead, with that as the reason."""
    fields = {name: getattr(dead_letter, name) for name in DeliveryGivenUp.__struct_fields__}
    name = dead_letter.destination
    fields["kind"] = "no_destination"
    fields["detail"] = (
        f"the rule of {name!r} is set aside: mend it, then redrive this again"
        if state.subscription.is_set_aside(name)
        else f"there is no destination {name!r} any more: discard it"
    )
    given_up = DeliveryGivenUp(**fields)
    state.record(dead_letter.id, given_up)
    state.notices.given_up(dead_letter.id, given_up)


def _give_up(
    state: PartitionState,
    destination: DestinationState,
    blocked: BlockedKey,
    error: DeliveryFailed,
) -> None:
    given_up = _given_up(state, destination, blocked, error)
    id = _dead_letter_id(state, destination, blocked)
    state.record(id, given_up)
    state.metrics.given_up += 1
    state.notices.given_up(id, given_up)
    blocked.given_up, blocked.next_try = True, None
    if not destination.config.holds or blocked.dead_letter is not None:
        blocked.is_done, blocked.next_try = True, 0.0
    destination.mark_changed()


def _given_up(
    state: PartitionState,
    destination: DestinationState,
    blocked: BlockedKey,
    error: DeliveryFailed,
) -> DeliveryGivenUp:
    config, event = destination.config, blocked.event
    if event is None:
        raise AssertionError("a failure is of an event that was read and attempted")
    return DeliveryGivenUp(
        destination=config.name,
        partition=state.partition,
        position=event.position,
        stream=event.stream,
        version=event.version,
        about=event.subject,
        event_type=event.type,
        delivery=delivery_id(config.name, event.stream, event.version),
        attempts=blocked.failures,
        first_try=blocked.first_try or state.clock(),
        kind=blocked.kind,
        detail=blocked.detail,
        status=error.status,
        trace=trace_lines(error.trace),
        holds=config.holds,
    )


def _dead_letter_id(
    state: PartitionState, destination: DestinationState, blocked: BlockedKey
) -> str:
    stream, _ = blocked.key
    return dead_letter_id(state.name, destination.config.name, stream, blocked.version)
