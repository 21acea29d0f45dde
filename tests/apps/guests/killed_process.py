"""A process that is killed between two commits with promotions.

`python -m tests.apps.guests.killed_process STORE`
"""

import asyncio
import os
import signal
import sys
from typing import Any

from gatherlog.apps.guests import (
    VIEWS,
    GatheringDetails,
    GuestService,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.core import Commit, Committed, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds
from tests.apps.guests.conftest import SMALL

PARTY = "0198f3c2-7a00-7d1b-8e55-0c9a7f3b2d10"
"""Not the gathering `default`, which every start reads anyway."""
GUESTS = 60


class KilledAtSecondCommit:
    """A store that kills the process instead of making a second commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
        return await self._store.commit(commit)


async def main(url: str) -> None:
    """Let everybody wait, make room for all, and be killed while they move up."""
    store, ids = await open_store(url, views=VIEWS, limits=SMALL), CountingIds()
    service = GuestService(store, clock=system_clock, ids=ids)
    details = GatheringDetails(event_name="Party", max_guests=0)
    await service.create_gathering(details, actor="cli", id=PARTY)
    for _ in range(GUESTS):
        new = NewGuest(first_name="A", last_name="X")
        guest = await service.add_guest(PARTY, new, actor="cli")
        await service.rsvp(PARTY, guest.body.id, Rsvp(attending=True), actor="cli")
    killed = GuestService(KilledAtSecondCommit(store), clock=system_clock, ids=ids)
    await killed.change_settings(PARTY, SettingsPatch(max_guests=GUESTS), actor="cli")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
