"""What is killed: `python -m tests.core.retention.killed_child expire|erase STORE [NUMBER]`.

It prints a line when it begins, and another when it has acknowledged its work.
"""

import asyncio
import sys
from typing import Any

from gatherlog.core import Store, View, queues
from gatherlog.core.retention import (
    CATEGORY,
    ERASING_CATEGORY,
    ERASURES,
    EXPIRIES,
    RETENTION,
    Eraser,
    Expiry,
    RetentionChecks,
    RetentionService,
)
from gatherlog.core.retention.rules import DAY
from gatherlog.core.subscriptions.worker import VIEWS as WORKER_VIEWS
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds

VIEWS: tuple[View[Any], ...] = (RETENTION, EXPIRIES, ERASURES, *queues.VIEWS, *WORKER_VIEWS)
START = 1_790_000_000_000_000


def clock() -> int:
    """Ten days after the events."""
    return START + 10 * DAY


def expiry_of(store: Store) -> tuple[RetentionService, Expiry]:
    checks = RetentionChecks([CATEGORY], (), ())
    rules = RetentionService(store, checks, clock=clock, ids=CountingIds())
    return rules, Expiry(store, rules, checks, clock=clock)


def eraser_of(store: Store) -> Eraser:
    return Eraser(store, (), [ERASING_CATEGORY], owned=(), clock=clock, ids=CountingIds())


async def main(work: str, url: str, number: str = "") -> None:
    store = await open_store(url, views=VIEWS)
    print("begins", flush=True)
    if work == "expire":
        await expiry_of(store)[1].go_round()
    else:
        await eraser_of(store).finish()
        await eraser_of(store).erase("entity", f"e{number}", by="test")
    print("done", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
