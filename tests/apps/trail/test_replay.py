"""The trail follows from the log: a rebuild gives the same, and crashes repeat nothing."""

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
from tests.apps.trail.following import CrashingStore, follow, trail, worker
from tests.stores import events_of, scanned


async def live(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock, days: int
) -> None:
    """Some days of a party; each day a guest is invited, logs in, reads, answers and is read."""
    for day in range(days):
        new = NewGuest(first_name="Ada", last_name=f"No. {day}")
        guest = (await party.add_guest(DEFAULT, new, actor="key:1")).body.id
        trail_service.note(f"guest:{guest}", "login", DEFAULT, guest)
        clock.advance(hours=1)
        trail_service.note(f"guest:{guest}", "rsvp_read", DEFAULT, guest)
        await party.rsvp(DEFAULT, guest, Rsvp(attending=day % 2 == 0), actor=f"guest:{guest}")
        trail_service.note("key:1", "guest_read", DEFAULT, guest)
        await trail_service.flush()
        clock.advance(days=1)


async def test_a_trail_that_is_rebuilt_from_the_log_is_the_same(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock
) -> None:
    for _ in range(3):
        await live(store, party, trail_service, clock, days=4)
        await follow(store)
    before = await trail(store)
    assert len(before) == 1 + 12 * (5 + 2)

    control = SubscriptionAdmin(store, clock=system_clock, ids=new_id)
    await control.reset("trail", [0] * store.limits.partitions, by="test")
    [command] = await events_of(store, stream_of("trail"))
    await follow(store, commands_done=command.version)

    assert await trail(store) == before


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
async def test_each_event_counts_once_whichever_commit_a_worker_crashes_at(
    store: Store, party: GuestService, trail_service: TrailService, clock: StandingClock, done: bool
) -> None:
    await live(store, party, trail_service, clock, days=30)
    events = 1 + 30 * 5
    deaths = 0
    for commits in range(9):
        crashing = CrashingStore(store, commits, done=done)
        following = worker(cast(Store, crashing))
        running = asyncio.create_task(following.run())
        await asyncio.wait({running}, timeout=0.5)
        following.stop()
        await running
        deaths += crashing.is_dead
        if not crashing.is_dead:  # it had nothing left to commit
            break

    await follow(store)

    activities = await scanned(store, ACTIVITIES.name)
    assert deaths >= 2  # at least: taking the lease, writing the trail
    assert [one.version for one in activities] == [1] * events
    assert len(await scanned(store, LAST_SEEN.name)) == 2 * 30
