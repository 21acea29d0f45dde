"""What the services of all apps share: commands that name their actor, and pages of documents."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core import (
    Append,
    Change,
    Codec,
    CommandHandler,
    Commit,
    Decided,
    Event,
    Happened,
    Limits,
    Once,
    Ref,
    Store,
    UnitOfWork,
    View,
    event_type,
)
from gatherlog.core.commands.service import (
    Listing,
    Repeated,
    Stored,
    about,
    check_version,
    listing,
    no_such,
    outcome,
    read,
    run,
    search,
    stored,
)
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.store import Page, Query
from gatherlog.engines import open_store
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import CountingIds, StandingClock, run_instantly
from tests.stores import events_of


@event_type("tests.note_written")
class NoteWritten(msgspec.Struct, frozen=True):
    text: str


class Note(msgspec.Struct, frozen=True):
    text: str


NOTES = View("note", Note, by_all=lambda note: ("all", note.text))


class Notes:
    """One document for each subject."""

    views: tuple[View[Any], ...] = (NOTES,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [NOTES.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        yield Change(NOTES, happened.subject, Note(happened.payload.text))


@pytest.fixture(params=["memory:", "hostile:1"])
async def store(request: pytest.FixtureRequest) -> Store:
    return await open_store(request.param, views=Notes.views)


def handler(store: Store) -> CommandHandler:
    codec = Codec([NoteWritten])
    return CommandHandler(store, codec, Notes(), clock=StandingClock(), ids=CountingIds())


async def attempt(unit: UnitOfWork) -> list[Decided]:
    return about("n1", [NoteWritten("first"), NoteWritten("second")])


async def test_the_events_of_a_command_name_its_actor_beside_more(store: Store) -> None:
    await run(handler(store), "notes-1", attempt, actor="cli", more={"import": "f00d"})

    events = await events_of(store, "notes-1")
    assert [(event.subject, msgspec.json.decode(event.meta)) for event in events] == [
        ("n1", {"import": "f00d", "actor": "cli"})
    ] * 2


async def test_the_outcome_is_the_document_as_the_command_left_it(store: Store) -> None:
    handled = await run(handler(store), "notes-1", attempt, actor="cli")

    assert outcome(handled, NOTES, "n1") == Stored(Note("second"), 2)


async def test_a_command_with_a_key_that_was_used_is_repeated(store: Store) -> None:
    once = Once("k", b"f", lambda handled: b"%d events" % len(handled.events))
    await run(handler(store), "notes-1", attempt, actor="cli", once=once)

    with pytest.raises(Repeated) as repeated:
        await run(handler(store), "notes-1", attempt, actor="cli", once=once)

    assert repeated.value.answer == b"2 events"
    assert len(await events_of(store, "notes-1")) == 2


async def test_a_document_has_to_be_at_the_expected_version(store: Store) -> None:
    await run(handler(store), "notes-1", attempt, actor="cli")
    unit = UnitOfWork(store, Codec([NoteWritten]), 0)
    await unit.get(NOTES, "n1")

    check_version(unit, NOTES, "n1", None)
    check_version(unit, NOTES, "n1", 2)
    with pytest.raises(Conflict, match=r"^document 'note/n1' is at version 2, not 1$"):
        check_version(unit, NOTES, "n1", 1)


def test_an_id_that_names_nothing_is_named_in_the_error() -> None:
    assert str(no_such("note", "n1")) == "there is no note 'n1'"


async def test_a_document_is_read_by_its_id(store: Store) -> None:
    await run(handler(store), "notes-1", attempt, actor="cli")

    assert await read(store, NOTES, "n1") == Note("second")
    assert await read(store, NOTES, "n2") is None


async def test_documents_without_a_body_are_left_out(store: Store) -> None:
    event = Event("e1", "tests.nothing", 1, 1, b"{}")
    note = NOTES.write("n1", "notes-1", Note("a"))
    counter = NOTES.write("n2", "notes-1", adds={"reads": 1})
    await store.commit(Commit(appends=[Append("notes-1", [event])], writes=[note, counter]))

    documents = await store.get([NOTES.ref(id) for id in ("n1", "n2", "n3")])

    assert stored(NOTES, documents) == [Stored(Note("a"), 1)]


async def full_store(texts: list[str], page: int) -> Store:
    """A store that reads at most `page` documents at once, with a note for each text."""
    store = MemoryStore(Notes.views, limits=Limits(page=page))
    for number, text in enumerate(texts):
        await store.commit(
            Commit(writes=[NOTES.write(f"n{number:03}", "notes-1", Note(text), at=1)])
        )
    return store


async def test_a_listing_has_no_more_documents_than_the_store_reads_at_once() -> None:
    store = await full_store(["a", "b", "c"], page=2)

    first = await listing(store, NOTES, NOTES.query("by_all", "all", limit=1000))
    query = NOTES.query("by_all", "all", limit=1000, cursor=first.cursor)
    second = await listing(store, NOTES, query)

    assert first.items == [Stored(Note("a"), 1), Stored(Note("b"), 1)]
    assert second == Listing([Stored(Note("c"), 1)], None)


def is_a(note: Note) -> bool:
    return note.text == "a"


@given(
    st.lists(st.sampled_from("ab"), max_size=40),
    st.integers(1, 7),
    st.integers(7, 50),
    st.sampled_from([None, is_a]),
    st.sampled_from([None, 2, 3]),
)
def test_the_pages_of_a_search_are_complete_and_repeat_nothing(
    texts: list[str],
    limit: int,
    page: int,
    fits: Callable[[Note], bool] | None,
    most_reads: int | None,
) -> None:
    async def story() -> None:
        store = await full_store(texts, page)
        pages, cursor = [], None
        while True:
            query = NOTES.query("by_all", "all", limit=limit, cursor=cursor)
            found = await search(store, NOTES, query, fits, most_reads=most_reads)
            pages.append([one.body.text for one in found.items])
            if (cursor := found.cursor) is None:
                break
        listed = [text for one in pages for text in one]
        assert listed == sorted(text for text in texts if fits is None or text == "a")
        assert all(len(one) <= limit for one in pages)
        if most_reads is None:
            assert all(len(one) == limit for one in pages[:-1])

    run_instantly(story())


class CountedStore(MemoryStore):
    """A store that counts how many documents its queries gave."""

    given = 0

    async def query(self, query: Query) -> Page:
        page = await super().query(query)
        self.given += len(page.documents)
        return page


async def test_a_search_reads_no_document_twice_after_a_short_page() -> None:
    store = CountedStore([NOTES], limits=Limits(page_bytes=4_000))
    for number in range(9):
        note = NOTES.write(f"n{number}", "notes-1", Note(f"{number}" * 1_000), at=1)
        await store.commit(Commit(writes=[note]))

    found = await search(store, NOTES, NOTES.query("by_all", "all", limit=5), None)

    assert [one.body.text[0] for one in found.items] == ["0", "1", "2", "3", "4"]
    assert store.given == 5
