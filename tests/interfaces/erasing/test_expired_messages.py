"""Messages expire on a site: nobody reads or finds their texts, and files do not hold them."""

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.clock import system_clock
from tests.interfaces.erasing.traces import flaws, holding
from tests.interfaces.talking import Member, signed_up
from tests.stores import events_of, eventually

DAYS = 30


@pytest.fixture
async def zelda(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "zelda")


async def test_texts_are_neither_read_nor_found_nor_in_the_files(
    api: AsyncClient,
    platform: Platform,
    nobody: AsyncClient,
    zelda: Member,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben = await signed_up(platform, nobody, "benedict")
    group = (await zelda.write("a zygomorphic flower", handle="benedict"))["message_group_uuid"]

    async def found() -> int:
        answer = await ben.ask("GET", "/api/messages/search?q=zygomorphic")
        return len(answer.json()) if answer.status_code == 200 else -1

    await eventually(found, 1)
    rule = {"log": "conversation", "type": "messages.sent", "days": DAYS}
    assert (await api.put("/retention/messages", json=rule)).status_code in (200, 201)
    later = (DAYS + 1) * 24 * 3600 * 1_000_000
    monkeypatch.setattr(platform.expiry, "_clock", lambda: system_clock() + later)

    async def blank() -> int:
        await platform.expiry.go_round(documents=True)
        events = await events_of(platform.store, f"conversation-{group}")
        return sum(event.is_blank for event in events)

    await eventually(blank, 1)

    await eventually(found, 0)
    await eventually(lambda: holding(platform, "zygomorphic"), [])
    assert [one["message"] for one in await ben.get(f"/api/messages/{group}?peek=true")] == [""]
    assert (await ben.get("/api/messages/counter"))["count"] == 1
    assert await flaws(platform) == []
