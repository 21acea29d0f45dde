"""The waiting list on every engine: joining, moving up, a commit's limits, and crashes."""

import asyncio
from typing import Any

import pytest

from gatherlog.apps.guests import (
    DEFAULT,
    VIEWS,
    GatheringDetails,
    GuestPatch,
    GuestService,
    HouseholdAnswer,
    NewGuest,
    Rsvp,
    SettingsPatch,
    Waiting,
)
from gatherlog.apps.guests.joint_answers import most_answers
from gatherlog.core import Commit, Committed, Limits, Once, Store
from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.place_invariants import PlaceInvariants
from tests.apps.guests.recounting import check_figures, check_rebuild
from tests.stores import events_in, events_of

pytestmark = pytest.mark.on_database


async def invited(service: GuestService, count: int, group_id: str | None = None) -> list[str]:
    new = NewGuest(first_name="A", last_name="X", group_id=group_id)
    return [(await service.add_guest(DEFAULT, new, actor="cli")).body.id for _ in range(count)]


async def places(service: GuestService, count: int | None) -> None:
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=count), actor="cli")


async def say(service: GuestService, who: str, attending: bool | None, people: int = 1) -> str:
    said = Rsvp(attending=attending, num_guests=people if attending else 0)
    return (await service.rsvp(DEFAULT, who, said, actor="cli")).body.status


async def statuses(service: GuestService, who: list[str]) -> list[str]:
    return [(await service.guest(DEFAULT, id)).body.status for id in who]


async def test_a_full_gathering_puts_the_guest_on_the_waiting_list(
    service: GuestService, clock: StandingClock
) -> None:
    await places(service, 2)
    [ada, bob] = await invited(service, 2)
    assert await say(service, ada, True, 2) == "coming"
    joined = clock()

    assert await say(service, bob, True, 2) == "waiting"

    waiting = (await service.guest(DEFAULT, bob)).body
    assert (waiting.attending, waiting.num_guests, waiting.waiting_since) == (None, 2, joined)
    stats = await service.stats(DEFAULT)
    assert (stats.people, stats.attending, stats.waiting, stats.pending) == (2, 1, 1, 0)

    clock.advance(days=1)
    await say(service, ada, False)
    came = (await service.guest(DEFAULT, bob)).body
    assert (came.status, came.num_guests, came.waiting_since) == ("coming", 2, None)
    assert (came.rsvp_at, came.updated_at) == (joined, clock())


async def test_a_waiting_guest_who_changes_the_answer_keeps_the_time_of_joining(
    service: GuestService, clock: StandingClock
) -> None:
    await places(service, 0)
    [ada] = await invited(service, 1)
    await say(service, ada, True, 3)
    joined = clock()
    clock.advance(hours=1)

    await say(service, ada, True, 2)

    guest = (await service.guest(DEFAULT, ada)).body
    assert (guest.num_guests, guest.waiting_since, guest.rsvp_at) == (2, joined, clock())


async def test_a_host_cannot_give_more_places_than_there_are(service: GuestService) -> None:
    await places(service, 1)
    [ada, bob] = await invited(service, 2)
    yes = GuestPatch(attending=True)
    await service.change_guest(DEFAULT, ada, yes, actor="cli")

    stored = await service.change_guest(DEFAULT, bob, yes, actor="cli")
    assert stored.body.status == "waiting"

    await service.change_guest(DEFAULT, ada, GuestPatch(attending=None), actor="cli")
    assert await statuses(service, [ada, bob]) == ["pending", "coming"]


async def test_fewer_places_promote_nobody_and_remove_nobody(service: GuestService) -> None:
    await places(service, 2)
    guests = await invited(service, 4)
    for who in guests:
        await say(service, who, True)

    await places(service, 1)
    await say(service, guests[0], False)
    assert await statuses(service, guests) == ["declined", "coming", "waiting", "waiting"]

    await say(service, guests[1], False)
    assert await statuses(service, guests) == ["declined", "declined", "coming", "waiting"]


async def test_a_household_larger_than_the_gathering_waits_and_is_told_so(
    service: GuestService,
) -> None:
    await places(service, 3)
    members = await invited(service, 2, "Byron")
    answers = {id: HouseholdAnswer(rsvp=Rsvp(attending=True, num_guests=2)) for id in members}

    household = await service.answer_household(DEFAULT, members[0], answers, actor="cli")

    assert household.waiting == [Waiting(members=tuple(members), people=4, place=1, fits=False)]
    [cas] = await invited(service, 1)
    assert await say(service, cas, True) == "coming"
    await places(service, 5)
    assert await statuses(service, members) == ["coming", "coming"]


async def test_with_many_places_everybody_moves_up_in_order_in_as_many_commits_as_it_takes(
    service: GuestService, store: Store
) -> None:
    await places(service, 0)
    guests = await invited(service, 250)
    for who in guests:
        await say(service, who, True)

    await places(service, 240)

    assert await statuses(service, guests) == ["coming"] * 240 + ["waiting"] * 10
    await PlaceInvariants(store).check()
    await check_figures(service)
    await check_rebuild(store)


