"""Pages of the trail repeat nothing and leave nothing out, and none is slower than another."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import pytest

from gatherlog.apps.trail import TrailService
from gatherlog.apps.trail.views import ACTIVITIES, Activity
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Commit, Store
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.trail.following import follow
from tests.stores import eventually

pytestmark = pytest.mark.on_database


def activity(number: int, *, guests: int = 10) -> Activity:
    return Activity(
        id=f"e{number}",
        gathering_id="default",
        guest_id=f"g{number % guests}",
        action=f"guests.no_{number % 3}",
        actor=f"key:{number % 7}",
        timestamp=1_777_000_000_000_000 + number * 1000,
        created_at=number,
        version=number + 1,
    )


async def add(store: Store, activities: Sequence[Activity]) -> None:
    """Write activities as the trail's projection does, in as few commits as the limits allow."""
    limits = store.limits
    size = limits.commit_actions // actions_of(limits, views=[ACTIVITIES])
    for start in range(0, len(activities), size):
        some = activities[start : start + size]
        writes = [ACTIVITIES.write(one.id, "subscription-trail", one, at=1) for one in some]
        await store.commit(Commit(writes=writes))


async def number_of(trail_service: TrailService) -> int:
    """How many activities are listed."""
    count, cursor = 0, None
    while True:
        page = await trail_service.activities("default", cursor=cursor)
        count += len(page.items)
        if (cursor := page.cursor) is None:
            return count


async def test_pages_are_stable_while_activities_are_added(
    store: Store, trail_service: TrailService, clock: StandingClock
) -> None:
    for number in range(10):
        trail_service.note(f"key:{number}", "guests_listed", "default")
        clock.advance(seconds=1)
    await trail_service.flush()
    await follow(store)
    await eventually(lambda: number_of(trail_service), 10)

    seen, cursor = [], None
    for more in range(100, 110):
        page = await trail_service.activities("default", limit=3, cursor=cursor)
        seen += [one.actor for one in page.items]
        trail_service.note(f"key:{more}", "guests_listed", "default")
        await trail_service.flush()
        await follow(store)
        if (cursor := page.cursor) is None:
            break

    assert seen == [f"key:{number}" for number in reversed(range(10))]


@pytest.mark.parametrize("limit", [1, 7, 1000])
async def test_pages_filtered_by_actor_and_action_are_complete(
    store: Store, trail_service: TrailService, limit: int
) -> None:
    all_of_them = [activity(number) for number in range(300)]
    await add(store, all_of_them)
    await eventually(lambda: number_of(trail_service), 300)

    found: list[Activity] = []
    cursor = None
    while True:
        page = await trail_service.activities(
            "default", actor="key:3", action="guests.no_1", limit=limit, cursor=cursor
        )
        found += page.items
        assert len(page.items) <= limit
        if (cursor := page.cursor) is None:
            break

    wanted = [one for one in all_of_them if (one.actor, one.action) == ("key:3", "guests.no_1")]
    assert found == wanted[::-1]


async def test_a_cursor_of_another_query_is_refused(
    trail_service: TrailService, store: Store
) -> None:
    await add(store, [activity(number) for number in range(20)])
    await eventually(lambda: number_of(trail_service), 20)
    page = await trail_service.activities("default", guest_id="g1", limit=1)
    assert page.cursor is not None

    with pytest.raises(CursorInvalid):
        await trail_service.activities("default", guest_id="g2", limit=1, cursor=page.cursor)


@pytest.mark.heavy
async def test_the_last_page_of_100_000_activities_costs_what_the_first_costs(
    tmp_path: Path,
) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/trail.db", views=VIEWS)
    trail_service = TrailService(store, clock=StandingClock(), ids=CountingIds())
    await add(store, [activity(number, guests=200) for number in range(100_000)])

    seconds: list[float] = []
    count, cursor = 0, None
    while True:
        began = perf_counter()
        page = await trail_service.activities("default", limit=100, cursor=cursor)
        seconds.append(perf_counter() - began)
        count += len(page.items)
        if (cursor := page.cursor) is None:
            break
    await store.close()

    first, last = sorted(seconds[:100])[50], sorted(seconds[-100:])[50]
    print(f"100 of 100,000: first {first * 1e3:.2f} ms, last {last * 1e3:.2f} ms")
    assert count == 100_000
    assert last < 3 * first
