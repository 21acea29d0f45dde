"""Dead letters and commands: what was given up, and what an operator tells a subscription to do.

They are events of the subscription's own stream: whoever reads a partition appends what it gives
up and obeys what it is told. A dead letter names its event by stream and version; what the
event says stays in the log, and nowhere else.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORY",
    "CODEC",
    "DEAD_LETTERS",
    "FOLD",
    "DeadLetter",
    "DeliveryDiscarded",
    "DeliveryGivenUp",
    "DeliveryRedriven",
    "RedriveDone",
    "State",
    "SubscriptionPaused",
    "SubscriptionReset",
    "SubscriptionResumed",
    "dead_letter_id",
]

State = Literal["dead", "redriving", "discarded"]


@event_type("subscription.delivery_given_up", schema=1)
class DeliveryGivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a destination did not take, after the last try. Its subject is the letter."""

    destination: str
    partition: int
    position: int
    stream: str
    version: int
    about: str
    """The event's own subject."""
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
    """Whether what follows it waits until it is redriven or discarded."""


@event_type("subscription.delivery_redriven", schema=1)
class DeliveryRedriven(msgspec.Struct, frozen=True, kw_only=True):
    """An operator wants a dead letter to be tried again."""

    by: str


@event_type("subscription.delivery_discarded", schema=1)
class DeliveryDiscarded(msgspec.Struct, frozen=True, kw_only=True):
    """An operator gave a dead letter up for good; what waited behind it goes on."""

    by: str
    reason: str


@event_type("subscription.redrive_done", schema=1)
class RedriveDone(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing to be done about a dead letter any more: it was taken."""


@event_type("subscription.paused", schema=1)
class SubscriptionPaused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is brought until it is resumed."""

    by: str


@event_type("subscription.resumed", schema=1)
class SubscriptionResumed(msgspec.Struct, frozen=True, kw_only=True):
    """It goes on, and what is parked is tried now."""

    by: str


@event_type("subscription.reset", schema=1)
class SubscriptionReset(msgspec.Struct, frozen=True, kw_only=True):
    """It begins anew after these positions, one per partition; what was parked is forgotten."""

    by: str
    positions: tuple[int, ...]


CODEC = Codec(
    [
        DeliveryGivenUp,
        DeliveryRedriven,
        DeliveryDiscarded,
        RedriveDone,
        SubscriptionPaused,
        SubscriptionResumed,
        SubscriptionReset,
    ]
)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that was given up, and what became of it since."""

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
    state: State = "dead"
    reason: str | None = None
    """Why it was discarded."""
    by: str | None = None
    """Who redrove or discarded it."""


def _age(body: DeadLetter) -> tuple[str, str]:
    """What sorts the oldest first; several may be given up at one moment."""
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
    """The same for every time that this delivery is given up: 32 hexadecimal digits."""
    whole = msgspec.json.encode((subscription, destination, stream, version))
    return sha256(whole).hexdigest()[:32]


class _Fold:
    views: tuple[View[Any], ...] = (DEAD_LETTERS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [DEAD_LETTERS.ref(happened.subject)] if happened.subject else []

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        if not happened.subject:
            return []
        letter: DeadLetter | None = documents[DEAD_LETTERS.ref(happened.subject)]
        match happened.payload:
            case DeliveryGivenUp() as given_up:
                after = _letter(happened, given_up)
                return [Change(DEAD_LETTERS, happened.subject, after)]
            case RedriveDone() if letter is not None:
                return [Change(DEAD_LETTERS, happened.subject, DELETE)]
            case DeliveryRedriven(by=by) if letter is not None:
                after = msgspec.structs.replace(letter, state="redriving", by=by)
                return [Change(DEAD_LETTERS, happened.subject, after)]
            case DeliveryDiscarded(by=by, reason=reason) if letter is not None:
                after = msgspec.structs.replace(letter, state="discarded", by=by, reason=reason)
                return [Change(DEAD_LETTERS, happened.subject, after)]
        return []


def _letter(happened: Happened, given_up: DeliveryGivenUp) -> DeadLetter:
    return DeadLetter(
        id=happened.subject,
        subscription=happened.stream.partition("-")[2],
        given_up_at=happened.time,
        **msgspec.structs.asdict(given_up),
    )


FOLD = _Fold()
CATEGORY = Category(name="subscription", codec=CODEC, fold=FOLD)
