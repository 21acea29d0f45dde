"""Long work is divided into commits that an engine takes, also where it counts index rows.

The store refuses a commit that has too many actions, so a test that ends has kept to the limits.
"""

from collections.abc import AsyncIterator
from itertools import product

import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    VIEWS,
    GuestService,
    HouseholdAnswer,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.joint_answers import most_answers
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core import Limits, Store
from gatherlog.engines import open_store
from tests.apps.guests.recounting import check_figures, check_rebuild

LIMITS = [
    Limits(commit_actions=actions, index_rows=index_rows, commit_bytes=4 * 1024 * 1024)
    for actions, index_rows in product([45, 90, 100], [0, 1, 2, 3])
]


@pytest.fixture(params=LIMITS, ids=lambda one: f"{one.commit_actions}-{one.index_rows}")
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """A store with small limits."""
    store = await open_store("memory:", views=VIEWS, limits=request.param)
    yield store
    await store.close()


@pytest.fixture(autouse=True)
async def gathering(service: GuestService, store: Store) -> AsyncIterator[None]:
    """The gathering, whose figures and documents are as its events say when the test ends."""
    yield
    await check_figures(service)
    await check_rebuild(store)


def row(number: int, house: str) -> SheetRow:
    return SheetRow(
        line=number + 2,
        first_name=f"First{number}",
        last_name="Last",
        email=f"guest{number}@example.org",
        group_id=house,
    )


async def people_waiting(service: GuestService) -> int:
    return (await service.stats(DEFAULT)).waiting


async def places(service: GuestService, count: int | None) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=count), actor="cli")


async def test_a_sheet_that_moves_every_guest_to_another_household(service: GuestService) -> None:
    for houses in ("before", "after"):
        rows = [row(number, f"{houses}{number % 20}") for number in range(60)]
        await service.import_guests(DEFAULT, rows, actor="cli", file_hash="f00d")

    assert (await service.stats(DEFAULT)).total_guests == 60


async def household(service: GuestService, store: Store) -> list[str]:
    """A household of as many as may answer together."""
    new = NewGuest(first_name="A", last_name="X", group_id="all")
    most = most_answers(store.limits)
    return [(await service.add_guest(DEFAULT, new, actor="cli")).body.id for _ in range(most)]


async def others_who_wait(service: GuestService, count: int) -> list[str]:
    made = []
    for _ in range(count):
        new = NewGuest(first_name="B", last_name="X", group_id="others")
        made.append((await service.add_guest(DEFAULT, new, actor="cli")).body.id)
        await service.rsvp(DEFAULT, made[-1], Rsvp(attending=True, num_guests=1), actor="cli")
    return made


async def test_a_large_household_that_waits_comes_and_declines_in_one_answer_each(
    service: GuestService, store: Store
) -> None:
    members = await household(service, store)
    coming = {id: HouseholdAnswer(rsvp=Rsvp(attending=True, num_guests=1)) for id in members}
    declining = {id: HouseholdAnswer(rsvp=Rsvp(attending=False)) for id in members}
    await places(service, 0)
    for answers in (coming, declining, coming):
        await service.answer_household(DEFAULT, members[0], answers, actor="cli")
    assert await people_waiting(service) == len(members)
    await places(service, len(members))
    await others_who_wait(service, 30)

    await service.answer_household(DEFAULT, members[0], declining, actor="cli")

    assert await people_waiting(service) == 30 - len(members)


async def test_those_who_wait_move_up_when_there_is_room(service: GuestService) -> None:
    await places(service, 0)
    await others_who_wait(service, 50)
    assert await people_waiting(service) == 50

    await places(service, 50)

    assert await people_waiting(service) == 0


async def test_guests_with_links_are_removed_while_others_move_up(service: GuestService) -> None:
    await places(service, 30)
    first = await others_who_wait(service, 30)
    await others_who_wait(service, 30)
    for anew in (False, True):
        made = await service.issue_links(DEFAULT, first, anew=anew, actor="cli")
        assert list(made) == first

    for id in first:
        await service.remove_guest(DEFAULT, id, actor="cli")

    stats = await service.stats(DEFAULT)
    assert (stats.total_guests, stats.waiting, stats.attending) == (30, 0, 30)
