"""All subscriptions at one look: who reads, what waits and what was given up, by destination."""

from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.overview import DestinationState, Overview, overview
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    IDS,
    Following,
    Receiver,
    fails,
    new_store,
    run_scenario,
    say,
    working,
)
from tests.stores import eventually as soon


def following(receiver: Receiver, attempts: int) -> Following:
    retry = RetryPolicy(attempts=attempts, age=None, first_pause=60.0)
    return Following(Destination(name="place", target=receiver, retry=retry))


async def look(store: Store) -> Overview:
    admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS, known=["following"])
    return await overview(store, admin)


def test_nobody_reads_and_the_first_unread_event_is_told() -> None:
    async def scenario() -> None:
        store = new_store()
        await say(store, "card-1", "first")
        [event] = await store.read_stream("card-1")

        async def unread() -> object:
            [one] = (await look(store)).subscriptions
            [reader] = one.readers
            return reader.holder, reader.since, reader.unread

        await soon(unread, ("", None, event.recorded))

    run_scenario(scenario())


def test_the_holder_of_a_lease_is_told_with_the_time_and_nobody_after_it_has_stopped() -> None:
    async def scenario() -> None:
        store, times = new_store(), list[int | None]()
        async with working(store, following(Receiver(), 1)) as running:

            async def holder() -> str:
                [reader] = (await look(store)).subscriptions[0].readers
                times.append(reader.since)
                return reader.holder

            await soon(holder, running.worker.id)
        await soon(holder, "")
        assert None not in times[-2:]
        assert times == sorted(times, key=lambda one: one or 0)

    run_scenario(scenario())


def test_a_delivery_that_is_given_up_is_counted_by_destination_and_told_once() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails("odd")]})
        async with working(store, following(receiver, 1)) as running:
            await say(store, "card-1", "bad")

            async def given_up() -> list[tuple[str, int, str]]:
                found = (await look(store)).destinations
                return [(one.destination, one.dead, one.reason) for one in found]

            await soon(given_up, [("place", 1, "odd: it failed: odd")])
            [told] = running.told
        assert told.startswith(
            "a delivery of tests.happened to place was given up after 1 attempt (odd)."
            " See: gatherlog dead-letters show "
        )
        assert (await look(store)).subscriptions[0].dead == 1

    run_scenario(scenario())


def test_what_waits_for_a_destination_is_as_old_as_its_first_event() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails("odd")] * 9})
        async with working(store, following(receiver, 9)):
            await say(store, "card-1", "bad", "later")
            first, _ = await store.read_stream("card-1")

            async def waiting() -> list[tuple[int, int | None, int, bool]]:
                found: tuple[DestinationState, ...] = (await look(store)).destinations
                return [
                    (one.parked, one.oldest, one.waits_for_operator, one.next_try is not None)
                    for one in found
                ]

            await soon(waiting, [(1, first.recorded, 0, True)])

    run_scenario(scenario())
