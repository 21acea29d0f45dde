"""The work that all contenders do: one kind of event, about 200 bytes of JSON, its documents."""

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import uuid_utils

from gatherlog.core import Codec, Event, View, event_type
from gatherlog.core.eventstore.clock import system_clock

T = TypeVar("T")

STREAM_LENGTH = 20
"""Events of one stream, unless a benchmark is about another length."""


@event_type("bench.rsvp_submitted", schema=1)
class RsvpSubmitted(msgspec.Struct, frozen=True, gc=False):
    """What is appended everywhere: 200 bytes as JSON, give or take a few."""

    guest_id: str
    attending: bool
    num_guests: int
    dietary: str
    dietary_tags: tuple[str, ...]
    note: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A guest's document: what the RSVP commit writes at its version."""

    guest_id: str
    gathering_id: str
    last_name: str
    attending: bool
    num_guests: int
    dietary: str
    rsvp_at: int


CODEC = Codec([RsvpSubmitted])
GUESTS = View(
    "bench_guest", Answer, by_gathering=lambda a: (a.gathering_id, a.last_name, a.guest_id)
)
GATHERINGS = View("bench_gathering", Answer)


def new_id() -> str:
    """A fresh UUIDv7, as the product mints its ids."""
    return str(uuid_utils.uuid7())


def payload(number: int) -> RsvpSubmitted:
    """The typed payload of the event with this number."""
    return RsvpSubmitted(
        guest_id=f"0198c0de-0000-7000-8000-{number:012d}",
        attending=number % 3 > 0,
        num_guests=number % 7,
        dietary="no nuts, please; the rest is fine",
        dietary_tags=("vegetarian",),
        note="We arrive late",
    )


def to_event(item: RsvpSubmitted) -> Event:
    """What a caller of the store does with a typed payload: encode, give an id and the time."""
    now = system_clock()
    type, schema, data = CODEC.encode(item)
    return Event(new_id(), type, now, now, data, schema)


def places(seed: str = "gathering") -> Iterator[tuple[str, int]]:
    """Stream and version for one event after the other, in streams of STREAM_LENGTH."""
    while True:
        stream = f"{seed}-{new_id()}"
        for version in range(STREAM_LENGTH):
            yield stream, version


def shuffled(items: list[T], times: int) -> Callable[[], T]:
    """A source of items in an order that is random and the same in every run."""
    order = random.Random(7).choices(items, k=times)
    return iter(order).__next__
