"""Searching on servers as processes of their own, which follow the log of one store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, open_platform, start
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.settings import Settings
from tests.interfaces.graphql.asking import People
from tests.interfaces.graphql.real_server import real_server
from tests.interfaces.graphql.sample_town import Town, content
from tests.stores import eventually

QUERY = {"query": '{ findThingsToDo(search: "frogs") { totalCount edges { node { name } } } }'}


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/gatherlog.db"


@pytest.fixture
async def platform(store: str) -> AsyncIterator[Platform]:
    """The process that writes; it searches nothing."""
    await (await start(Settings(store=store))).stop()
    platform = await open_platform(Settings(store=store))
    yield platform
    await platform.stop()


@pytest.fixture
async def town(platform: Platform) -> Town:
    return Town(platform.things, await People.signed_in(platform))


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient() as client:
        yield client


async def found(client: AsyncClient, url: str) -> list[str] | str:
    """The names that a server finds, or the code of its error."""
    answer = (await client.post(f"{url}/graphql/guest", json=QUERY)).json()
    if "errors" in answer:
        return answer["errors"][0]["extensions"]["code"]  # type: ignore[no-any-return]
    return [edge["node"]["name"] for edge in answer["data"]["findThingsToDo"]["edges"]]


async def finds(client: AsyncClient, url: str, names: list[str]) -> None:
    """Wait until a server finds these names."""
    await eventually(lambda: found(client, url), names)


async def test_two_servers_find_what_a_third_process_publishes_within_half_a_second(
    store: str, town: Town, client: AsyncClient
) -> None:
    """Of three changes, the one that was least disturbed by what else the machine does counts."""
    pending = [await town.pending(content(name="Frogs")) for _ in range(3)]
    taken = []
    async with real_server(store) as one, real_server(store) as other:
        await asyncio.gather(*(finds(client, url, []) for url in (one, other)))
        for number, thing in enumerate(pending, 1):
            await town.service.approve(thing.id, town.people.rita.id, actor="cli")
            approved = system_clock()
            await asyncio.gather(*(finds(client, url, ["Frogs"] * number) for url in (one, other)))
            taken.append(system_clock() - approved)

    assert min(taken) < 500_000


async def test_a_server_finds_its_index_again_beside_the_store(
    store: str, town: Town, client: AsyncClient, tmp_path: Path
) -> None:
    await town.published(content(name="Frogs"))
    async with real_server(store) as url:
        await finds(client, url, ["Frogs"])
    place = tmp_path / "gatherlog.db.search" / "0" / "meta.json"
    indexed = place.read_bytes()

    async with real_server(store) as url:
        await finds(client, url, ["Frogs"])

    assert place.read_bytes() == indexed
