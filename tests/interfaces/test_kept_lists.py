"""Lists over HTTP with a cache: right whatever happens to it, and counted in the metrics."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx2 import ASGITransport, AsyncClient
from valkey.asyncio import Valkey

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.caches.servers import RealServer
from tests.interfaces.talking import Member, signed_up

GROUPS = "/api/message_groups"
_COUNTED = r'^gatherlog_cache_(?:lookups|(failures))_total(?:{result="(\w+)"})? (\S+)$'


@asynccontextmanager
async def serving(folder: Path, cache: str) -> AsyncIterator[tuple[Platform, AsyncClient]]:
    store = f"sqlite:///{folder}/gatherlog.db"
    platform = await start(Settings(store=store, rate_limits="off", cache=cache))
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield platform, client
    await platform.stop()


async def counted(platform: Platform, client: AsyncClient) -> dict[str, int]:
    """The metrics of the cache, by what is counted."""
    key = await platform.keys.create("operator", None, "tests", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    text = (await client.get("/metrics", headers=headers)).text
    found = re.findall(_COUNTED, text, re.MULTILINE)
    return {one or other: int(float(value)) for one, other, value in found}


async def test_hits_misses_and_stale_lists_are_counted(tmp_path: Path) -> None:
    async with serving(tmp_path, "memory") as (platform, client):
        ada, bob, cyd = [await signed_up(platform, client, name) for name in ("ada", "bob", "cyd")]
        await ada.write("one", handle="bob")
        for _ in range(4):
            await bob.get(GROUPS)
        await cyd.write("two", handle="bob")
        await bob.get(GROUPS)

        assert await counted(platform, client) == {
            "hit": 3,
            "miss": 1,
            "stale": 1,
            "failures": 0,
        }


async def test_a_list_that_is_kept_names_nobody_who_was_erased(tmp_path: Path) -> None:
    async with serving(tmp_path, "memory") as (platform, client):
        zelda, bob = [await signed_up(platform, client, name) for name in ("quibblefax", "bob")]
        await zelda.write("one", handle="bob")
        for _ in range(2):
            assert "quibblefax" in (await bob.ask("GET", GROUPS)).text

        await platform.eraser.erase("account", zelda.account_id, by="test")

        assert "quibblefax" not in (await bob.ask("GET", GROUPS)).text
        assert (await bob.get(GROUPS)) != []


async def test_without_a_cache_nothing_of_it_is_in_the_metrics(tmp_path: Path) -> None:
    async with serving(tmp_path, "off") as (platform, client):
        assert await counted(platform, client) == {}


async def test_two_servers_share_lists_and_each_sees_what_the_other_wrote(
    tmp_path: Path, cache_server: RealServer
) -> None:
    async with (
        serving(tmp_path, cache_server.url) as (one, client),
        serving(tmp_path, cache_server.url) as (other, elsewhere),
    ):
        ada, bob, cyd = [await signed_up(one, client, name) for name in ("ada", "bob", "cyd")]
        there = Member(elsewhere, bob.session, "bob", bob.account_id)
        for step in range(10):
            author = [ada, cyd][step % 2]
            await author.write(f"{step}", handle="bob")
            for reader in there, bob:
                assert (await reader.get(GROUPS))[0]["message"] == f"{step}"
            assert (await there.get("/api/messages/counter"))["count"] == step + 1

        mine, theirs = await counted(one, client), await counted(other, elsewhere)
        assert (mine["hit"], mine["failures"]) == (10, 0)
        assert (theirs["stale"], theirs["failures"]) == (9, 0)


async def test_a_server_that_dies_is_spoilt_and_comes_back_changes_no_answer(
    tmp_path: Path, cache_server: RealServer
) -> None:
    async with serving(tmp_path, cache_server.url) as (platform, client):
        ada, bob = [await signed_up(platform, client, name) for name in ("ada", "bob")]
        await ada.write("one", handle="bob")
        right = await bob.get(GROUPS)
        assert await bob.get(GROUPS) == right
        async with Valkey.from_url(cache_server.url) as spoiler:
            [key] = await spoiler.keys("*")
            sealed = await spoiler.get(key)
            await spoiler.set(key, sealed[:-1] + b"!")
        assert await bob.get(GROUPS) == right
        cache_server.kill()

        assert await bob.get(GROUPS) == right
        await ada.write("two", handle="bob")
        assert (await bob.get(GROUPS))[0]["message"] == "two"
        assert (await counted(platform, client))["failures"] > 0
        cache_server.start()
        assert (await bob.get(GROUPS))[0]["message"] == "two"
