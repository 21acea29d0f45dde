"""The engines under contract, as data: what each is opened by, and what it is able to do.

A test asks for a fixture that stands for an ability (`store`, `durable`, `shared`); which engines
have it is written here and nowhere else.
"""

import importlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from gatherlog.core import Limits, Store, View
from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.engines import open_store
from gatherlog.engines.hostile import HostileStore
from tests.contracts.commits import CARDS
from tests.contracts.damage import DAMAGE, Damage
from tests.dynamo import drop_table, found_emulator, url_of
from tests.dynamo_faults import faulty_dynamo
from tests.postgres import drop_schema, found_versions, make_for_role, server
from tests.stores import HOSTILE_URL

T = TypeVar("T")

DYNAMO_LIKE = Limits(
    commit_actions=100,
    commit_bytes=4 * 1024 * 1024,
    event_bytes=300 * 1024,
    body_bytes=300 * 1024,
    answer_bytes=300 * 1024,
    page=1_000,
    page_bytes=1024 * 1024,
)
"""What DynamoDB takes, put upon an engine that takes more."""


class Engine(msgspec.Struct, frozen=True):
    """One way to open a store, and its abilities."""

    name: str
    driver: str
    """What GATHERLOG_REQUIRE_ENGINES names."""
    module: str
    url: str
    """With `{path}`, an absolute path, where the engine keeps anything."""
    limits: Limits | None = None
    durable: bool = False
    """Outlives `close` and the death of its process."""
    shared: bool = False
    """Several processes may have it open at once."""
    one_file: bool = False
    """Is one file, which may turn out to be something else."""
    index_rows: bool = False
    """Keeps index rows apart from its documents: `KeepsIndexRows`."""
    counts_trips: bool = False
    """Tells how many round trips its storage was asked for."""
    one_writer: bool = False
    """One process at a time holds the whole store to write to it."""
    postgres: int | None = None
    """The version of the server that the tests start for it."""
    role: str | None = None
    """Used by a role of the database that has made nothing and may do no more than it must."""
    on_emulator: bool = False
    """Needs the emulator of DynamoDB that the tests start."""
    with_faults: bool = False
    """Through a proxy that does what the emulator never does."""
    on_demand: bool = False
    """The suite runs on it only where GATHERLOG_REQUIRE_ENGINES names it."""
    takes_long: bool = False
    """The long tests run on it only where GATHERLOG_LONG_SECONDS is set."""

    def is_there(self) -> bool:
        if self.postgres is not None and self.postgres not in found_versions():
            return False
        if self.on_emulator and found_emulator() is None:
            return False
        try:
            importlib.import_module(self.module)
        except ModuleNotFoundError:
            return False
        return True


MEMORY = Engine("memory", "memory", "gatherlog.engines.memory", "memory:")
SQLITE = Engine(
    "sqlite",
    "sqlite",
    "gatherlog.engines.sqlite",
    "sqlite:///{path}",
    durable=True,
    shared=True,
    one_file=True,
    index_rows=True,
    one_writer=True,
)


def postgres(version: int) -> Engine:
    """A version of PostgreSQL."""
    return Engine(
        f"postgres-{version}",
        f"postgres-{version}",
        "asyncpg",
        "{server}",
        durable=True,
        shared=True,
        index_rows=True,
        postgres=version,
        takes_long=True,
    )


POSTGRES = postgres(18)
POSTGRES_URL = "postgresql:"
"""Stands for an empty schema of `POSTGRES`; see `address`."""
DYNAMODB_URL = "dynamodb:"
"""Stands for a table of `DYNAMODB` that is not there yet; see `address`."""
DYNAMODB = Engine(
    "dynamodb",
    "dynamodb",
    "botocore",
    "{server}",
    durable=True,
    shared=True,
    on_emulator=True,
    takes_long=True,
)
FAULTY_DYNAMODB = msgspec.structs.replace(
    DYNAMODB,
    name="dynamodb-with-faults",
    driver="dynamodb-with-faults",
    with_faults=True,
    on_demand=True,
)
FAULTY_DYNAMODB_URL = "dynamodb-with-faults:"
"""Stands for a table of `FAULTY_DYNAMODB` that is not there yet; see `address`."""
HOSTILE = Engine("hostile", "memory", "gatherlog.engines.hostile", HOSTILE_URL, counts_trips=True)
ENGINES = [
    MEMORY,
    HOSTILE,
    msgspec.structs.replace(HOSTILE, name="hostile-2", url="hostile:2"),
    msgspec.structs.replace(MEMORY, name="memory-4-partitions", limits=Limits(partitions=4)),
    SQLITE,
    msgspec.structs.replace(SQLITE, name="sqlite-like-dynamodb", limits=DYNAMO_LIKE),
    POSTGRES,
    msgspec.structs.replace(postgres(16), name="postgres-16-least-rights", role="visitor"),
    msgspec.structs.replace(postgres(15), on_demand=True),
    DYNAMODB,
    FAULTY_DYNAMODB,
]


