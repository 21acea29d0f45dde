"""PgBouncer before the server: it keeps sessions apart, or it is refused."""

import asyncio

import pytest

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import open_store
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import CARDS, commit, count, put, whole_feed, writing
from tests.contracts.engines import Place
from tests.engines.pooler import pooler
from tests.postgres import server

DROPPED = (
    "default_transaction_isolation, idle_in_transaction_session_timeout, statement_timeout,"
    " lock_timeout, plan_cache_mode, enable_seqscan, enable_hashjoin, enable_mergejoin,"
    " enable_bitmapscan, enable_material, enable_memoize, jit"
)
"""Settings that PgBouncer is told to drop, where it would refuse the connection otherwise."""


def address(postgres: Place, host: str) -> str:
    return f"postgresql://postgres@/postgres?host={host}&schema={read_place(postgres.url).schema}"


@pytest.mark.parametrize("dropped", ["", DROPPED], ids=["refuses settings", "drops settings"])
async def test_a_pooler_of_sessions_is_used(postgres: Place, dropped: str) -> None:
    assert postgres.engine.postgres is not None
    here = server(postgres.engine.postgres)
    async with pooler(here, pool_mode="session", ignore_startup_parameters=dropped) as host:
        store = await open_store(address(postgres, host), views=[CARDS])
        other = await open_store(address(postgres, host), views=[CARDS])
        heads = await other.heads()
        waiting = asyncio.create_task(other.wait(heads, 10))
        asked = [writing(put(f"{n}", b"x"), count("all", n=1), key=f"{n}") for n in range(30)]
        await asyncio.gather(*map(store.commit, [*asked, commit("card-1")]))

        assert await waiting != heads
        assert len(await whole_feed(other)) == 31
        await other.close()
        await store.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"pool_mode": "transaction"},
        {"pool_mode": "transaction", "ignore_startup_parameters": DROPPED},
        {"pool_mode": "statement", "ignore_startup_parameters": DROPPED},
    ],
    ids=["transaction", "drops settings", "statement"],
)
async def test_a_pooler_that_shares_sessions_is_refused(
    postgres: Place, settings: dict[str, str]
) -> None:
    assert postgres.engine.postgres is not None
    async with pooler(server(postgres.engine.postgres), **settings) as host:
        for _ in range(2):
            with pytest.raises(NotAStore, match="pool_mode = session"):
                await open_store(address(postgres, host))
