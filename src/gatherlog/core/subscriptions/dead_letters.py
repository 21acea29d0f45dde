"""Dead letters, and the events about them and about administrative commands.

The events are in the subscription's own stream. The worker that processes a partition appends what
it gives up; an operator appends commands, which that worker carries out. A dead letter names its
event by stream and version, and has no copy of its data.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.subscription import PROJECTION

__all__ = [
    "CATEGORY",
    "CODEC",
    "DEAD_LETTERS",
    "FOLD",
    "DeadLetter",
    "DeadLetterState",
    "DeliveryDiscarded",
    "DeliveryGivenUp",
    "DeliveryRedacted",
    "DeliveryRedriven",
    "RedriveDone",
    "SubscriptionPaused",
    "SubscriptionReset",
    "SubscriptionResumed",
    "dead_letter_id",
]

DeadLetterState = Literal["dead", "redriving", "discarded"]


@event_type("subscription.delivery_given_up", schema=1)
class DeliveryGivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery was given up after its last attempt. The subject is the dead letter's id."""

    destination: str
    partition: int
    position: int
    stream: str
    version: int
    about: str
    """The subject of the event that was not taken."""
    event_type: str
    delivery: str
    """Id of the delivery, the same at every attempt."""
    attempts: int
    first_try: int
    kind: str
    detail: str
    status: int | None
    trace: tuple[str, ...]
    holds: bool
    """Whether the later events of its stream and subject wait until it is redriven or discarded."""


@event_type("subscription.delivery_redriven", schema=1)
class DeliveryRedriven(msgspec.Struct, frozen=True, kw_only=True):
    """An operator wants a dead letter to be tried again."""

    by: str


@event_type("subscription.delivery_discarded", schema=1)
class DeliveryDiscarded(msgspec.Struct, frozen=True, kw_only=True):
    """An operator discarded a dead letter; the events that waited for it are delivered."""

    by: str
    reason: str


@event_type("subscription.redrive_done", schema=1)
class RedriveDone(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter was delivered after a redrive."""


@event_type("subscription.paused", schema=1)
class SubscriptionPaused(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription delivers nothing until it is resumed."""

    by: str


@event_type("subscription.resumed", schema=1)
class SubscriptionResumed(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription goes on after a pause, and tries parked events at once."""

    by: str


@event_type("subscription.reset", schema=1)
class SubscriptionReset(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription begins anew after these positions, one per partition; nothing is parked."""

    by: str
    positions: tuple[int, ...]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that was given up, and what an operator did about it."""

    id: str
    subscription: str
    destination: str
    partition: int
    position: int
    stream: str
    version: int
    about: str
    event_type: str
    delivery: str
    attempts: int
    first_try: int
    given_up_at: int
    kind: str
    detail: str
    status: int | None
    trace: tuple[str, ...]
    holds: bool
    state: DeadLetterState = "dead"
    reason: str | None = None
    """Why it was discarded."""
    by: str | None = None
    """Who redrove or discarded it."""

    @property
    def is_of_projection(self) -> bool:
        """Whether its event could not be folded into documents, rather than delivered."""
        return self.destination == PROJECTION

    @property
    def if_discarded(self) -> str:
        """What follows if an operator discards it, or has followed since one did."""
        if self.is_of_projection:
            return (
                f"The documents of {self.subscription}, and the totals in them, lack this event"
                " until the subscription is reset."
            )
        return f"{self.destination} does not get this event."


@event_type("subscription.delivery_redacted", schema=1)
class DeliveryRedacted(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter was about somebody who was erased: from now on it is this, without its detail
    and trace. The events before it about the same dead letter are blank."""

    dead_letter: DeadLetter


CODEC = Codec(
    [
        DeliveryGivenUp,
        DeliveryRedacted,
        DeliveryRedriven,
        DeliveryDiscarded,
        RedriveDone,
        SubscriptionPaused,
        SubscriptionResumed,
        SubscriptionReset,
    ]
)


def _age(body: DeadLetter) -> tuple[str, str]:
    """Sorts the oldest first; several may be given up at the same time."""
    return f"{body.given_up_at:020}", f"{body.position:020}"


DEAD_LETTERS = View(
    "dead_letter",
    DeadLetter,
    by_state=lambda body: (body.state, *_age(body)),
    by_subscription=lambda body: (body.subscription, body.state, *_age(body)),
    by_destination=lambda body: (
        f"{body.subscription}/{body.destination}",
        body.state,
        *_age(body),
    ),
)


def dead_letter_id(subscription: str, destination: str, stream: str, version: int) -> str:
    """The id of a delivery's dead letter, however often it is given up: 32 hexadecimal digits."""
    whole = msgspec.json.encode((subscription, destination, stream, version))
    return sha256(whole).hexdigest()[:32]


class _Fold:
    views: tuple[View[Any], ...] = (DEAD_LETTERS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [DEAD_LETTERS.ref(happened.subject)] if happened.subject else []

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        if not happened.subject:
            return []
        before: DeadLetter | None = documents[DEAD_LETTERS.ref(happened.subject)]
        match happened.payload:
            case DeliveryGivenUp() as given_up:
                after = _dead_letter(happened, given_up)
                return [Change(DEAD_LETTERS, happened.subject, after)]
            case DeliveryRedacted(dead_letter=redacted):
                return [Change(DEAD_LETTERS, happened.subject, redacted)]
            case RedriveDone() if before is not None:
                return [Change(DEAD_LETTERS, happened.subject, DELETE)]
            case DeliveryRedriven(by=by) if before is not None:
                after = msgspec.structs.replace(before, state="redriving", by=by)
                return [Change(DEAD_LETTERS, happened.subject, after)]
            case DeliveryDiscarded(by=by, reason=reason) if before is not None:
                after = msgspec.structs.replace(before, state="discarded", by=by, reason=reason)
                return [Change(DEAD_LETTERS, happened.subject, after)]
        return []


def _dead_letter(happened: Happened, given_up: DeliveryGivenUp) -> DeadLetter:
    return DeadLetter(
        id=happened.subject,
        subscription=happened.stream.partition("-")[2],
        given_up_at=happened.time,
        **msgspec.structs.asdict(given_up),
    )


FOLD = _Fold()
CATEGORY = Category(name="subscription", codec=CODEC, fold=FOLD, erases_subjects=False)
