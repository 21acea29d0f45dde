"""Erasing guests and entities: their names stand nowhere, neither in files nor in a backup."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import NotFound
from tests.interfaces.erasing.traces import NAME, flaws, holding, invited, is_spread, spread
from tests.interfaces.moments import until
from tests.stores import events_of


async def test_nothing_is_left_of_a_guest_but_ids(api: AsyncClient, platform: Platform) -> None:
    await spread(api, log=["gathering"])
    id = await invited(api)
    await until(lambda: is_spread(platform))
    assert await holding(platform, NAME) != []

    erased = await platform.eraser.erase("guest", id, by="test")

    assert erased.events > 4
    assert await holding(platform, NAME) == []
    assert await holding(platform, "quibblefax.example") == []
    assert (await api.get(f"/guests/{id}")).status_code == 404
    assert await flaws(platform) == []


async def test_a_copy_of_a_copy_is_found(api: AsyncClient, platform: Platform) -> None:
    append = {"kind": "append", "stream": "audit-two"}
    await spread(api, log=["gathering"])
    more = {"name": "r2", "pattern": {"log": ["audit"]}, "targets": [{"to": append}]}
    assert (await api.post("/rules", json=more)).status_code == 201
    id = await invited(api)

    async def is_copied() -> bool:
        return any(
            NAME.encode() in one.data for one in await events_of(platform.store, "audit-two")
        )

    await until(is_copied)
    await until(lambda: is_spread(platform))

    await platform.eraser.erase("guest", id, by="test")

    assert await holding(platform, NAME) == []


async def test_erasing_twice_does_no_harm_and_says_so(api: AsyncClient, platform: Platform) -> None:
    id = await invited(api)

    first = await platform.eraser.erase("guest", id, by="test")
    again = await platform.eraser.erase("guest", id, by="test")

    assert (first.was_erased_at, again.events) == (None, 0)
    assert again.was_erased_at is not None
    assert await flaws(platform) == []


async def test_a_guest_who_was_removed_before_is_erased(
    api: AsyncClient, platform: Platform
) -> None:
    id = await invited(api)
    await api.delete(f"/guests/{id}")
    stream = "gathering-default"

    async def is_readable() -> bool:
        events = await events_of(platform.store, stream)
        heads = await platform.store.heads()
        return heads[events[-1].partition] >= events[-1].position

    await until(is_readable)

    await platform.eraser.erase("guest", id, by="test")

    assert await holding(platform, NAME) == []


async def test_a_guest_of_a_gathering_that_was_removed_is_erased(
    api: AsyncClient, platform: Platform
) -> None:
    made = (await api.post("/gatherings", json={"event_name": "Picnic"})).json()
    place = f"/gatherings/{made['id']}"
    guest = {"first_name": "Zelda", "last_name": NAME, "group_id": NAME.lower()}
    id = (await api.post(f"{place}/guests", json=guest)).json()["id"]
    await api.post(f"{place}/guests", json={"first_name": "Ben", "last_name": "Other"})
    assert (await api.delete(place)).status_code == 204

    await platform.eraser.erase("guest", id, by="test")

    assert await holding(platform, NAME) == []
    assert await flaws(platform) == []


async def test_a_guest_who_answers_at_that_moment_is_erased_too(
    api: AsyncClient, platform: Platform
) -> None:
    id = await invited(api)
    answers = []

    async def keep_answering() -> None:
        for number in range(200):
            text = {"attending": bool(number % 2), "dietary": f"{NAME} {number}"}
            answers.append((await api.post(f"/guests/{id}/rsvp", json=text)).status_code)
            if answers[-1] == 404:
                return

    await asyncio.gather(keep_answering(), platform.eraser.erase("guest", id, by="test"))

    assert answers[-1] == 404
    assert set(answers) == {200, 404}
    assert await holding(platform, NAME) == []
    assert await flaws(platform) == []


async def test_other_guests_of_the_household_keep_everything(
    api: AsyncClient, platform: Platform
) -> None:
    id = await invited(api)
    other = {"first_name": "Ben", "last_name": "Other", "group_id": "g"}
    kept = (await api.post("/guests", json=other)).json()

    await platform.eraser.erase("guest", id, by="test")

    assert (await api.get(f"/guests/{kept['id']}")).json() == kept
    members = [one["id"] for one in (await api.get("/groups/g")).json()]
    assert members == [kept["id"]]
    stats = (await api.get("/admin/stats")).json()
    assert (stats["total_guests"], stats["totalComing"]) == (1, 0)
    assert await flaws(platform) == []


@pytest.mark.parametrize("kind", ["guest", "account", "entity"])
async def test_whom_nobody_knows_is_not_found(platform: Platform, kind: Any) -> None:
    with pytest.raises(NotFound, match=f"no {kind}"):
        await platform.eraser.erase(kind, "0198f3c2-7a10-7000-8000-00000000dead", by="test")


async def test_an_entity_is_erased_from_every_log_and_what_comes_later_is_new(
    api: AsyncClient, platform: Platform
) -> None:
    for log in ("doors", "lamps"):
        item = {"type": "opened", "payload": {"id": "e-7", "by": NAME}}
        assert (await api.post(f"/logs/{log}", json=item)).status_code == 201
        item["payload"] = {"id": "e-8", "by": "another"}
        assert (await api.post(f"/logs/{log}", json=item)).status_code == 201

    async def are_seen() -> bool:
        page = await platform.store.heads()
        last = [(await events_of(platform.store, f"{log}-e-7"))[-1] for log in ("doors", "lamps")]
        return all(page[one.partition] >= one.position for one in last)

    await until(are_seen)

    assert (await platform.eraser.erase("entity", "e-7", by="test")).events == 2

    assert await holding(platform, NAME) == []
    assert await holding(platform, "another") != []
    item = {"type": "opened", "payload": {"id": "e-7", "by": "a new one"}}
    await api.post("/logs/doors", json=item)
    blank = [one.is_blank for one in await events_of(platform.store, "doors-e-7")]
    assert blank == [True, False]


class Killed(Exception):
    pass


async def test_an_erasure_that_was_broken_off_is_finished(
    api: AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await invited(api)

    async def die(*given: Any) -> int:
        raise Killed

    monkeypatch.setattr(type(platform.eraser), "_blank_copies", die)
    with pytest.raises(Killed):
        await platform.eraser.erase("guest", id, by="test")
    monkeypatch.undo()

    async def finished() -> bool:
        return await platform.eraser.finish() == 1

    await until(finished)

    async def is_over() -> bool:
        return await platform.eraser.finish() == 0

    await until(is_over)
    assert await holding(platform, NAME) == []
