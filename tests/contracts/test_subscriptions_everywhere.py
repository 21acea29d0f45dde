"""What subscriptions promise, on every engine: order, exact counts, dead letters, resets."""

from collections.abc import Awaitable, Callable
from typing import Any

from gatherlog.core import Append, Commit, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.dead_letters import CATEGORY, DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.projection_folding import first_version
from gatherlog.core.subscriptions.subscription import Destination
from gatherlog.core.subscriptions.worker import VIEWS
from tests.contracts.commits import documents_of, whole_feed
from tests.contracts.engines import Place
from tests.core.subscriptions.followers import (
    COUNTS,
    IDS,
    Count,
    Counting,
    Following,
    Receiver,
    bodies,
    eventually,
    fails,
    happened,
    say,
    working,
)

QUICK = RetryPolicy(attempts=3, age=None, first_pause=0.01, longest_pause=0.02)
STREAMS = [f"card-{n}" for n in range(7)]


async def opened(place: Place) -> Store:
    return await place.open(*VIEWS, COUNTS)


async def say_much(store: Store, rounds: int = 3) -> int:
    """Twenty words at a time in each stream, for three subjects; how many that were."""
    for number in range(rounds):
        for stream in STREAMS:
            events = [happened(f"w{number}.{n}", f"s{n % 3}") for n in range(20)]
            await store.commit(Commit(appends=[Append(stream, events)]))
    return rounds * len(STREAMS) * 20


async def expected(store: Store) -> dict[tuple[str, str], list[int]]:
    """The versions of each stream and subject, in the order of the log."""
    found: dict[tuple[str, str], list[int]] = {}
    for partition in range(store.limits.partitions):
        for event in await whole_feed(store, partition):
            if event.type == "tests.happened":
                found.setdefault((event.stream, event.subject), []).append(event.version)
    return found


def taken(receiver: Receiver) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for delivery in receiver.taken:
        event = delivery.event
        found.setdefault((event.stream, event.subject), []).append(event.version)
    return found


def counted(count: int) -> Callable[[Store], Awaitable[bool]]:
    async def is_counted(store: Store) -> bool:
        found: dict[str, Count] = await bodies(store, COUNTS)
        return found.get("all", Count()).events == count

    return is_counted


async def dead_letters(store: Store) -> list[Any]:
    return list((await bodies(store, DEAD_LETTERS)).values())


def admin(store: Store) -> SubscriptionAdmin:
    return SubscriptionAdmin(store, clock=system_clock, ids=IDS)


async def test_each_event_is_delivered_once_and_in_order_whatever_fails(place: Place) -> None:
    store = await opened(place)
    receivers = [Receiver(), Receiver(batch=5), Receiver()]
    for n in range(20):
        receivers[0].cues[f"w1.{n}"] = [fails()] * (n % 3)
        receivers[1].cues[f"w0.{n}"] = [fails()] * (n % 2)
    destinations = [
        Destination(name=f"place-{n}", target=receiver, retry=QUICK, at_once=1 + 3 * n, holds=True)
        for n, receiver in enumerate(receivers)
    ]
    async with working(store, Following(*destinations)):
        count = await say_much(store)
        for receiver in receivers:
            await receiver.has(count)

    for receiver in receivers:
        assert taken(receiver) == await expected(store)


async def test_a_projection_counts_exactly_even_events_that_failed_at_first(place: Place) -> None:
    store, counting = await opened(place), Counting(stumbles=["w1.7", "w0.3"])
    async with working(store, Projection("counting", counting)):
        count = await say_much(store)
        await eventually(lambda: has_dead_letters(store, 14))
        counting.stumbles.clear()
        for dead_letter in await dead_letters(store):
            await admin(store).redrive(dead_letter.id, by="me")
        await eventually(lambda: counted(count)(store))
        before = await bodies(store, COUNTS)
        await admin(store).reset("counting", [0] * store.limits.partitions, by="me")
        await say(store, "card-0", "one more")
        await eventually(lambda: is_counted_anew(store, count + 1))

    after = await bodies(store, COUNTS)
    assert {id: c.events for id, c in after.items()} == {
        **{id: c.events for id, c in before.items()},
        "card-0/": 1,
        "all": count + 1,
    }
    by_key = {f"{s}/{subject}": len(v) for (s, subject), v in (await expected(store)).items()}
    assert {id: c.events for id, c in after.items() if id != "all"} == by_key
    assert [difference async for difference in verify(store, [CATEGORY])] == []


