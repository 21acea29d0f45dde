"""Erasing people: afterwards their names stand nowhere, neither in the files nor in a backup."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import CATEGORIES, Platform, start
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.engines import back_up
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.interfaces.moments import until
from tests.stores import HOSTILE_URL, events_of, scanned

NAME = "Quibblefax"
ADDRESS = "zelda@quibblefax.example"


class Spreading:
    """A handler that fails, and says in its failure what it was given."""

    async def __call__(self, delivery: Delivery) -> None:
        raise RuntimeError(f"cannot take {delivery.event.data.decode()}")


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL], ids=["sqlite", "hostile"])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    settings = Settings(store=request.param.format(folder=tmp_path), rate_limits="off")
    platform = await start(settings, handlers={"spreading": Spreading()})
    async with platform.working():
        yield platform
    await platform.stop()


@pytest.fixture
async def api(platform: Platform) -> AsyncIterator[AsyncClient]:
    key = await platform.keys.create("operator", None, "tests", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


async def invited(api: AsyncClient) -> str:
    """A guest who is named in an event, in documents, and in an answer that is stored."""
    guest = {"first_name": "Zelda", "last_name": NAME, "email": ADDRESS, "group_id": "g"}
    made = await api.post("/guests", json=guest, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.text
    id: str = made.json()["id"]
    answer = {"attending": True, "dietary": f"{NAME} eats no nuts"}
    assert (await api.post(f"/guests/{id}/rsvp", json=answer)).status_code == 200
    return id


async def spread(api: AsyncClient, **matches: Any) -> None:
    """Rules that copy events to a stream, to a queue, and to a handler that fails."""
    targets = [
        {"id": "copy", "to": {"kind": "append", "stream": "audit-all"}},
        {"id": "queue", "to": {"kind": "queue", "queue": "later"}},
        {
            "id": "fails",
            "to": {"kind": "handler", "handler": "spreading"},
            "retry": {"attempts": 1, "age": 60},
        },
        {
            "id": "tries",
            "to": {"kind": "handler", "handler": "spreading"},
            "retry": {"attempts": 9, "age": 600, "first_pause": 60, "longest_pause": 60},
        },
    ]
    made = await api.post("/rules", json={"name": "r", "pattern": matches, "targets": targets})
    assert made.status_code == 201, made.text


async def is_spread(platform: Platform) -> bool:
    store = platform.store
    copies = [NAME.encode() in one.data for one in await events_of(store, "audit-all")]
    return any(copies) and all(
        [any(NAME.encode() in (one.body or b"") for one in await scanned(store, view))
         for view in ("queue_message", "dead_letter", "backlog")]
    )  # fmt: skip


async def holding(platform: Platform, text: str) -> list[str]:
    """Where a text stands: in which files of the store, or else in which documents and events."""
    address = platform.settings.address
    if address.is_lasting:
        path = Path(platform.settings.store.removeprefix("sqlite:///"))
        copy = path.with_name("copy.db")
        back_up(platform.settings.store, copy)
        found = [one for one in path.parent.rglob("*") if one.is_file()]
        names = sorted(one.name for one in found if text.encode() in one.read_bytes())
        copy.unlink()
        return names
    data = platform.store.engine.data  # type: ignore[attr-defined]
    documents = [ref for ref, one in data.documents.items() if text.encode() in (one.body or b"")]
    events = [stream for stream, some in data._streams.items()
              if any(text.encode() in one.data + one.meta for one in some)]  # fmt: skip
    keys = [key for key, one in data.keys.items() if text.encode() in one.answer]
    return [*map(str, documents), *events, *keys]


async def flaws(platform: Platform) -> list[Any]:
    return [one async for one in verify(platform.store, CATEGORIES)]


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
