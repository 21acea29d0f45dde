"""Erasing entities whose records came in by a request, from a file, and by a queue."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.intake import IntakeService
from gatherlog.bootstrap import Platform
from gatherlog.entrypoints.record_lines import parts_of
from tests.apps.intake.made_up import record
from tests.interfaces.erasing.traces import NAME, flaws, holding, is_spread, spread
from tests.interfaces.moments import until
from tests.stores import events_of, eventually, scanned

LOG, ENTITY, QUEUE = "doors", "e-7", "incoming"
JSON = {"content-type": "application/json"}


def about(entity: str = ENTITY, name: str = NAME, **fields: Any) -> bytes:
    return record(ID=entity, EmitterId=f"phone of {name}", Data={"by": name}, **fields)


async def sent(api: AsyncClient, *, key: str = "k1", **fields: Any) -> None:
    """A record about the entity comes by a request, whose answer is kept."""
    headers = {**JSON, "Idempotency-Key": key}
    answer = await api.post(f"/intake?log={LOG}", content=about(**fields), headers=headers)
    assert answer.json()["accepted"] == 1, answer.text


async def from_file(intake: IntakeService, file: Path, *lines: bytes) -> None:
    file.write_bytes(b"\n".join(lines))
    with file.open("rb") as opened:
        for part in parts_of(opened):
            await intake.take(LOG, [intake.read(line.text or b"") for line in part], by="cli")
    file.unlink()


async def queued(api: AsyncClient, body: bytes) -> None:
    answer = await api.post(
        f"/queues/{QUEUE}/messages", content=b'{"body":' + body + b"}", headers=JSON
    )
    assert answer.status_code == 201, answer.text


async def found(api: AsyncClient, **query: str) -> list[str]:
    page = (await api.get("/intake", params={"log": LOG, **query})).json()
    return [one["EventID"] for one in page]


async def by_every_way(api: AsyncClient, platform: Platform, folder: Path) -> None:
    """The entity has come in by a request, from a file and by a queue, and waits in the queue."""
    await sent(api, EventID="by-request")
    await from_file(platform.intake, folder / "in.jsonl", about(EventID="by-file"))
    await queued(api, about(EventID="by-queue"))
    while not await platform.queue_intake.take(QUEUE, LOG):
        await asyncio.sleep(0)
    await queued(api, about(EventID="bad", Timestamp="never"))
    while not await platform.queue_intake.take(QUEUE, LOG):
        await asyncio.sleep(0)
    await queued(api, about(EventID="waits"))
    emitter = f"phone of {NAME}"
    await eventually(lambda: found(api, emitter=emitter), ["by-request", "by-file", "by-queue"])


async def left(platform: Platform) -> list[str]:
    """Where the name stands, once what was under way is erased, too."""
    await platform.eraser.erase("entity", ENTITY, by="test")
    return await holding(platform, NAME)


async def test_nothing_is_left_of_an_entity_however_it_came_in(
    api: AsyncClient, platform: Platform, tmp_path: Path
) -> None:
    await spread(api, log=[LOG])
    await by_every_way(api, platform, tmp_path)
    await until(lambda: is_spread(platform))
    await sent(api, key="k2", entity="e-8", name="another", EventID="other")
    assert await holding(platform, NAME) != []

    erased = await platform.eraser.erase("entity", ENTITY, by="test")

    assert erased.events >= 3
    assert await found(api, id=ENTITY) == []
    await eventually(lambda: found(api), ["other"])
    await eventually(lambda: left(platform), [])
    assert await holding(platform, "another") != []
    assert await flaws(platform) == []


async def test_a_record_of_an_erased_entity_that_is_sent_again_is_not_taken_twice(
    api: AsyncClient, platform: Platform
) -> None:
    await sent(api, EventID="a")
    await platform.eraser.erase("entity", ENTITY, by="test")

    again = await api.post(f"/intake?log={LOG}", content=about(EventID="a"), headers=JSON)
    other = await api.post(f"/intake?log={LOG}", content=about(EventID="b"), headers=JSON)

    assert (again.json()["repeated"], other.json()["accepted"]) == (1, 1)
    assert await found(api, id=ENTITY) == ["b"]
    assert await flaws(platform) == []


async def test_what_waits_in_a_queue_about_an_erased_entity_is_empty_and_dies(
    api: AsyncClient, platform: Platform
) -> None:
    await sent(api, EventID="a")
    await queued(api, about(EventID="b"))
    await queued(api, about("e-77", "another", EventID="c"))

    await platform.eraser.erase("entity", ENTITY, by="test")

    taken = 0
    while taken < 2:
        taken += await platform.queue_intake.take(QUEUE, LOG)
        await asyncio.sleep(0)
    assert [one.version for one in await events_of(platform.store, f"{LOG}-e-77")] == [1]
    messages = await scanned(platform.store, "queue_message")
    assert sum(b'"died_at":1' in (one.body or b"") for one in messages) == 1
    assert await holding(platform, NAME) == []


async def test_records_that_are_sent_at_that_moment_are_erased_or_new(
    api: AsyncClient, platform: Platform
) -> None:
    await sent(api, key="k", EventID="0")

    async def keep_sending() -> None:
        for number in range(1, 40):
            await sent(api, key=f"k{number}", EventID=str(number))

    await asyncio.gather(keep_sending(), platform.eraser.erase("entity", ENTITY, by="test"))
    await platform.eraser.erase("entity", ENTITY, by="test")

    events = await events_of(platform.store, f"{LOG}-{ENTITY}")
    assert [one.is_blank for one in events] == [True] * 40
    assert await holding(platform, NAME) == []
    assert await flaws(platform) == []


@pytest.mark.parametrize("days", [1, 30])
async def test_a_rule_may_let_records_expire(api: AsyncClient, days: int) -> None:
    rule = {"log": LOG, "type": "METER_READ", "days": days}

    assert (await api.put("/retention/records", json=rule)).status_code in (200, 201)