async def is_counted_anew(store: Store, count: int) -> bool:
    """Whether the documents were made since the first reset, and count all events."""
    found = await documents_of(store, COUNTS.name)
    is_anew = all(document.version >= first_version(1) for document in found)
    return is_anew and await counted(count)(store)


async def has_dead_letters(store: Store, count: int) -> bool:
    return len(await dead_letters(store)) == count


async def test_a_poison_event_is_parked_fixed_and_redriven(place: Place) -> None:
    store, receiver = await opened(place), Receiver({"w1.4": [fails()] * 3 * len(STREAMS)})
    destination = Destination(name="place", target=receiver, retry=QUICK, holds=True)
    async with working(store, Following(destination)):
        count = await say_much(store)
        await eventually(lambda: has_dead_letters(store, len(STREAMS)))
        await eventually(lambda: has_parked(store, len(STREAMS)))
        for dead_letter in await dead_letters(store):
            await admin(store).redrive(dead_letter.id, by="me")
        await receiver.has(count)
        await eventually(lambda: has_dead_letters(store, 0))

    assert taken(receiver) == await expected(store)
    assert await documents_of(store, "backlog") == []
    assert [difference async for difference in verify(store, [CATEGORY])] == []


async def has_parked(store: Store, count: int) -> bool:
    return (await admin(store).status("following")).parked == count


async def test_a_hundred_destinations_that_fail_are_saved_within_the_limits(
    place: Place,
) -> None:
    store = await opened(place)
    broken = [Receiver({"bad": [fails(final=True)]}) for _ in range(100)]
    destinations = [
        Destination(name=f"place-{n}", target=receiver, holds=True)
        for n, receiver in enumerate(broken)
    ]
    following = Following(*destinations)
    async with working(store, following):
        await say(store, "card-1", "bad", "next")
        await eventually(lambda: has_dead_letters(store, 100))
        await eventually(lambda: has_backlogs(store, 100))
    async with working(store, following):
        for dead_letter in await dead_letters(store):
            await admin(store).redrive(dead_letter.id, by="me")
        for receiver in broken:
            await receiver.has(2)
        await eventually(lambda: has_backlogs(store, 0))

    assert [receiver.words for receiver in broken] == [["bad", "next"]] * 100


async def has_backlogs(store: Store, count: int) -> bool:
    return len(await documents_of(store, "backlog")) == count


async def test_two_workers_on_one_store_deliver_each_event_once(place: Place) -> None:
    store, receiver = await opened(place), Receiver()
    subscription = Following(Destination(name="place", target=receiver, retry=QUICK))
    async with (
        working(store, subscription, lease_seconds=0.5) as first,
        working(store, subscription, lease_seconds=0.5),
    ):
        count = await say_much(store)
        await receiver.has(count)
        await first.stop()
        count += await say_much(store)
        await receiver.has(count)

    assert taken(receiver) == await expected(store)


async def test_parked_events_survive_a_restart(durable: Place) -> None:
    store, receiver = await opened(durable), Receiver({"w1.4": [fails()] * 9_999})
    steady = RetryPolicy(attempts=None, age=None, first_pause=0.1, longest_pause=0.2)
    subscription = Following(Destination(name="place", target=receiver, retry=steady))
    async with working(store, subscription):
        count = await say_much(store)
        partitions = {partition_of(stream, store.limits.partitions) for stream in STREAMS}
        await eventually(lambda: has_backlogs(store, len(partitions)))
    await store.close()
    receiver.cues.clear()
    again = await opened(durable)
    async with working(again, subscription):
        await receiver.has(count)
        await eventually(lambda: has_backlogs(again, 0))

    assert taken(receiver) == await expected(again)
