"""Engines: each keeps the promises of the store contract with one kind of storage."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zlib import crc32

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.core.eventstore.store import DeclaredView, Limits, Store
from gatherlog.engines.addresses import read_address

__all__ = ["accept_restored", "back_up", "let_use", "needed_rights", "open_store"]

_MOVE: Final = "move it with export and import instead"
_BACKUPS: Final = {
    "postgresql": "back it up with pg_dump, as docs/engines.md says",
    "dynamodb": "AWS backs it up, as docs/engines.md says",
}


async def open_store(
    url: str,
    *,
    views: Iterable[DeclaredView] = (),
    create: bool = True,
    read_only: bool = False,
    limits: Limits | None = None,
    clock: Clock = system_clock,
) -> Store:
    """Open the store at `url`, on the running event loop.

    `sqlite:///gatherlog.db` is a file relative to the working directory, `sqlite:////var/g.db` an
    absolute one; `postgresql://user@host/database` is a database, in which `?schema=name` names the
    schema, and needs the extra `gatherlog[postgres]`; `dynamodb://table?region=eu-central-1` is a
    table, and needs `gatherlog[dynamodb]`; `memory:` lives as long as the process.
    `hostile:7` is for tests, see `gatherlog.engines.hostile`; the number is its seed. `views` are
    those that the caller will query: their versions are recorded in the store. A missing store is
    made if `create` is set. `clock` decides when an idempotency key has expired.
    With `read_only` nothing is written, not even which views there are: a missing store is not
    made, one of an older layout is not upgraded, and what would change it is a RuntimeError.

    Raises ViewOutdated if the store holds documents of a newer version of a view, and NotAStore if
    no engine has such an address, if the store is missing and `create` is not set, or if what is
    there is not a Gatherlog store. Raises Busy if a database cannot be reached within 5 seconds.
    """
    address, declared = read_address(url), tuple(views)
    create = create and not read_only
    if address.engine == "memory":
        from gatherlog.engines.memory import MemoryStore

        return MemoryStore(declared, limits=limits, clock=clock)
    if address.engine == "hostile":
        from gatherlog.engines.hostile import HostileStore

        seed = crc32(address.place.encode())
        return HostileStore(declared, seed=seed, limits=limits, clock=clock)
    if address.engine == "postgresql":
        _demand_driver("asyncpg", "PostgreSQL", "postgres")
        from gatherlog.engines.postgres import open_postgres

        return await open_postgres(
            url, declared, create=create, read_only=read_only, limits=limits, clock=clock
        )
    if address.engine == "dynamodb":
        _demand_driver("botocore", "DynamoDB", "dynamodb")
        from gatherlog.engines.dynamodb import open_dynamodb

        return await open_dynamodb(
            url, declared, create=create, read_only=read_only, limits=limits, clock=clock
        )
    from gatherlog.engines.sqlite import open_sqlite

    return await open_sqlite(
        address.place, declared, create=create, read_only=read_only, limits=limits, clock=clock
    )


async def let_use(url: str, role: str) -> None:
    """Let a role of the database use the store at `url`, with no more rights than that needs.

    Raises NotAStore if there is no such role or store, or if its engine has no roles.
    """
    address = read_address(url)
    if address.engine != "postgresql":
        raise NotAStore(f"{address.shown} has no roles; only a store on PostgreSQL has them")
    _demand_driver("asyncpg", "PostgreSQL", "postgres")
    from gatherlog.engines.postgres import let_role_use

    await let_role_use(url, role)


async def accept_restored(url: str) -> bool:
    """Let a table that was restored from a backup be the store at `url`, from now on.

    It gets another id, and with it other cursors; those of before are refused. False if it was not
    restored: then nothing is changed. Raises NotAStore if there is no store, or if its engine does
    not tell a restored store from others.
    """
    address = read_address(url)
    if address.engine != "dynamodb":
        raise NotAStore(f"{address.shown} is used as it is after a restore; leave out --restored")
    _demand_driver("botocore", "DynamoDB", "dynamodb")
    from gatherlog.engines.dynamodb import take_restored

    return await take_restored(url)


async def needed_rights(url: str) -> str:
    """The rights that a process needs to use the store at `url`, for the person who gives them.

    Nothing where a store needs none that have to be given. Raises NotAStore if there is none.
    """
    address = read_address(url)
    if address.engine != "dynamodb":
        return ""
    _demand_driver("botocore", "DynamoDB", "dynamodb")
    from gatherlog.engines.dynamodb import told_rights

    return await told_rights(url)


def _demand_driver(module: str, engine: str, extra: str) -> None:
    """Raise NotAStore, with advice, if the driver of an engine is not installed."""
    if find_spec(module) is None:
        raise NotAStore(f"{engine} needs its driver: pip install 'gatherlog[{extra}]'")


def back_up(url: str, target: Path) -> None:
    """Copy a store, which may be in use, to a new file, as it is at one moment.

    Raises FileExistsError if the target exists, and NotAStore if there is no store at `url`, or if
    its engine does not keep it in a file.
    """
    address = read_address(url)
    if address.file is None:
        instead = _BACKUPS.get(address.engine, _MOVE)
        raise NotAStore(f"{address.shown} is not kept in a file; {instead}")
    from gatherlog.engines.sqlite import backup

    backup(address.place, str(target))
