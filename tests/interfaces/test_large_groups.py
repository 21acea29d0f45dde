"""Groups over HTTP that begin with more members than one commit takes in, and removed accounts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.servers import running
from tests.interfaces.talking import Member, signed_up
from tests.stores import HOSTILE_URL, eventually

GROUPS = "/api/message_groups"
NAMES = [f"friend{number}" for number in range(25)]
KEY = {"idempotency-key": "party"}
PARTY = {"handles": NAMES, "title": "Party"}


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


async def crowd(platform: Platform, client: AsyncClient) -> list[Member]:
    return [await signed_up(platform, client, name) for name in NAMES]


async def sizes(members: list[Member], id: str) -> set[int]:
    """How large the group is, as each of these sees it; 0 for one who takes no part."""
    answers = await asyncio.gather(*[one.ask("GET", f"{GROUPS}/{id}") for one in members])
    return {one.json()["size"] if one.status_code == 200 else 0 for one in answers}


async def test_all_members_of_a_large_group_are_soon_there_and_a_repeated_request_adds_none(
    platform: Platform, nobody: AsyncClient
) -> None:
    ada, friends = await signed_up(platform, nobody, "ada"), await crowd(platform, nobody)
    started = await ada.ask("POST", GROUPS, PARTY, **KEY)
    id = started.json()["uuid"]
    written = await ada.ask("POST", "/api/messages", {"message": "Hi", "message_group_uuid": id})

    async with platform.working():
        await eventually(lambda: sizes([ada, *friends], id), {26})
        again = await ada.ask("POST", GROUPS, PARTY, **KEY)

    assert (started.status_code, written.status_code) == (201, 200)
    assert (again.status_code, again.text) == (201, started.text)
    assert again.headers["location"] == started.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    shown = await friends[-1].get(f"/api/messages/{id}")
    assert [one["message"] for one in shown] == ["Hi"]


async def test_of_many_requests_with_one_key_at_once_one_begins_a_group(
    platform: Platform, nobody: AsyncClient
) -> None:
    ada, _ = await signed_up(platform, nobody, "ada"), await crowd(platform, nobody)

    answers = await asyncio.gather(*[ada.ask("POST", GROUPS, PARTY, **KEY) for _ in range(5)])

    assert len({answer.text for answer in answers}) == 1
    other = await ada.ask("POST", GROUPS, {**PARTY, "title": "Ball"}, **KEY)
    assert other.status_code == 422


async def test_the_conversation_of_two_is_answered_again_with_its_key(
    platform: Platform, nobody: AsyncClient
) -> None:
    ada, _ = [await signed_up(platform, nobody, name) for name in ("ada", "bob")]

    first, again = [await ada.ask("POST", GROUPS, {"handles": ["bob"]}, **KEY) for _ in range(2)]

    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert (first.json()["display_name"], first.json()["size"]) == ("Bob", 2)


async def test_a_kill_right_after_the_group_began_leaves_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server that began it reads no subscription, and is killed; the next one reads them."""
    store = f"sqlite:///{tmp_path}/gatherlog.db"
    platform = await start(Settings(store=store, rate_limits="off"))
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        ada, friends = await signed_up(platform, client, "ada"), await crowd(platform, client)
    await platform.stop()
    monkeypatch.setenv("GATHERLOG_WORK", "off")
    async with running(store, ada.session, 1) as [server]:
        assert server.api is not None
        started = await server.api.post(GROUPS, json=PARTY, headers=KEY)
        await server.kill()
    id = started.json()["uuid"]
    assert (started.status_code, started.json()["size"]) == (201, 20)

    monkeypatch.setenv("GATHERLOG_WORK", "on")
    async with running(store, ada.session, 1) as [server]:
        assert server.api is not None
        for one in (ada, *friends):
            one.client = server.api
        again = await server.api.post(GROUPS, json=PARTY, headers=KEY)
        await eventually(lambda: sizes([ada, *friends], id), {26})

    assert again.text == started.text


async def test_when_an_account_is_removed_the_next_member_owns_its_groups(
    platform: Platform, nobody: AsyncClient
) -> None:
    ada, bob, cyd = [await signed_up(platform, nobody, name) for name in ("ada", "bob", "cyd")]
    started = await ada.ask("POST", GROUPS, {"handles": ["bob", "cyd"], "title": "Choir"})
    id = started.json()["uuid"]
    await ada.write("Hello", handle="bob")

    async with platform.working():
        await platform.accounts.remove(ada.account_id, actor="test")
        await eventually(lambda: sizes([bob, cyd], id), {2})

    removed = await bob.ask("DELETE", f"{GROUPS}/{id}/members/@cyd")
    assert removed.status_code == 204
    names = {one["display_name"] for one in await bob.get(GROUPS)}
    assert names == {"Choir", "somebody"}