async def test_as_many_of_a_household_as_may_answer_wait_move_up_and_leave_together(
    service: GuestService, store: Store
) -> None:
    number = most_answers(store.limits)
    await places(service, 0)
    members = await invited(service, number, "Byron")

    async def all_say(attending: bool) -> None:
        answers = {id: HouseholdAnswer(rsvp=Rsvp(attending=attending)) for id in members}
        await service.answer_household(DEFAULT, members[0], answers, actor="cli")

    await all_say(True)
    assert set(await statuses(service, members)) == {"waiting"}
    await all_say(False)
    await all_say(True)
    await places(service, number)
    assert set(await statuses(service, members)) == {"coming"}
    [eve] = await invited(service, 1)
    assert await say(service, eve, True, number) == "waiting"
    await all_say(False)
    assert await statuses(service, [eve]) == ["coming"]
    await check_rebuild(store)


class Breaking:
    """A store that makes one more commit and then fails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        if not self._left:
            raise Busy("broken")
        self._left -= 1
        return await self._store.commit(commit)


@pytest.mark.parametrize("store", ["small"], indirect=True)
async def test_promotions_that_a_crash_left_undone_are_done_by_the_next_command(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    await places(service, 0)
    guests = await invited(service, 60)
    for who in guests:
        await say(service, who, True)
    broken = GuestService(Breaking(store), clock=clock, ids=ids)

    await places(broken, 60)

    left = (await service.stats(DEFAULT)).waiting
    assert 0 < left < 60
    assert await statuses(service, guests) == ["coming"] * (60 - left) + ["waiting"] * left
    await invited(service, 1)
    assert (await service.stats(DEFAULT)).waiting == 0
    await PlaceInvariants(store).check()


@pytest.mark.parametrize("store", ["small"], indirect=True)
async def test_promotions_that_a_crash_left_undone_are_done_by_the_next_start(
    service: GuestService, store: Store, clock: StandingClock, ids: CountingIds
) -> None:
    await places(service, 0)
    for who in await invited(service, 60):
        await say(service, who, True)
    await places(GuestService(Breaking(store), clock=clock, ids=ids), None)
    left = (await service.stats(DEFAULT)).waiting

    assert await service.promote_waiting(actor="cli") == left
    assert await service.promote_waiting(actor="cli") == 0


async def test_all_gatherings_with_room_for_waiting_guests_are_found_page_by_page(
    clock: StandingClock, ids: CountingIds
) -> None:
    limits = Limits(commit_actions=40, commit_bytes=1024 * 1024, page=2)
    store = await open_store("memory:", views=VIEWS, limits=limits)
    service = GuestService(store, clock=clock, ids=ids)
    made = [await crowded(service) for _ in range(5)]
    *broken, full, removed = made
    for gathering_id in [*broken, removed]:
        await wider(GuestService(Breaking(store), clock=clock, ids=ids), gathering_id)
    left = sum([(await service.stats(gathering_id)).waiting for gathering_id in broken])
    await service.remove_gathering(removed, actor="cli")
    events = len(await events_in(store, ["gathering"]))

    assert 0 < left < 90
    assert await service.promote_waiting(actor="system") == left
    waiting = [(await service.stats(gathering_id)).waiting for gathering_id in [*broken, full]]
    assert waiting == [0, 0, 0, 30]
    assert len(await events_in(store, ["gathering"])) == events + left
    assert await service.promote_waiting(actor="system") == 0
    await store.close()


async def crowded(service: GuestService) -> str:
    """A gathering without places, in which thirty guests wait."""
    details = GatheringDetails(event_name="Party", max_guests=0)
    gathering_id = (await service.create_gathering(details, actor="cli")).body.id
    for _ in range(30):
        new = NewGuest(first_name="A", last_name="X")
        guest = await service.add_guest(gathering_id, new, actor="cli")
        await service.rsvp(gathering_id, guest.body.id, Rsvp(attending=True), actor="cli")
    return gathering_id


async def wider(service: GuestService, gathering_id: str) -> None:
    await service.change_settings(gathering_id, SettingsPatch(max_guests=30), actor="cli")


async def test_the_events_of_a_guest_show_waiting_and_moving_up(
    service: GuestService, store: Store
) -> None:
    await places(service, 1)
    [ada, bob] = await invited(service, 2)
    await say(service, ada, True)
    await say(service, bob, True)
    await service.remove_guest(DEFAULT, ada, actor="cli")
    await say(service, bob, False)

    events = await events_of(store, "gathering-default")
    assert [event.type for event in events if event.subject == bob] == [
        "guests.guest_added",
        "guests.waitlisted",
        "guests.promoted",
        "guests.rsvp_submitted",
    ]


async def test_an_answer_repeated_with_its_key_does_not_join_twice(
    service: GuestService, store: Store
) -> None:
    await places(service, 0)
    [ada] = await invited(service, 1)
    once = Once("k", b"f", lambda handled: handled.bodies["guest", ada].status.encode())
    answer = Rsvp(attending=True)

    done = await asyncio.gather(
        *(service.rsvp(DEFAULT, ada, answer, actor="cli", once=once) for _ in range(4)),
        return_exceptions=True,
    )

    repeated = [result for result in done if isinstance(result, Exception)]
    assert [getattr(result, "answer", result) for result in repeated] == [b"waiting"] * 3
    assert (await service.stats(DEFAULT)).waiting == 1
