"""The trail is what the log says: read again it is the same, and whoever dies, it counts once."""

import asyncio
from typing import cast

import pytest

from gatherlog.apps.guests import DEFAULT, GuestService, NewGuest, Rsvp
from gatherlog.apps.trail import TrailService
from gatherlog.apps.trail.views import ACTIVITIES, LAST_SEEN
from gatherlog.bootstrap import new_id
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.testing import StandingClock
from tests.apps.trail.following import Dying, follow, trail, worker


async def live(
    store: Store, party: GuestService, looks: TrailService, clock: StandingClock, days: int
) -> None:
    """Some days of a party: a guest each day who is invited, looks, answers and is looked at."""
    for day in range(days):
        new = NewGuest(first_name="Ada", last_name=f"No. {day}")
        guest = (await party.add_guest(DEFAULT, new, actor="key:1")).body.id
        looks.note(f"guest:{guest}", "login", DEFAULT, guest)
        clock.advance(hours=1)
        looks.note(f"guest:{guest}", "rsvp_read", DEFAULT, guest)
        await party.rsvp(DEFAULT, guest, Rsvp(attending=day % 2 == 0), actor=f"guest:{guest}")
        looks.note("key:1", "guest_read", DEFAULT, guest)
        await looks.flush()
        clock.advance(days=1)


async def test_a_trail_that_is_read_again_is_the_one_that_was_written_live(
    store: Store, party: GuestService, looks: TrailService, clock: StandingClock
) -> None:
    for _ in range(3):
        await live(store, party, looks, clock, days=4)
        await follow(store)
    before = await trail(store)
    assert len(before) == 1 + 12 * (5 + 2)

    control = SubscriptionAdmin(store, clock=system_clock, ids=new_id)
    await control.reset("trail", [0] * store.limits.partitions, by="test")
    [command] = await store.read_stream(stream_of("trail"))
    await follow(store, commands_done=command.version)

    assert await trail(store) == before


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
async def test_whoever_dies_at_whichever_commit_each_event_counts_once(
    store: Store, party: GuestService, looks: TrailService, clock: StandingClock, done: bool
) -> None:
    await live(store, party, looks, clock, days=30)
    events = 1 + 30 * 5
    deaths = 0
    for commits in range(9):
        dying = Dying(store, commits, done=done)
        following = worker(cast(Store, dying))
        running = asyncio.create_task(following.run())
        await asyncio.wait({running}, timeout=0.5)
        following.stop()
        await running
        deaths += dying.is_dead
        if not dying.is_dead:  # it had nothing left to commit
            break

    await follow(store)

    activities = await store.scan(ACTIVITIES.name, limit=1000)
    assert deaths >= 2  # at least: taking the lease, writing the trail
    assert [one.version for one in activities] == [1] * events
    assert len(await store.scan(LAST_SEEN.name)) == 2 * 30
