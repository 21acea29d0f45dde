"""Workers in processes that are killed or suspended, and several at a time, count exactly."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.subscriptions.leases import LEASES
from gatherlog.core.subscriptions.worker import VIEWS
from tests.contracts.commits import NOON, whole_feed
from tests.contracts.engines import Place
from tests.contracts.follower import TALLIES, Follower, Notes, Tally, ordered, tallied
from tests.core.subscriptions.followers import bodies, eventually


async def append_events(store: Store, count: int, start: int = 0, *, at_a_time: int = 50) -> None:
    """Append `count` events of seven streams and five subjects, some at a time."""
    for first in range(start, start + count, at_a_time):
        events = [
            Event(f"e{n}", "tests.happened", NOON, NOON, b'{"n":%d}' % n, 1, f"s{n % 5}")
            for n in range(first, min(first + at_a_time, start + count))
        ]
        await store.commit(Commit(appends=[Append(f"card-{first // at_a_time % 7}", events)]))
        await asyncio.sleep(0)


async def is_tallied(store: Store, count: int) -> bool:
    tallies: dict[str, Tally] = await bodies(store, TALLIES)
    return sum(tally.events for tally in tallies.values()) >= count


async def is_noted(path: Path, count: int) -> bool:
    return path.exists() and path.read_bytes().count(b"\n") >= count


async def ends_exactly(store: Store, notes: Path, count: int) -> None:
    """Wait until every event was counted and noted; then the counts and the order are exact."""
    await eventually(lambda: is_tallied(store, count))
    while len(set(Notes(notes).given)) < count:
        await asyncio.sleep(0.2)
    events = [one for n in range(store.limits.partitions) for one in await whole_feed(store, n)]
    assert await bodies(store, TALLIES) == tallied(events)
    assert Notes(notes).firsts() == ordered(events)


@pytest.mark.parametrize(
    ("events", "kills"),
    [
        (4_000, 3),
        pytest.param(100_000, 50, marks=[pytest.mark.heavy, pytest.mark.timeout(900)]),
    ],
)
async def test_a_follower_killed_at_random_ends_with_exact_counts(
    shared: Place, tmp_path: Path, events: int, kills: int
) -> None:
    chance, notes = random.Random(events), tmp_path / "notes"
    store = await shared.open(*VIEWS, TALLIES)
    share = events // (kills + 1)
    for number in range(kills):
        follower = await Follower.start(shared, notes)
        await append_events(store, share, start=number * share)
        await eventually(lambda n=number: is_noted(notes, n * share))  # type: ignore[misc]
        await asyncio.sleep(chance.uniform(0, 0.3))
        await follower.kill()
    await append_events(store, events - kills * share, start=kills * share)
    follower = await Follower.start(shared, notes)

    await ends_exactly(store, notes, events)
    await follower.stop()
    doubles = Notes(notes).doubles
    print(f"{kills} kills, {events} events, {doubles} doubles")
    assert doubles <= kills * 4_000


@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.parametrize("after", [0, 1], ids=["before", "after"])
async def test_a_follower_killed_at_each_commit_ends_with_exact_counts(
    durable: Place, tmp_path: Path, after: int
) -> None:
    notes = tmp_path / "notes"
    store = await durable.open(*VIEWS, TALLIES)
    for at in range(1, 13):
        await append_events(store, 100, start=at * 100, at_a_time=10)
        follower = await Follower.start(durable, notes, die_at=at, after=after)
        for number in range(100):
            if follower.process.returncode is None:
                await append_events(store, 2, start=10_000 + at * 1_000 + number * 2)
                await asyncio.sleep(0.1)
        assert follower.process.returncode == -signal.SIGKILL
    follower = await Follower.start(durable, notes)
    count = sum(e.type == "tests.happened" for e in await whole_feed(store))
    await ends_exactly(store, notes, count)
    await follower.stop()


async def suspend(follower: Follower, store: Store) -> None:
    """Stop the process while it has no lock on the file, or no other process could write."""
    probe = Event("probe", "tests.probe", NOON, NOON, b"{}")
    while True:
        follower.signal(signal.SIGSTOP)
        try:
            await store.commit(Commit(appends=[Append("card-0", [probe])]))
        except Busy:
            follower.signal(signal.SIGCONT)
            await asyncio.sleep(0.05)  # for it to release the lock
        else:
            return


async def test_a_follower_that_was_suspended_for_longer_than_its_lease_does_no_damage(
    shared: Place, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    store = await shared.open(*VIEWS, TALLIES)
    suspended = await Follower.start(shared, notes)
    await append_events(store, 500)
    await eventually(lambda: is_tallied(store, 500))
    await suspend(suspended, store)
    replacing = await Follower.start(shared, notes)
    await append_events(store, 500, start=500)
    await eventually(lambda: is_tallied(store, 1_000))
    suspended.signal(signal.SIGCONT)
    await append_events(store, 500, start=1_000)

    await ends_exactly(store, notes, 1_500)
    await suspended.stop()
    await replacing.stop()
    assert all(not lease.holder for lease in (await bodies(store, LEASES)).values())


async def test_three_followers_of_which_two_are_killed_count_exactly(
    shared: Place, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    store = await shared.open(*VIEWS, TALLIES)
    followers = [await Follower.start(shared, notes) for _ in range(3)]
    for number, follower in enumerate(followers[:2]):
        await append_events(store, 1_000, start=number * 1_000)
        await eventually(lambda n=number: is_tallied(store, n * 1_000 + 1))  # type: ignore[misc]
        await follower.kill()
    await append_events(store, 1_000, start=2_000)

    await ends_exactly(store, notes, 3_000)
    await followers[2].stop()
