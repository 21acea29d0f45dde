"""Loading what a booking depends on, in commands; and all bookings of one occurrence."""

from collections.abc import Sequence
from typing import Any

from gatherlog.apps.things.views import (
    BOOKED_BY,
    BOOKINGS,
    CHILDREN,
    OCCURRENCES,
    THINGS,
    WAITING,
    Booking,
    Child,
)
from gatherlog.core.commands.service import no_such
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.store import Document, Limits, Store
from gatherlog.core.projections.paging import stream_events
from gatherlog.core.projections.views import View

__all__ = [
    "all_bookings",
    "load_children",
    "load_own_booking",
    "most_cancelled",
    "most_promoted",
    "occurrence_stream",
]

MOST_MOVING = 200
"""The most bookings that one commit changes, so that other commands need not wait long."""
_COUNTED = 2
"""Documents of a command that have counters beside a body, and the key."""
_DOCUMENTS = 500


def occurrence_stream(occurrence_id: str) -> str:
    """The stream of the bookings of one occurrence."""
    return f"occurrence-{occurrence_id}"


async def load_children(unit: UnitOfWork, children: Sequence[str], account_id: str) -> list[Child]:
    """Children of this parent. Raises NotFound for another's, as for none."""
    found = []
    for id, child in zip(children, await unit.get_all(CHILDREN, children), strict=True):
        if child is None or child.account_id != account_id:
            raise no_such("child", id)
        found.append(child)
    return found


async def load_own_booking(unit: UnitOfWork, booking_id: str, account_id: str | None) -> Booking:
    """A booking, of this account if one is given. Raises NotFound."""
    booking = await unit.get(BOOKINGS, booking_id)
    if booking is None or account_id not in (None, booking.account_id):
        raise no_such("booking", booking_id)
    return booking


def most_promoted(limits: Limits, unit: UnitOfWork) -> int:
    """How many bookings can move up in the same commit."""
    loaded = [unit.view(ref) for ref in unit.documents]
    views: list[View[Any]] = [*loaded, BOOKINGS, BOOKED_BY, OCCURRENCES, WAITING]
    used = actions_of(limits, events=1, streams=1, views=views) + _COUNTED
    return _most(limits, used, actions_of(limits, events=1, views=[BOOKINGS]))


def most_cancelled(limits: Limits) -> int:
    """How many bookings of one occurrence can be cancelled in one commit."""
    used = actions_of(limits, streams=1, views=[THINGS, OCCURRENCES, WAITING]) + _COUNTED
    return _most(limits, used, actions_of(limits, events=1, views=[BOOKINGS, BOOKED_BY]))


async def all_bookings(store: Store, occurrence_id: str) -> list[Booking]:
    """All bookings of an occurrence, also those that were cancelled, in the order made.

    They are read by the occurrence's stream, so that none is missing, as an index might still do.
    """
    made: dict[str, None] = {}
    async for event in stream_events(store, occurrence_stream(occurrence_id)):
        if event.type == "things.booking_made":
            made[event.subject] = None
    documents: list[Document | None] = []
    refs = [BOOKINGS.ref(id) for id in made]
    for first in range(0, len(refs), _DOCUMENTS):
        documents += await store.get(refs[first : first + _DOCUMENTS])
    return [booking for booking in map(BOOKINGS.recall, documents) if booking is not None]


def _most(limits: Limits, used: int, each: int) -> int:
    return min(MOST_MOVING, max(limits.commit_actions - used, 0) // each)
