"""The work that all contenders do: events of about 200 bytes of JSON, and documents."""

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import uuid_utils

from gatherlog.core import Codec, Event, View, event_type
from gatherlog.core.eventstore.clock import system_clock

T = TypeVar("T")

STREAM_LENGTH = 20
"""Events per stream, unless a benchmark is about another length."""


@event_type("bench.rsvp_submitted", schema=1)
class RsvpSubmitted(msgspec.Struct, frozen=True, gc=False):
    """The event that all contenders append: about 200 bytes of JSON."""

    guest_id: str
    attending: bool
    num_guests: int
    dietary: str
    dietary_tags: tuple[str, ...]
    note: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A guest's document, which the commit of an RSVP writes."""

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
    """A new UUIDv7, generated as Gatherlog generates its ids."""
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
    """Encode a typed payload, and give it an id and the time, as a caller of the store does."""
    now = system_clock()
    type, schema, data = CODEC.encode(item)
    return Event(new_id(), type, now, now, data, schema)


def places(seed: str = "gathering") -> Iterator[tuple[str, int]]:
    """The stream and its expected version for each event in turn, in streams of STREAM_LENGTH."""
    while True:
        stream = f"{seed}-{new_id()}"
        for version in range(STREAM_LENGTH):
            yield stream, version


def shuffled(items: list[T], times: int) -> Callable[[], T]:
    """A function that returns random items, in the same order in every run."""
    order = random.Random(7).choices(items, k=times)
    return iter(order).__next__
