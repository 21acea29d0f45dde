"""One query shows all leases of a subscription, to those who have nothing to do."""

from collections.abc import Mapping
from typing import Any

from gatherlog.core import Page, Query
from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.subscriptions.checkpoints import checkpoint_id
from gatherlog.core.subscriptions.lease_glances import LeaseGlances
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder
from gatherlog.core.subscriptions.worker import VIEWS
from gatherlog.engines.memory import MemoryStore

ASKED = LEASES.query("by_subscription", "following")


class CountingStore(MemoryStore):
    """It counts the queries, and fails if it is told to."""

    queries = 0
    fails = False

    async def query(self, query: Query) -> Page:
        self.queries += 1
        if self.fails:
            raise Busy("not now")
        return await super().query(query)


async def taken(store: CountingStore, *partitions: int) -> Mapping[int, LeaseHolder]:
    leases: dict[int, Any] = {n: LeaseHolder(store, "following", n, "me", 5.0) for n in partitions}
    for lease in leases.values():
        assert await lease.take()
    return leases


async def test_many_partitions_share_a_look() -> None:
    store = CountingStore(VIEWS)
    leases = await taken(store, *range(8))
    glances = LeaseGlances(store, ASKED, 5.0)

    seen = [
        await glances.shows(checkpoint_id("following", n), lease.version)
        for n, lease in leases.items()
    ]

    assert (seen, store.queries) == ([True] * 8, 1)


async def test_a_lease_that_has_changed_or_is_not_there_is_not_shown() -> None:
    store = CountingStore(VIEWS)
    lease = (await taken(store, 0))[0]
    glances = LeaseGlances(store, ASKED, 5.0)

    assert not await glances.shows(checkpoint_id("following", 0), lease.version + 1)
    assert not await glances.shows(checkpoint_id("following", 1), 0)


async def test_what_cannot_be_seen_is_looked_at_again() -> None:
    store = CountingStore(VIEWS)
    lease = (await taken(store, 0))[0]
    glances = LeaseGlances(store, ASKED, 5.0)
    store.fails = True
    assert not await glances.shows(checkpoint_id("following", 0), lease.version)
    store.fails = False

    assert await glances.shows(checkpoint_id("following", 0), lease.version)
