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

    is_known = True

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        if id != "1":
            return None
        if not self.is_known:
            return Traces(streams=(f"person-{id}",))
        return Traces(streams=(f"person-{id}",), texts=("Ada",), addresses=("ada@x",))

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        return None


class Interrupted(Exception):
    pass


class Archive:
    """Hears of what becomes blank, and breaks off when it hears of one stream, once."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self.breaks_at = ""

    async def __call__(self, events: Sequence[Recorded]) -> None:
        self.heard += [(event.stream, event.version) for event in events]
        if self.breaks_at in [event.stream for event in events]:
            self.breaks_at = ""
            raise Interrupted


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
def part() -> Part:
    return Part()


@pytest.fixture
def eraser(store: Store, archive: Archive, part: Part) -> Eraser:
    return Eraser(
        store,
        [part],
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
    await say(store, "letter-1", "from ada@x")
    await say(store, "letter-2", "Dear Ada")

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


async def test_of_an_entity_with_a_short_id_only_its_own_answers_are_forgotten(
    store: Store, eraser: Eraser
) -> None:
    await say(store, "door-7", "Ada")
    own = (b'{"id":"7"}', b'{"stream":"door-7","version":1}', b'{"pk":"door#7#stream"}')
    others = (b'{"id":"17"}', b'{"stream":"door-17","version":7}', b'{"pk":"door#17#stream"}')
    for answer in own + others:
        await store.commit(Commit(key=answer.decode(), answer=answer))

    await eraser.erase("entity", "7", by="test")

    assert [await store.recall(one.decode()) for one in own] == [None] * 3
    assert None not in [await store.recall(one.decode()) for one in others]


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


async def finished(eraser: Eraser) -> None:
    """Finish what was broken off, once the store shows that it was begun."""
    await eventually(eraser.finish, 1)


@pytest.mark.parametrize("broken_off_at", ["person-1", "audit-all", "letter-1"])
async def test_what_was_broken_off_is_finished_with_copies_of_copies_and_what_was_sent(
    store: Store, eraser: Eraser, archive: Archive, part: Part, broken_off_at: str
) -> None:
    await say(store, "person-1", "Ada")
    await say(store, "audit-all", "Ada", meta=b'{"rules":["r"],"cause":"person-1@1"}')
    chain = b'{"rules":["r","s"],"cause":"audit-all@1","origin":"person-1@1"}'
    await say(store, "audit-more", "Ada", meta=chain)
    await say(store, "letter-1", "from ada@x")
    archive.breaks_at = broken_off_at
    with pytest.raises(Interrupted):
        await eraser.erase("account", "1", by="test")
    part.is_known = False  # its documents, which hold the address, are gone by then

    await finished(eraser)

    for stream in ("person-1", "audit-all", "audit-more", "letter-1"):
        assert [one.is_blank for one in await events_of(store, stream)] == [True]


async def test_one_that_cannot_be_finished_keeps_no_other_from_being_finished(
    store: Store, eraser: Eraser, archive: Archive
) -> None:
    for id in ("e1", "e2", "e3"):
        await say(store, f"door-{id}", "Ada")
        archive.breaks_at = f"door-{id}"
        with pytest.raises(Interrupted):
            await eraser.erase("entity", id, by="test")

    async def unfinished() -> int:
        return len([one async for one in eraser._erasures("begun", 0)])

    await eventually(unfinished, 3)
    archive.breaks_at = "door-e1"
    with pytest.raises(Interrupted):
        await eraser.finish()

    await eventually(unfinished, 1)
    assert await eraser.finish() == 1


async def test_an_erasure_that_is_done_is_not_finished_once_more(
    store: Store, eraser: Eraser
) -> None:
    for number in range(8):
        await say(store, f"door-e{number}", "Ada")
        await eraser.erase("entity", f"e{number}", by="test")
        assert await eraser.finish() == 0


async def test_what_was_recorded_of_a_person_at_that_moment_goes_with_its_documents(
    store: Store, eraser: Eraser
) -> None:
    await say(store, "person-1", "Ada")
    await eraser.erase("account", "1", by="test")
    await say(store, "person-1", "Ada again")

    await eventually(eraser.look_again, 1)

    assert [one.is_blank for one in await events_of(store, "person-1")] == [True, True]
    assert await scanned(store, PEOPLE.name) == []
