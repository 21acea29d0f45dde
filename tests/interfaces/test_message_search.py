"""Searching conversations over REST."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.interfaces.talking import Member, signed_up
from tests.stores import HOSTILE_URL, eventually

SEARCH = "/api/messages/search"
NOBODYS = "0198f3c2-0000-7000-8000-000000000000"


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def ada(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "ada")


@pytest.fixture
async def bob(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "bob")


async def test_what_is_found_is_what_sending_answered(ada: Member, bob: Member) -> None:
    sent = await ada.write("The lemon cake", handle="bob")

    async def found() -> Any:
        return await bob.get(f"{SEARCH}?q=lemon")

    await eventually(found, [sent])
    group = sent["message_group_uuid"]
    assert await bob.get(f"{SEARCH}?q=lemon&message_group_uuid={group.upper()}") == [sent]
    await ada.ask("DELETE", f"/api/message_groups/{group}/messages/{sent['uuid']}")
    assert await found() == []


async def test_all_that_is_found_is_listed_once_over_pages(ada: Member, bob: Member) -> None:
    group = (await ada.write("pear 0", handle=bob.handle))["message_group_uuid"]
    for number in range(1, 25):
        await ada.write(f"pear {number}", message_group_uuid=group)

    async def listed() -> list[str]:
        texts, path = [], f"{SEARCH}?q=pear&limit=7"
        while path:
            answer = await bob.ask("GET", path)
            texts += [one["message"] for one in answer.json()]
            path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
        return sorted(texts)

    await eventually(listed, sorted(f"pear {number}" for number in range(25)))


@pytest.mark.parametrize(
    ("query", "status", "codes"),
    [
        ("", 422, ["q_invalid"]),
        ("q=", 422, ["q_invalid"]),
        ("q=%20!", 422, ["q_invalid"]),
        (f"q={'x' * 501}", 422, ["q_invalid"]),
        ("q=a+b+c+d+e+f+g+h+i+j+k+l+m", 422, ["q_invalid"]),
        ("q=x&cursor=x", 422, ["cursor_invalid"]),
        ("q=x&limit=101", 422, ["limit_invalid"]),
        ("q=x&message_group_uuid=x", 422, ["message_group_uuid_invalid"]),
        ("q=x&colour=red", 422, None),
        (f"q=x&message_group_uuid={NOBODYS}", 404, None),
    ],
)
async def test_a_bad_search_is_refused(
    ada: Member, bob: Member, query: str, status: int, codes: list[str] | None
) -> None:
    await ada.write("Hello", handle=bob.handle)

    refused = await ada.ask("GET", f"{SEARCH}?{query}")

    assert refused.status_code == status
    assert codes is None or refused.json() == codes


async def test_nobody_searches_without_an_account(
    platform: Platform, nobody: AsyncClient, ada: Member, bob: Member
) -> None:
    await ada.write("Hello", handle=bob.handle)
    key = await platform.keys.create("operator", None, "", actor="test")

    assert (await nobody.get(f"{SEARCH}?q=hello")).status_code == 401
    asked = await nobody.get(f"{SEARCH}?q=hello", headers={"authorization": f"Bearer {key.secret}"})
    assert asked.status_code == 404
