"""From settings to a running platform: the one module that knows every other."""

from uuid_utils import uuid7

from gatherlog.apps import guests, people
from gatherlog.core.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.interfaces.platform import Platform
from gatherlog.settings import Settings

__all__ = ["VIEWS", "Platform", "start"]

VIEWS = (*guests.VIEWS, *people.VIEWS)
"""Every view of every app: what a store is opened with."""


async def start(settings: Settings) -> Platform:
    """Open the store, making it and its gathering `default` where they are missing.

    Raises NotAStore, ViewOutdated and whatever else the engine says of that address.
    """
    store = await open_store(settings.store, views=VIEWS)
    platform = Platform(
        settings=settings,
        store=store,
        clock=system_clock,
        ids=new_id,
        guests=guests.GuestService(store, clock=system_clock, ids=new_id),
        keys=people.KeyService(store, clock=system_clock, ids=new_id),
    )
    try:
        await platform.guests.ensure_default("system")
    except BaseException:
        await platform.stop()
        raise
    return platform


def new_id() -> str:
    """A UUIDv7: later ones sort after earlier ones."""
    return str(uuid7())