def able_to(ability: Callable[[Engine], Any]) -> list[Any]:
    """Parameters for a fixture: the engines that have an ability."""
    return [
        pytest.param(engine, id=engine.name)
        for engine in ENGINES
        if ability(engine) and (not engine.on_demand or engine.driver in demanded())
    ]


def demanded() -> list[str]:
    """The engines whose absence is a failure."""
    return os.environ.get("GATHERLOG_REQUIRE_ENGINES", "").replace(",", " ").split()


def require(engine: Engine) -> None:
    """A missing engine may be skipped, but not where GATHERLOG_REQUIRE_ENGINES names it."""
    if engine.is_there():
        return
    if engine.driver in demanded():
        pytest.fail(f"GATHERLOG_REQUIRE_ENGINES names {engine.driver}, which is not here")
    pytest.skip(f"the engine {engine.driver} is not here")


class Place:
    """Where one store lives for one test; it may be opened many times."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.path = folder / "store.db"
        self.url = engine.url.format(path=self.path, server=self._server_url())
        self._opened: list[Store] = []

    async def open(
        self, *views: View[Any], create: bool = True, clock: Clock = system_clock
    ) -> Store:
        """Open the store; it is closed when the test ends, if the test did not close it."""
        store = await open_store(
            self.url,
            views=views or (CARDS,),
            create=create,
            limits=self.engine.limits,
            clock=clock,
        )
        self._opened.append(store)
        return store

    def _server_url(self) -> str:
        """The address of a schema or table that nobody else uses, if the engine has a server."""
        schema = "t" + sha256(str(self.path).encode()).hexdigest()[:16]
        if self.engine.on_emulator:
            return url_of(
                schema, endpoint=faulty_dynamo().endpoint if self.engine.with_faults else None
            )
        if self.engine.postgres is None:
            return ""
        here = server(self.engine.postgres)
        if self.engine.role is None:
            return here.url(schema)
        make_for_role(here.url(schema), self.engine.role)
        return here.url(schema, user=self.engine.role)

    @property
    def damage(self) -> Damage:
        """What a hand may do to the store that was opened last."""
        return DAMAGE[self.engine.driver.partition("-")[0]](self._opened[-1])

    @property
    def trips(self) -> int:
        """Round trips so far of the store that was opened last."""
        store = self._opened[-1]
        assert isinstance(store, HostileStore)
        return store.engine.trips

    def forget(self) -> None:
        """Leave the stores opened so far to themselves."""
        self._opened.clear()

    async def close(self) -> None:
        for store in self._opened:
            await store.close()
        if self.engine.postgres is not None:
            drop_schema(self.url, user="postgres")
        if self.engine.on_emulator:
            drop_table(self.url)

    @property
    def arguments(self) -> list[str]:
        """How another process is told to open this store; see `child.py`."""
        return [self.url, msgspec.json.encode(self.engine.limits).decode()]


@asynccontextmanager
async def empty_place(engine: Engine, folder: Path) -> AsyncIterator[Place]:
    """An empty place, if the engine is there; what is opened there is closed at the end."""
    require(engine)
    place = Place(engine, folder)
    yield place
    await place.close()


@asynccontextmanager
async def address(url: str, folder: Path) -> AsyncIterator[str]:
    """The address that `url` stands for in a test: `{path}` is its folder, and POSTGRES_URL,
    DYNAMODB_URL and FAULTY_DYNAMODB_URL are an empty schema and no table yet, which are removed
    afterwards."""
    engine = {
        POSTGRES_URL: POSTGRES,
        DYNAMODB_URL: DYNAMODB,
        FAULTY_DYNAMODB_URL: FAULTY_DYNAMODB,
    }.get(url)
    if engine is None:
        yield url.format(path=folder)
        return
    async with empty_place(engine, folder) as place:
        yield place.url


@asynccontextmanager
async def store_at(
    url: str, folder: Path, views: Sequence[View[Any]], limits: Limits | None = None
) -> AsyncIterator[Store]:
    """The store at the `address` of `url`, which is closed at the end."""
    async with address(url, folder) as place:
        store = await open_store(place, views=views, limits=limits)
        yield store
        await store.close()


def chunks(items: Iterable[T], size: int) -> list[list[T]]:
    """The items in lists of at most `size`, as limits demand."""
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]
