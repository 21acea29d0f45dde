"""32 concurrent callers on every engine: places are exact, and everybody who fits comes."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    Guest,
    GuestPatch,
    GuestService,
    HouseholdAnswer,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.core import Store
from gatherlog.core.commands.turns import CommandLocks
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.place_invariants import PlaceInvariants
from tests.apps.guests.recounting import check_figures, check_rebuild
from tests.apps.guests.slow_reads import SlowReads

pytestmark = pytest.mark.on_database

CALLERS = 32
YES, NO = Rsvp(attending=True), Rsvp(attending=False)


async def invited(service: GuestService, count: int, group_id: str | None = None) -> list[str]:
    new = NewGuest(first_name="A", last_name="X", group_id=group_id)
    added = [await service.add_guest(DEFAULT, new, actor="cli") for _ in range(count)]
    return [stored.body.id for stored in added]


async def places(service: GuestService, count: int | None) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=count), actor="cli")


async def answer(service: GuestService, who: str, said: Rsvp) -> Guest:
    return (await service.rsvp(DEFAULT, who, said, actor="cli")).body


async def together(service: GuestService, who: Sequence[str], said: Rsvp) -> None:
    answers = {id: HouseholdAnswer(rsvp=said) for id in who}
    await service.answer_household(DEFAULT, who[0], answers, actor="cli")


async def statuses(service: GuestService, who: Sequence[str]) -> list[str]:
    return [(await service.guest(DEFAULT, id)).body.status for id in who]


@pytest.fixture(params=["one process", "many"])
async def service(
    request: pytest.FixtureRequest,
    store: Store,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> GuestService:
    """Its reads let other tasks run, as over a network, so that all read before one commits.

    With "many", commands do not share a lock, as if each ran in a process of its own.
    """
    service = GuestService(SlowReads(store), clock=clock, ids=CountingIds())
    if request.param == "many":
        monkeypatch.setattr(CommandLocks, "of", lambda locks, gathering_id: asyncio.Lock())
    await service.ensure_default("cli")
    return service


@pytest.fixture(autouse=True)
async def checked(service: GuestService, store: Store) -> AsyncIterator[None]:
    """After every race, all invariants hold and all figures are right."""
    yield
    await PlaceInvariants(store).check()
    await check_figures(service)
    await check_rebuild(store)


async def test_the_last_place_goes_to_one_of_32(service: GuestService) -> None:
    await places(service, 1)
    guests = await invited(service, CALLERS)

    answers = await asyncio.gather(*(answer(service, who, YES) for who in guests))

    assert sorted(guest.status for guest in answers) == ["coming"] + ["waiting"] * 31


async def test_32_cancel_at_once_and_all_who_wait_come(service: GuestService) -> None:
    """Each cancellation frees one place and each couple needs two, so none alone makes room."""
    await places(service, CALLERS)
    guests = await invited(service, CALLERS)
    for who in guests:
        await answer(service, who, YES)
    couples = [await invited(service, 2, f"couple {n}") for n in range(CALLERS // 2)]
    for couple in couples:
        await together(service, couple, YES)

    await asyncio.gather(*(answer(service, who, NO) for who in guests))

    for couple in couples:
        assert await statuses(service, couple) == ["coming", "coming"]


async def test_places_are_added_while_32_join(service: GuestService) -> None:
    await places(service, 0)
    guests = await invited(service, CALLERS)

    await asyncio.gather(
        *(answer(service, who, YES) for who in guests[:16]),
        places(service, 20),
        *(answer(service, who, YES) for who in guests[16:]),
    )

    stats = await service.stats(DEFAULT)
    assert (stats.people, stats.waiting) == (20, 12)


async def test_no_limit_any_more_while_32_join(service: GuestService) -> None:
    await places(service, 3)
    guests = await invited(service, CALLERS)

    await asyncio.gather(*(answer(service, who, YES) for who in guests), places(service, None))

    assert set(await statuses(service, guests)) == {"coming"}


async def test_families_of_four_join_and_leave_together(service: GuestService) -> None:
    await places(service, 10)
    families = [await invited(service, 4, f"family {n}") for n in range(8)]
    await asyncio.gather(*(together(service, family, YES) for family in families))
    came = [f for f in families if set(await statuses(service, f)) == {"coming"}]
    assert len(came) == 2

    await asyncio.gather(*(together(service, family, NO) for family in came))

    said = [tuple(await statuses(service, family)) for family in families]
    assert sorted(said) == (
        [("coming",) * 4] * 2 + [("declined",) * 4] * 2 + [("waiting",) * 4] * 4
    )


async def test_guests_are_removed_and_answered_for_while_others_answer(
    service: GuestService,
) -> None:
    await places(service, 8)
    guests = await invited(service, CALLERS)
    for who in guests[:16]:
        await answer(service, who, YES)

    await asyncio.gather(
        *(service.remove_guest(DEFAULT, who, actor="cli") for who in guests[:8]),
        *(answer(service, who, NO) for who in guests[8:12]),
        *(
            service.change_guest(DEFAULT, who, GuestPatch(attending=True), actor="cli")
            for who in guests[16:24]
        ),
        *(answer(service, who, YES) for who in guests[24:]),
    )

    stats = await service.stats(DEFAULT)
    assert (stats.people, stats.waiting, stats.not_attending) == (8, 12, 4)
