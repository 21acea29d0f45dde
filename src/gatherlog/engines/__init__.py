"""Engines: each keeps the promises of the store contract with one kind of storage."""

from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.core.eventstore.store import DeclaredView, Limits, Store
from gatherlog.engines.addresses import read_address

__all__ = ["back_up", "open_store"]


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
    absolute one; `memory:` lives as long as the process. `hostile:7` is for tests, see
    `gatherlog.engines.hostile`; the number is its seed. `views` are those that the caller will
    query: their versions are recorded in the store. A missing store is made if `create` is set.
    `clock` decides when an idempotency key has expired.

    Raises ViewOutdated if the store holds documents of a newer version of a view, and NotAStore if
    no engine has such an address, if the store is missing and `create` is not set, or if what is
    there is not a Gatherlog store.
    """
    address, declared = read_address(url), tuple(views)
    if address.engine == "memory":
        from gatherlog.engines.memory import MemoryStore

        return MemoryStore(declared, limits=limits, clock=clock)
    if address.engine == "hostile":
        from gatherlog.engines.hostile import HostileStore

        seed = crc32(address.place.encode())
        return HostileStore(declared, seed=seed, limits=limits, clock=clock)
    if address.engine == "postgresql":
        try:
            from gatherlog.engines.postgres import open_postgres
        except ModuleNotFoundError as error:
            if error.name != "asyncpg":
                raise
            raise NotAStore(
                "the driver of PostgreSQL is missing: pip install 'gatherlog[postgres]'"
            ) from None

        return await open_postgres(url, declared, create=create, limits=limits, clock=clock)
    from gatherlog.engines.sqlite import open_sqlite

    return await open_sqlite(address.place, declared, create=create, limits=limits, clock=clock)


def back_up(url: str, target: Path) -> None:
    """Copy a store, which may be in use, to a new file, as it is at one moment.

    Raises FileExistsError if the target exists, and NotAStore if there is no store at `url`, or if
    its engine does not keep it in a file.
    """
    address = read_address(url)
    if address.file is None:
        raise NotAStore(f"{url} is not kept in a file; move it with export and import instead")
    from gatherlog.engines.sqlite import backup

    backup(address.place, str(target))
