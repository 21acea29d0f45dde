"""Lets all records of the log `meters` expire, until it is killed. It prints `ready` and `done`."""

import asyncio
import sys

from gatherlog.apps.intake import BlankRecords
from gatherlog.bootstrap import CATEGORIES, VIEWS
from gatherlog.core import Store
from gatherlog.core.retention import Expiring, Expiry, RetentionChecks, RetentionService
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock

DAYS = 10


def expiry_of(store: Store) -> tuple[RetentionService, Expiry]:
    """The rules of a store, and what carries them out when its records are old enough."""
    clock, checks = StandingClock(), RetentionChecks(CATEGORIES, (), ())
    clock.advance(days=DAYS)
    rules = RetentionService(store, checks, clock=clock, ids=CountingIds())
    return rules, Expiry(store, rules, checks, clock=clock, on_blanked=[BlankRecords(store)])


async def main(url: str) -> None:
    store = await open_store(url, views=VIEWS)
    rules, expiry = expiry_of(store)
    await rules.set("short", Expiring(log="meters", days=DAYS), by="test")
    print("ready", flush=True)
    await expiry.go_round()
    print("done", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
