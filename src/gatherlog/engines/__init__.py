"""Engines: each keeps the promises of the store contract on one kind of storage."""

from collections.abc import Iterable
from zlib import crc32

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.core.eventstore.store import DeclaredView, Limits, Store

__all__ = ["open_store"]


async def open_store(
    url: str,
    *,
    views: Iterable[DeclaredView] = (),
    create: bool = True,
    limits: Limits | None = None,
    clock: Clock = system_clock,
) -> Store:
    """Open the store at `url`, on the running event loop.

    `sqlite:///gatherlog.db` is a file relative to the working directory, `sqlite:////var/g.db` an
    absolute one; `memory:` lives as long as the process. `hostile:7` is for tests: see
    `gatherlog.engines.hostile`; its number is the seed. `views` are those that the caller will
    query: their versions are recorded in the store. A missing store is made if `create` is set.
    `clock` decides when an idempotency key has expired.

    Raises ViewOutdated if the store holds documents of a newer version of a view, and NotAStore if
    it is missing and `create` is not set, or if the file is not a Gatherlog store.
    """
    scheme, _, rest = url.partition(":")
    declared = tuple(views)
    if scheme == "memory":
        from gatherlog.engines.memory import MemoryStore

        return MemoryStore(declared, limits=limits, clock=clock)
    if scheme == "hostile":
        from gatherlog.engines.hostile import HostileStore

        return HostileStore(declared, seed=crc32(rest.encode()), limits=limits, clock=clock)
    if scheme == "sqlite":
        from gatherlog.engines.sqlite import open_sqlite

        if not rest.startswith("///") or rest in ("///", "///:memory:"):
            raise NotAStore(
                f"{url!r}: a file is named as sqlite:///relative.db or sqlite:////absolute.db"
            )
        return await open_sqlite(rest[3:], declared, create=create, limits=limits, clock=clock)
    raise NotAStore(f"{url!r} names no engine; known are sqlite: and memory:")
