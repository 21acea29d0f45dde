"""What commands work on: settings from flags and environment, a store, and its services."""

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
    """Run a command's coroutine to its end, on an event loop of its own."""
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
    """The settings of this process: given flags, else the environment, else defaults."""
    from gatherlog.settings import Settings

    return Settings.from_environment(
        os.environ, store=store, host=host, port=port, public_url=public_url, demo=demo
    )


def settings_of_file(store: str | None) -> "Settings":
    """Settings with a store in a file; CommandRefused for one in memory."""
    settings = settings_from(store=store)
    if settings.store == "memory:":
        raise CommandRefused(
            "memory: ends with its process; name a file: --store sqlite:///file.db"
        )
    return settings


def is_missing(settings: "Settings") -> bool:
    """Whether the store's file does not exist yet."""
    return not os.path.exists(settings.store.removeprefix("sqlite:///"))


def settings_of_store(store: str | None) -> "Settings":
    """Settings with a store that exists; if it does not, CommandRefused says how to create it."""
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
    """The open store, which is not created if it is missing."""
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
    """The services on a store, which is created if it is missing."""
    from gatherlog.bootstrap import start

    platform = await start(settings)
    try:
        yield platform
    finally:
        await platform.stop()
