"""A process that dies between two promotions: `python -m tests.apps.guests.dying STORE`."""

import asyncio
import os
import signal
import sys
from typing import Any

from gatherlog.apps.guests import DEFAULT, VIEWS, GuestService, NewGuest, Rsvp, SettingsPatch
from gatherlog.core import Commit, Committed, Store
from gatherlog.core.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds
from tests.apps.guests.conftest import SMALL

GUESTS = 60


class Dying:
    """A store under which the process is killed instead of a second commit."""

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
    """Let everybody wait, make room for all, and die while they move up."""
    store, ids = await open_store(url, views=VIEWS, limits=SMALL), CountingIds()
    service = GuestService(store, clock=system_clock, ids=ids)
    await service.ensure_default("cli")
    await service.change_settings(DEFAULT, SettingsPatch(max_guests=0), actor="cli")
    for _ in range(GUESTS):
        new = NewGuest(first_name="A", last_name="X")
        guest = await service.add_guest(DEFAULT, new, actor="cli")
        await service.rsvp(DEFAULT, guest.body.id, Rsvp(attending=True), actor="cli")
    dying = GuestService(Dying(store), clock=system_clock, ids=ids)
    await dying.change_settings(DEFAULT, SettingsPatch(max_guests=GUESTS), actor="cli")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
