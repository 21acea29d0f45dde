"""Idempotency keys are forgotten when they are a day old, a few with every new one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.engines import open_store
from gatherlog.engines.memory import MemoryEngine, MemoryStore
from gatherlog.engines.postgres import PostgresStore
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.sqlite import SqliteStore
from tests.contracts.commits import NOON, commit
from tests.contracts.engines import POSTGRES_URL, address
from tests.postgres import fetch

HOUR = 3600 * 1_000_000
A_DAY = 24
AN_HOURS = 50
"""Keys that are used in an hour."""


class Hours:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


def keys_in_memory(store: Store) -> int:
    assert isinstance(store, MemoryStore)
    assert isinstance(store.engine, MemoryEngine)
    return len(store.engine.keys)


def keys_in_the_file(store: Store) -> int:
    assert isinstance(store, SqliteStore)
    return int(store.engine._connection.execute("SELECT count(*) FROM idempotency").get)


def keys_in_the_schema(store: Store) -> int:
    assert isinstance(store, PostgresStore)
    place = store.engine.place
    [(count,)] = fetch(place.dsn, script("SELECT count(*) FROM gatherlog.idempotency", place))
    return int(count)


ENGINES: dict[str, tuple[str, Callable[[Store], int]]] = {
    "memory": ("memory:", keys_in_memory),
    "sqlite": ("sqlite:///{path}/keys.db", keys_in_the_file),
    "postgres": (POSTGRES_URL, keys_in_the_schema),
}


async def use_keys(store: Store, name: str, *, together: int) -> None:
    """An hour's keys, in groups of so many."""
    for start in range(0, AN_HOURS, together):
        await asyncio.gather(
            *[store.commit(commit("card-1", key=f"{name}/{start + i}")) for i in range(together)]
        )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("together", [1, AN_HOURS])
async def test_no_more_than_a_days_keys_are_ever_kept(
    tmp_path: Path, engine: str, together: int
) -> None:
    url, keys = ENGINES[engine]
    clock = Hours()
    async with address(url, tmp_path) as place:
        store = await open_store(place, clock=clock)

        kept = []
        for hour in range(2 * A_DAY + 6):
            await use_keys(store, f"{hour}", together=together)
            kept.append(keys(store))
            clock.now += HOUR

        await store.close()
        assert kept == [AN_HOURS * min(hour + 1, A_DAY) for hour in range(2 * A_DAY + 6)]


@pytest.mark.parametrize("engine", ENGINES)
async def test_after_a_long_silence_two_old_keys_go_with_every_new_one(
    tmp_path: Path, engine: str
) -> None:
    url, keys = ENGINES[engine]
    clock = Hours()
    async with address(url, tmp_path) as place:
        store = await open_store(place, clock=clock)
        for hour in range(4):
            await use_keys(store, f"{hour}", together=AN_HOURS)
        clock.now += 48 * HOUR
        await store.commit(commit("card-1", key="0/0"))  # is new again, and the youngest

        kept = [keys(store)]
        for hour in range(4, 8):
            await use_keys(store, f"{hour}", together=AN_HOURS)
            kept.append(keys(store))

        await store.close()
        assert kept == [198, 148, 101, 151, 201]


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_key_that_is_not_a_day_old_is_never_forgotten(tmp_path: Path, engine: str) -> None:
    url, _ = ENGINES[engine]
    clock = Hours()
    async with address(url, tmp_path) as place:
        store = await open_store(place, clock=clock)
        await store.commit(commit("card-1", key="first"))
        await store.commit(commit("card-1", key="again"))
        clock.now += 24 * HOUR
        await store.commit(commit("card-1", key="again"))
        clock.now += 24 * HOUR - 1

        await use_keys(store, "new", together=AN_HOURS)

        known = [await store.recall(key) is not None for key in ("first", "again", "new/0")]
        await store.close()
        assert known == [False, True, True]
