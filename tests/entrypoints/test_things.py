"""The command things: reindex."""

import asyncio

from gatherlog.bootstrap import start
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal
from tests.stores import eventually


def test_reindex_reaches_a_server_that_runs(party: Terminal) -> None:
    async def serve_meanwhile() -> None:
        platform = await start(Settings())
        platform.search.start()
        await platform.search.caught_up(await platform.store.heads())
        before = (await platform.search.status()).builds

        done = await asyncio.to_thread(party, "things", "reindex")

        async def builds() -> int:
            return (await platform.search.status()).builds

        assert (done.status, done.err) == (0, "")
        await eventually(builds, before + 1)
        await platform.stop()

    asyncio.run(serve_meanwhile())


def test_reindex_needs_a_store(terminal: Terminal) -> None:
    refused = terminal("things", "reindex")

    assert (refused.status, refused.out) == (1, "")
    assert "gatherlog init" in refused.err
