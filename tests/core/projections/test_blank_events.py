"""Rebuild and verify, where some events are blank: each category says what these do."""

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import (
    DELETE,
    Change,
    Codec,
    CommandHandler,
    Decided,
    Happened,
    Ref,
    Store,
    UnitOfWork,
    View,
    event_type,
)
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.rebuild import Difference, rebuild, repair_streams, verify
from gatherlog.testing import CountingIds
from tests.contracts.engines import ENGINES, Place
from tests.stores import events_of


@event_type("tests.note_written")
class NoteWritten(msgspec.Struct, frozen=True):
    text: str = ""


@event_type("tests.note_lengthened")
class NoteLengthened(msgspec.Struct, frozen=True):
    text: str


@event_type("tests.note_removed")
class NoteRemoved(msgspec.Struct, frozen=True):
    pass


class Note(msgspec.Struct, frozen=True):
    text: str


NOTES = View("note", Note, by_all=lambda note: ("all", note.text))


class Noting:
    """A document for each subject. A text is lengthened only where there is one."""

    views: tuple[View[Any], ...] = (NOTES,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [NOTES.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        before = documents[NOTES.ref(happened.subject)]
        match happened.payload:
            case NoteWritten(text):
                return [Change(NOTES, happened.subject, Note(text))]
            case NoteLengthened(text):
                return [Change(NOTES, happened.subject, Note(before.text + text))]
        return [Change(NOTES, happened.subject, DELETE)]


CODEC = Codec([NoteWritten, NoteLengthened, NoteRemoved])
ERASING = Category("book", CODEC, Noting())
EXPIRING = Category(
    "book",
    CODEC,
    Noting(),
    blank_as=lambda event: NoteWritten() if event.type == "tests.note_written" else None,
    erases_subjects=False,
)
STORY = [
    Decided(NoteWritten("one"), "a"),
    Decided(NoteWritten("two"), "b"),
    Decided(NoteLengthened(" and more"), "a"),
    Decided(NoteRemoved(), "a"),
]


@pytest.fixture(params=["memory", "sqlite", "hostile"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    [engine] = [engine for engine in ENGINES if engine.name == request.param]
    place = Place(engine, tmp_path)
    yield await place.open(NOTES)
    await place.close()


async def told(store: Store, story: list[Decided]) -> None:
    handler = CommandHandler(store, CODEC, Noting(), clock=lambda: 1, ids=CountingIds())

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        return story

    await handler.handle("book-1", attempt)


async def blank(store: Store, *versions: int) -> None:
    events = await events_of(store, "book-1")
    chosen = [events[version - 1] for version in versions]
    await store.blank(chosen[0].partition, [event.position for event in chosen])


async def flaws(store: Store, category: Category) -> list[tuple[str, str]]:
    found: list[Difference] = [one async for one in verify(store, [category])]
    return sorted((one.id, one.what) for one in found)


async def text_of(store: Store, id: str) -> str | None:
    [document] = await store.get([NOTES.ref(id)])
    note = NOTES.read(document)
    return None if note is None else note.text


@pytest.mark.parametrize("versions", [(1,), (1, 3), (1, 3, 4)])
async def test_a_subject_whose_first_event_is_blank_has_no_documents(
    store: Store, versions: tuple[int, ...]
) -> None:
    await told(store, STORY)
    await blank(store, *versions)

    assert await flaws(store, ERASING) == []
    assert [await text_of(store, id) for id in "ab"] == [None, "two"]


async def test_a_rebuild_brings_nobody_back_whose_events_are_becoming_blank(store: Store) -> None:
    await told(store, STORY[:3])
    await blank(store, 1)

    found = [(one.id, one.what) async for one in rebuild(store, [ERASING])]

    assert found == [("a", "orphan")]
    assert await flaws(store, ERASING) == []


async def test_an_expired_event_is_folded_as_its_category_says(store: Store) -> None:
    await told(store, STORY[:3])
    await blank(store, 2)
    assert await flaws(store, EXPIRING) == [("b", "body")]

    await repair_streams(store, EXPIRING, ["book-1"])

    assert await flaws(store, EXPIRING) == []
    assert [await text_of(store, id) for id in "ab"] == ["one and more", ""]


async def test_an_expired_event_that_is_folded_as_nothing_changes_nothing(store: Store) -> None:
    await told(store, STORY[:3])
    await blank(store, 3)

    await repair_streams(store, EXPIRING, ["book-1"])

    assert [await text_of(store, id) for id in "ab"] == ["one", "two"]
