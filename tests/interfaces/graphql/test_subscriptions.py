"""The subscription of the places left, as a public client library reads it from a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.interfaces.graphql.asking import People
from tests.interfaces.graphql.node_clients import FOLDER, NEEDS_NODE, node
from tests.interfaces.graphql.real_server import real_server
from tests.interfaces.graphql.sample_town import DAY, Town, content

SUBSCRIBE = """subscription P($id: ID!, $date: AWSDate!) {
  placesLeft(id: $id, date: $date) { date left waiting }
}"""
STREAM = {"accept": "text/event-stream"}


class Served:
    """A server with a town, and a platform on the same store to change it with."""

    def __init__(self, url: str, platform: Platform, people: People) -> None:
        self.url = f"{url}/graphql/user"
        self.people = people
        self.town = Town(platform.things, people)
        self.signed = {"authorization": f"Bearer {people.pia.secret}"}

    @staticmethod
    def body(id: str) -> dict[str, Any]:
        return {"query": SUBSCRIBE, "variables": {"id": id, "date": DAY}}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    store = f"sqlite:///{tmp_path}/gatherlog.db"
    platform = await start(Settings(store=store, rate_limits="off"))
    people = await People.signed_in(platform)
    async with real_server(store) as url:
        yield Served(url, platform, people)
    await platform.stop()


async def events(client: AsyncClient, served: Served, id: str) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream: their names and data."""
    headers = {**served.signed, **STREAM}
    async with client.stream("POST", served.url, json=served.body(id), headers=headers) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data:"):
                text = line.removeprefix("data:").strip()
                yield name, json.loads(text) if text else None


def left(number: int | None, waiting: int = 0) -> dict[str, Any]:
    return {"data": {"placesLeft": {"date": DAY, "left": number, "waiting": waiting}}}


async def test_the_places_are_told_at_once_and_whenever_they_change(served: Served) -> None:
    thing = await served.town.published(content(capacity=3))
    async with AsyncClient() as client:
        told = events(client, served, thing.id)
        first = await anext(told)
        await served.town.book(thing, "paul", people=2)
        second = await anext(told)
        await told.aclose()  # type: ignore[attr-defined]

    assert [first, second] == [("next", left(3)), ("next", left(1))]


async def test_it_ends_with_the_reason_when_the_thing_is_withdrawn(served: Served) -> None:
    thing = await served.town.published(content(capacity=3))
    async with AsyncClient() as client:
        told = events(client, served, thing.id)
        await anext(told)
        olga = served.people.olga.id
        await served.town.service.withdraw_thing(thing.id, "closed", olga, actor="cli")
        rest = [one async for one in told]

    (name, result), end = rest
    assert (name, result["data"], end) == ("next", {"placesLeft": None}, ("complete", None))
    assert result["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_a_draft_ends_at_once_as_what_does_not_exist(served: Served) -> None:
    draft = await served.town.draft()
    missing = "0198f3c2-0000-7000-8000-000000000000"
    async with AsyncClient() as client:
        hidden = [one async for one in events(client, served, draft.id)]
        nothing = [one async for one in events(client, served, missing)]

    assert str(hidden).replace(draft.id, "…") == str(nothing).replace(missing, "…")
    assert [name for name, _ in hidden] == ["next", "complete"]


async def test_a_query_is_streamed_as_one_result(served: Served) -> None:
    body = {"query": "{ __typename }"}
    async with AsyncClient() as client:
        answer = await client.post(served.url, json=body, headers={**served.signed, **STREAM})

    assert answer.text == (
        'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n'
    )


@NEEDS_NODE
@pytest.mark.timeout(180)
async def test_a_public_client_library_reads_it(served: Served) -> None:
    thing = await served.town.published(content(capacity=3))
    variables = json.dumps({"id": thing.id, "date": DAY})
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(node),
        *(str(FOLDER / "subscribe.mjs"), served.url, served.people.pia.secret),
        *(SUBSCRIBE, variables),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = []
    for people in (1, 2):
        lines.append(json.loads(await process.stdout.readline()))
        await served.town.book(thing, ("pia", "paul")[people - 1], people=people)
    lines.append(json.loads(await process.stdout.readline()))
    await served.town.service.withdraw_thing(thing.id, "closed", served.people.olga.id, actor="cli")
    rest, _ = await process.communicate()

    assert lines == [left(3), left(2), left(0)]
    assert json.loads(rest)["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    assert process.returncode == 0
