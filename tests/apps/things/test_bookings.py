"""Booking, waiting and cancelling on a service."""

import pytest

from gatherlog.apps.things import ThingService
from tests.apps.things.sample_things import PAUL, PIA, SATURDAY, Town, content


@pytest.fixture
def town(service: ThingService) -> Town:
    return Town(service)


async def test_a_booking_takes_places_for_children_and_others(town: Town) -> None:
    thing = await town.published(content(capacity=4))
    mia = await town.child()

    booking = await town.book(thing, people=1, children=(mia.id,))

    places = await town.service.places_left(thing.id, SATURDAY)
    assert (booking.status, booking.places) == ("BOOKED", 2)
    assert (places.left, places.booked, places.bookings) == (2, 2, 1)


async def test_who_does_not_fit_waits_and_moves_up_when_somebody_cancels(town: Town) -> None:
    thing = await town.published(content(capacity=2))
    first = await town.book(thing, PIA, people=2)
    second = await town.book(thing, PAUL, people=2)
    assert second.status == "WAITING"

    await town.service.cancel_booking(first.id, PIA, actor="cli")

    assert [await town.status(first), await town.status(second)] == ["CANCELLED", "BOOKED"]
