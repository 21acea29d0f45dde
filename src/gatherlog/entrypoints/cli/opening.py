"""What a command works on: settings of flags and environment, a store, the services on it."""

import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Store
    from gatherlog.interfaces.platform import Platform
    from gatherlog.settings import Settings

__all__ = [
    "finish",
    "is_missing",
    "open_platform",
    "opened_store",
    "settings_from",
    "settings_of_file",
    "settings_of_store",
]

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of a command on an event loop of its own."""
    import asyncio

    return asyncio.run(work)


def settings_from(
    *,
    store: str | None = None,
    host: str | None = None,
    port: int | None = None,
    public_url: str | None = None,
    demo: bool | None = None,
) -> "Settings":
    """Settings of this process: flags that were given, else the environment, else defaults."""
    from gatherlog.settings import Settings

    return Settings.from_environment(
        os.environ, store=store, host=host, port=port, public_url=public_url, demo=demo
    )


def settings_of_file(store: str | None) -> "Settings":
    """Settings whose store outlives this command; CommandRefused for one in memory."""
    settings = settings_from(store=store)
    if settings.store == "memory:":
        raise CommandRefused(
            "memory: ends with its process; name a file: --store sqlite:///file.db"
        )
    return settings


def is_missing(settings: "Settings") -> bool:
    """Whether there is nothing at the store's address yet."""
    return not os.path.exists(settings.store.removeprefix("sqlite:///"))


def settings_of_store(store: str | None) -> "Settings":
    """Settings whose store is there already; CommandRefused, with the way to one, if it is not."""
    settings = settings_of_file(store)
    if is_missing(settings):
        raise CommandRefused(
            f"there is no store at {settings.store}; make one: gatherlog init --store "
            f"{settings.store}",
            FAILED,
        )
    return settings


@asynccontextmanager
async def opened_store(store: str | None) -> AsyncIterator["Store"]:
    """The store to look into; it is not made where it is missing."""
    from gatherlog.bootstrap import VIEWS
    from gatherlog.engines import open_store

    url = settings_of_file(store).store
    opened = await open_store(url, views=VIEWS, create=False)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def open_platform(settings: "Settings") -> AsyncIterator["Platform"]:
    """The services on a store, which is made where it is missing."""
    from gatherlog.bootstrap import start

    platform = await start(settings)
    try:
        yield platform
    finally:
        await platform.stop()
