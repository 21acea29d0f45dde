"""Slices of a list: complete in both directions, also while others come and go."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core import Append, Commit, Event, Store, View
from gatherlog.core.commands.slices import Slice, Window, count, sliced
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.engines import open_store
from gatherlog.testing import run_instantly
from tests.stores import HOSTILE_URL, eventually

URLS = {"memory": "memory:", "sqlite": "sqlite:///{path}/slices.db", "hostile": HOSTILE_URL}


class Note(msgspec.Struct, frozen=True):
    id: str
    owner: str
    at: str


NOTES = View("note", Note, by_owner=lambda note: (note.owner, note.at, note.id))


@pytest.fixture(params=URLS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(URLS[request.param].format(path=tmp_path), views=[NOTES])
    yield store
    await store.close()


async def write(store: Store, *notes: Note) -> None:
    for note in notes:
        event = Event(f"e-{note.id}-{note.at}", "noted", 1, 1, b"{}")
        append = Append(f"note-{note.id}", [event])
        await store.commit(
            Commit(appends=[append], writes=[NOTES.write(note.id, append.stream, note)])
        )


async def part(store: Store, window: Window, *, newest_first: bool = False) -> Slice[Note]:
    return await sliced(store, NOTES, "by_owner", "ada", window, newest_first=newest_first)


def ids(found: Slice[Note]) -> list[str]:
    return [item.body.id for item in found.items]


async def listed(store: Store) -> list[str]:
    return ids(await part(store, Window(limit=100)))


FIVE = [Note(str(number), "ada", f"{number // 2}") for number in range(5)]
OTHER = Note("x", "bob", "0")


async def test_a_slice_tells_what_is_on_either_side(store: Store) -> None:
    await write(store, *FIVE, OTHER)
    await eventually(lambda: listed(store), ["0", "1", "2", "3", "4"])
    cursors = [item.cursor for item in (await part(store, Window(limit=5))).items]

    async def flags(window: Window) -> tuple[list[str], bool, bool]:
        found = await part(store, window)
        return ids(found), found.has_previous, found.has_next

    assert await flags(Window(limit=2)) == (["0", "1"], False, True)
    assert await flags(Window(limit=2, after=cursors[1])) == (["2", "3"], True, True)
    assert await flags(Window(limit=2, after=cursors[3])) == (["4"], True, False)
    assert await flags(Window(limit=2, after=cursors[4])) == ([], True, False)
    assert await flags(Window(limit=2, last=True)) == (["3", "4"], True, False)
    assert await flags(Window(limit=2, last=True, before=cursors[3])) == (["1", "2"], True, True)
    assert await flags(Window(limit=2, last=True, before=cursors[0])) == ([], False, True)
    between = Window(limit=9, after=cursors[0], before=cursors[3])
    assert await flags(between) == (["1", "2"], True, False)
    assert await count(store, NOTES, "by_owner", "ada") == 5


async def test_an_empty_list_has_nothing_on_either_side(store: Store) -> None:
    assert await part(store, Window(limit=2)) == Slice([], False, False)
    assert await part(store, Window(limit=2, last=True)) == Slice([], False, False)


async def test_a_cursor_keeps_its_place_when_its_item_has_gone(store: Store) -> None:
    await write(store, *FIVE)
    await eventually(lambda: listed(store), ["0", "1", "2", "3", "4"])
    cursor = (await part(store, Window(limit=2))).items[-1].cursor

    await write(store, msgspec.structs.replace(FIVE[1], owner="bob"))
    await eventually(lambda: listed(store), ["0", "2", "3", "4"])

    assert ids(await part(store, Window(limit=2, after=cursor))) == ["2", "3"]


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "bnVsbA==", "WzEsMiwzXQ==", "é"])
async def test_a_malformed_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        await part(store, Window(limit=2, after=cursor))


async def test_a_cursor_of_another_list_is_refused(store: Store) -> None:
    await write(store, *FIVE, OTHER)
    await eventually(lambda: listed(store), ["0", "1", "2", "3", "4"])
    cursor = (await part(store, Window(limit=1))).items[0].cursor

    with pytest.raises(CursorInvalid):
        await part(store, Window(limit=1, after=cursor), newest_first=True)
    with pytest.raises(CursorInvalid):
        await sliced(store, NOTES, "by_owner", "bob", Window(limit=1, after=cursor))


@given(
    moments=st.lists(st.integers(0, 3), max_size=12),
    size=st.integers(1, 5),
    last=st.booleans(),
    newest_first=st.booleans(),
)
def test_all_slices_together_are_the_list(
    moments: list[int], size: int, last: bool, newest_first: bool
) -> None:
    async def story() -> None:
        store = await open_store("memory:", views=[NOTES])
        await write(store, *[Note(f"{n:02}", "ada", str(at)) for n, at in enumerate(moments)])
        expected = [f"{n:02}" for at, n in sorted((at, n) for n, at in enumerate(moments))]
        found: list[str] = []
        window = Window(limit=size, last=last)
        while True:
            here = await part(store, window, newest_first=newest_first)
            found = ids(here) + found if last else found + ids(here)
            if not (here.has_previous if last else here.has_next):
                break
            end = here.items[0 if last else -1].cursor
            window = Window(
                limit=size, last=last, before=end if last else None, after=None if last else end
            )
        assert found == (expected[::-1] if newest_first else expected)

    run_instantly(story())
