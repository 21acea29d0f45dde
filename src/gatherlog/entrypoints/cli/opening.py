"""What commands work on: settings from flags and environment, a store, and its services."""

import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Store
    from gatherlog.interfaces.platform import Platform
    from gatherlog.settings import Settings

__all__ = [
    "demand_site_key",
    "finish",
    "open_platform",
    "opened_store",
    "running_platform",
    "settings_from",
    "settings_of_lasting",
    "settings_of_store",
    "started_platform",
]

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine to its end, on an event loop of its own."""
    import asyncio

    return asyncio.run(work)


def settings_from(
    *,
    store: str | None = None,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    public_url: str | None = None,
    demo: bool | None = None,
) -> "Settings":
    """The settings of this process: given flags, else the environment, else defaults."""
    from gatherlog.settings import Settings

    return Settings.from_environment(
        os.environ,
        store=store,
        host=host,
        port=port,
        workers=workers,
        public_url=public_url,
        demo=demo,
    )


def settings_of_lasting(store: str | None) -> "Settings":
    """Settings with a store that outlives this process; CommandRefused for one in memory."""
    settings = settings_from(store=store)
    if not settings.address.is_lasting:
        raise CommandRefused(
            f"{settings.address.shown} ends with its process; name a file: --store "
            "sqlite:///file.db"
        )
    return settings


def demand_site_key(settings: "Settings") -> None:
    """Raise CommandRefused if a site that lasts has no place for its private key."""
    has_key = settings.jwt_key is not None or settings.key_path is not None
    if settings.address.is_lasting and not has_key:
        raise CommandRefused(
            f"{settings.address.shown} has no file beside which the site's private key could be; "
            "name one, which all servers of the site share: GATHERLOG_KEY_FILE=gatherlog.key"
        )


def settings_of_store(store: str | None) -> "Settings":
    """Settings with a store that exists; if it does not, CommandRefused says how to create it.

    Where only GATHERLOG_URL is set, a site is meant and not the store in the working directory.
    """
    if store is None and os.environ.get("GATHERLOG_URL") and not os.environ.get("GATHERLOG_STORE"):
        raise CommandRefused(
            "this command opens a store and cannot ask a site, as GATHERLOG_URL says: name the"
            " store with --store"
        )
    settings = settings_of_lasting(store)
    if settings.address.is_missing or settings.address.is_empty:
        what = "no store" if settings.address.is_missing else "an empty file"
        raise CommandRefused(
            f"there is {what} at {settings.address.shown}; make a store: gatherlog init --store "
            f"{settings.address.shown}",
            FAILED,
        )
    return settings


@asynccontextmanager
async def opened_store(store: str | None, *, read_only: bool = False) -> AsyncIterator["Store"]:
    """The open store, which is not created if it is missing."""
    from gatherlog.bootstrap import VIEWS
    from gatherlog.engines import open_store

    url = settings_of_store(store).store
    opened = await open_store(url, views=VIEWS, create=False, read_only=read_only)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def open_platform(
    settings: "Settings", *, read_only: bool = False
) -> AsyncIterator["Platform"]:
    """The services on a store, which is not created if it is missing."""
    from gatherlog.bootstrap import open_platform as open_services

    platform = await open_services(settings, read_only=read_only)
    try:
        yield platform
    finally:
        await platform.stop()


@contextmanager
def running_platform(settings: "Settings") -> Iterator[tuple["Platform", Run]]:
    """As `open_platform`, with what runs coroutines on its event loop.

    So a command may wait for other things in between, such as lines of a pipe: there, Ctrl-C ends
    it at once.
    """
    import asyncio

    from gatherlog.bootstrap import open_platform as open_services

    with asyncio.Runner() as runner:
        platform = runner.run(open_services(settings))
        try:
            yield platform, runner.run
        finally:
            runner.run(platform.stop())


@asynccontextmanager
async def started_platform(settings: "Settings") -> AsyncIterator["Platform"]:
    """The services on a store, which is made ready as for `serve`, and created if it is missing."""
    from gatherlog.bootstrap import start

    platform = await start(settings)
    try:
        yield platform
    finally:
        await platform.stop()
