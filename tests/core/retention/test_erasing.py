"""Erasing: what is told of, what is deleted, and what is left alone, on every kind of engine."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Append, Change, Codec, Commit, Event, Recorded, Store, View, event_type
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.queues.documents import MESSAGES, Message
from gatherlog.core.queues.queue_store import QueueStore
from gatherlog.core.retention import ERASING_CATEGORY, Eraser, Kind, Traces
from gatherlog.testing import CountingIds
from tests.contracts.engines import ENGINES, Place
from tests.core.retention.killed_child import START, VIEWS, clock
from tests.stores import events_of, eventually, scanned


@event_type("tests.named")
class Named(msgspec.Struct, frozen=True):
    name: str


class Person(msgspec.Struct, frozen=True):
    name: str


PEOPLE = View("person", Person)


class Naming:
    """A document for each stream."""

    views: tuple[View[Any], ...] = (PEOPLE,)

    def keys(self, happened: Any) -> list[Any]:
        return [PEOPLE.ref(happened.stream)]

    def evolve(self, documents: Any, happened: Any) -> list[Change]:
        return [Change(PEOPLE, happened.stream, Person(happened.payload.name))]


CATEGORY = Category("person", Codec([Named]), Naming())


class Part:
    """An app that knows the person `1`, whose stream is `person-1`."""

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        return Traces(streams=(f"person-{id}",), texts=("Ada",)) if id == "1" else None

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        return None


class Archive:
    """Hears of what becomes blank."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    async def __call__(self, events: Sequence[Recorded]) -> None:
        self.heard += [(event.stream, event.version) for event in events]


@pytest.fixture(params=["memory", "sqlite", "hostile"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    [engine] = [engine for engine in ENGINES if engine.name == request.param]
    place = Place(engine, tmp_path)
    yield await place.open(*VIEWS, PEOPLE)
    await place.close()


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def eraser(store: Store, archive: Archive) -> Eraser:
    return Eraser(
        store,
        [Part()],
        [CATEGORY, ERASING_CATEGORY],
        owned=["person"],
        searched=["letter"],
        on_blanked=[archive],
        clock=clock,
        ids=CountingIds(),
    )


async def say(store: Store, stream: str, name: str, *, meta: bytes = b"{}") -> None:
    """Append an event with a name, and make the document of it where it is of a person."""
    data = msgspec.json.encode(Named(name))
    event = Event(f"{stream}-{name}", "tests.named", START, START, data, meta=meta)
    writes = []
    if stream.startswith("person-"):
        writes = [PEOPLE.write(stream, stream, Person(name))]
    done = await store.commit(Commit(appends=[Append(stream, [event])], writes=writes))
    [(partition, position)] = done.positions.items()

    async def is_shown() -> bool:
        return (await store.heads())[partition] >= position

    await eventually(is_shown, True)


async def test_events_documents_and_copies_of_a_person_are_gone_and_no_others(
    store: Store, eraser: Eraser, archive: Archive
) -> None:
    for id, name in (("1", "Ada"), ("1", "Ada L."), ("2", "Bob")):
        await say(store, f"person-{id}", name)
    await say(store, "audit-all", "Ada", meta=b'{"rules":["r"],"cause":"person-1@1"}')
    await say(store, "audit-all", "Bob", meta=b'{"rules":["r"],"cause":"person-2@1"}')
    await say(store, "letter-1", "Dear Ada")
    await say(store, "letter-2", "Dear Bob")

    erased = await eraser.erase("account", "1", by="test")

    assert erased.events == 4
    told = [("person-1", 1), ("person-1", 2), ("audit-all", 1), ("letter-1", 1)]
    assert sorted(set(archive.heard)) == sorted(told)
    assert [one.is_blank for one in await events_of(store, "audit-all")] == [True, False]
    assert [one.is_blank for one in await events_of(store, "person-2")] == [False]
    assert [one.is_blank for one in await events_of(store, "letter-2")] == [False]
    assert [one.id for one in await scanned(store, PEOPLE.name)] == ["person-2"]
    assert [one async for one in verify(store, [CATEGORY, ERASING_CATEGORY])] == []


async def test_messages_of_queues_about_a_person_are_emptied(store: Store, eraser: Eraser) -> None:
    await say(store, "person-1", "Ada")
    for id, stream in (("m1", "person-1"), ("m2", "person-2")):
        message = Message(
            queue="q", id=id, stream=stream, subject="", version=1, sent_at=START,
            content=msgspec.Raw(b'{"name":"Ada"}'),
        )  # fmt: skip
        write = QueueStore.write(MESSAGES, f"q/{id}", 0, message)
        await store.commit(Commit(writes=[write]))

    await eraser.erase("account", "1", by="test")

    found = {one.id: MESSAGES.read(one) for one in await scanned(store, MESSAGES.name)}
    contents = {id: bytes(one.content) for id, one in found.items() if one is not None}
    assert contents == {"q/m1": b"null", "q/m2": b'{"name":"Ada"}'}


async def test_stored_answers_that_name_the_person_are_forgotten(
    store: Store, eraser: Eraser
) -> None:
    await say(store, "person-1", "Ada")
    for key, answer in (("k1", b'{"name":"Ada"}'), ("k2", b'{"name":"Bob"}')):
        await store.commit(Commit(key=key, answer=answer))

    await eraser.erase("account", "1", by="test")

    assert await store.recall("k1") is None
    assert await store.recall("k2") is not None


async def test_copies_that_were_under_way_are_looked_for_again_once(
    store: Store, eraser: Eraser
) -> None:
    await say(store, "person-1", "Ada")
    await eraser.erase("account", "1", by="test")
    await say(store, "audit-all", "Ada", meta=b'{"rules":["r"],"cause":"person-1@1"}')

    async def looked_at() -> int:
        return await eraser.look_again()

    await eventually(looked_at, 1)
    assert await looked_at() == 0
    assert [one.is_blank for one in await events_of(store, "audit-all")] == [True]


async def test_what_is_recorded_of_an_entity_after_it_was_erased_is_new_with_its_copies(
    store: Store, eraser: Eraser
) -> None:
    await say(store, "door-e1", "Ada")
    await eraser.erase("entity", "e1", by="test")
    await say(store, "door-e1", "Bob")
    for version, name in ((1, "Ada"), (2, "Bob")):
        cause = f'{{"rules":["r"],"cause":"door-e1@{version}"}}'
        await say(store, "audit-all", name, meta=cause.encode())

    async def looked_at() -> int:
        return await eraser.look_again()

    await eventually(looked_at, 1)
    assert [one.is_blank for one in await events_of(store, "door-e1")] == [True, False]
    assert [one.is_blank for one in await events_of(store, "audit-all")] == [True, False]
