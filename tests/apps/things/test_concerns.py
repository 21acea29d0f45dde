"""Whose business a thing or a booking is, which decides who may write about it."""

import pytest

from gatherlog.apps.things import ThingService
from tests.apps.things.sample_things import OLGA, PIA, Town

PAUL = "paul"


@pytest.mark.parametrize(
    ("account", "published", "draft"), [(OLGA, True, True), (PIA, True, False)]
)
async def test_a_published_thing_is_everybodys_and_a_draft_its_organisers(
    service: ThingService, town: Town, account: str, published: bool, draft: bool
) -> None:
    live, unfinished = await town.published(), await town.draft()

    found = await service.thing_of_concern(live.id, account)
    assert (found is not None and found.id == live.id) is published
    assert (await service.thing_of_concern(unfinished.id, account) is not None) is draft


@pytest.mark.parametrize(("account", "concerns"), [(PIA, True), (OLGA, True), (PAUL, False)])
async def test_a_booking_is_the_parents_and_the_organisers(
    service: ThingService, town: Town, account: str, concerns: bool
) -> None:
    live = await town.published()
    booking = await town.book(live)

    found = await service.booking_of_concern(booking.id, account)

    ids = None if found is None else (found[0].id, found[1].id)
    assert ids == ((booking.id, live.id) if concerns else None)


async def test_what_does_not_exist_is_nobodys(service: ThingService) -> None:
    assert await service.thing_of_concern("t9", OLGA) is None
    assert await service.booking_of_concern("b9", PIA) is None
