"""Destinations that come and go while their subscription is read, in several partitions at once."""

import asyncio
import random

import pytest

from gatherlog.core import Recorded
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    FOREVER,
    Distant,
    Following,
    Receiver,
    eventually,
    new_store,
    run_scenario,
    say,
    working,
)


@pytest.mark.parametrize("seed", range(10))
def test_no_event_is_for_a_destination_that_is_not_known_yet(seed: int) -> None:
    """Also while leases, which are short here, are renewed between reading and routing."""

    async def scenario() -> None:
        chance = random.Random(seed)
        store, always = new_store(4), Receiver()
        following = Following(Destination(name="always", target=always, retry=FOREVER))
        distant = Distant(store, seed)
        async with working(distant, following, lease_seconds=0.3):
            for n in range(150):
                if n % 5 == 0:
                    added = Destination(name=f"place-{n}", target=Receiver(), retry=FOREVER)
                    following.places = [*following.places[:4], added]
                    following.version += 1
                await say(store, f"card-{n % 9}", f"w{n}")
                await asyncio.sleep(chance.uniform(0, 0.1))
            await eventually(lambda: has_all(always, 150))
        assert versions(always) == {f"card-{n}": in_order(n) for n in range(9)}

    run_scenario(scenario())


async def has_all(receiver: Receiver, count: int) -> bool:
    return len(set(receiver.words)) == count


def versions(receiver: Receiver) -> dict[str, list[int]]:
    """The versions that came of each stream, without repeats after a lease has changed hands."""
    found: dict[str, dict[int, None]] = {}
    for delivery in receiver.taken:
        event: Recorded = delivery.event
        found.setdefault(event.stream, {})[event.version] = None
    return {stream: list(seen) for stream, seen in found.items()}


def in_order(stream: int) -> list[int]:
    return list(range(1, len(range(stream, 150, 9)) + 1))
