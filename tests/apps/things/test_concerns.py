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

    assert await service.thing_concerns(live.id, account) is published
    assert await service.thing_concerns(unfinished.id, account) is draft


@pytest.mark.parametrize(("account", "concerns"), [(PIA, True), (OLGA, True), (PAUL, False)])
async def test_a_booking_is_the_parents_and_the_organisers(
    service: ThingService, town: Town, account: str, concerns: bool
) -> None:
    booking = await town.book(await town.published())

    assert await service.booking_concerns(booking.id, account) is concerns


async def test_what_does_not_exist_is_nobodys(service: ThingService) -> None:
    assert not await service.thing_concerns("t9", OLGA)
    assert not await service.booking_concerns("b9", PIA)
