"""A file that is removed or replaced while it is in use: nothing is acknowledged any more."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.engines.sqlite import SqliteStore
from tests.contracts.commits import CARDS, commit, put, whole_feed, writing
from tests.contracts.engines import Place
from tests.engines.test_sqlite_locks import seen_outside
from tests.stores import eventually

SUFFIXES = ["", "-wal", "-shm"]


def move_away(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))


def replace(file: Path) -> None:
    copy = file.with_name("another")
    copy.write_bytes(file.with_name("saved").read_bytes())
    file.rename(file.with_name("elsewhere"))
    copy.rename(file)


def put_back(file: Path) -> None:
    file.with_name("elsewhere").rename(file)


async def used_store(place: Place, suffix: str) -> tuple[Store, Path]:
    """A store that has written and read, and one of its files, of which a copy lies beside it.

    The copy is made while nothing has the file open, for to read it would drop the store's locks.
    """
    store = await place.open()
    await store.commit(commit("card-1"))
    await store.close()
    place.path.with_name("saved").write_bytes(place.path.read_bytes())
    store = await place.open()
    await store.commit(writing(put("a", b"{}")))
    assert len(await whole_feed(store)) == 2
    return store, Path(f"{place.path}{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES, ids=["file", "log", "index"])
@pytest.mark.parametrize("change", [move_away, replace])
async def test_nothing_is_acknowledged_once_a_file_was_removed_or_replaced(
    place: Place, change: Callable[[Path], None], suffix: str
) -> None:
    store, file = await used_store(place, suffix)

    change(file)

    asked = [store.commit(commit(f"card-{number}")) for number in range(10)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in done} == {StoreFailed}
    assert {str(one).partition(" was re")[0] for one in done} == {str(file)}
    with pytest.raises(StoreFailed):
        await store.commit(commit("card-1"))


async def test_nothing_is_written_to_the_file_that_has_taken_the_place(place: Place) -> None:
    store, file = await used_store(place, "")
    replace(file)
    for number in range(5):
        with pytest.raises(StoreFailed):
            await store.commit(commit(f"card-{number}"))
    await store.close()
    place.forget()

    assert file.read_bytes() == file.with_name("saved").read_bytes()


READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "heads": lambda store: store.heads(),
    "get": lambda store: store.get([CARDS.ref("a")]),
    "read_stream": lambda store: store.read_stream("card-1"),
    "read_feed": lambda store: store.read_feed(0, after=0, limit=1000),
    "query": lambda store: store.query(CARDS.query("by_name", "all", limit=100)),
    "recall": lambda store: store.recall("key"),
}


@pytest.mark.parametrize("read", READS)
async def test_reads_fail_soon_without_any_commit(place: Place, read: str) -> None:
    store, file = await used_store(place, "")
    move_away(file)

    async def outcome() -> object:
        try:
            await READS[read](store)
        except StoreFailed:
            return "failed"
        return "answered"

    await eventually(outcome, "failed", 3)


@pytest.mark.parametrize("suffix", SUFFIXES, ids=["file", "log", "index"])
async def test_a_store_works_again_once_its_own_file_is_back(place: Place, suffix: str) -> None:
    store, file = await used_store(place, suffix)
    move_away(file)
    with pytest.raises(StoreFailed):
        await store.commit(commit("card-2"))
    put_back(file)

    done = await store.commit(commit("card-3"))

    assert done.streams == {"card-3": 1}
    assert isinstance(store, SqliteStore)
    await store.close()
    again = await place.open()
    assert [e.stream for e in await whole_feed(again)][-1] == "card-3"


@pytest.mark.parametrize("change", [move_away, replace])
async def test_index_rows_are_not_renewed_in_another_file(
    place: Place, change: Callable[[Path], None]
) -> None:
    store, file = await used_store(place, "")
    assert isinstance(store, SqliteStore)
    change(file)

    with pytest.raises(StoreFailed):
        await store.reindex("card", ["a"])


async def test_locks_dropped_by_this_program_itself_lose_nothing_that_is_acknowledged(
    place: Place,
) -> None:
    """A SQLite before 3.51 then removes the log of the store, which is in use."""
    store = await place.open()
    await store.commit(commit("card-1"))
    place.path.read_bytes()  # what no program should do: it drops the locks
    acknowledged = await seen_outside(place.path)
    for number in range(10):
        with suppress(StoreFailed):
            await store.commit(commit(f"card-{number}"))
            acknowledged += 1

    assert await seen_outside(place.path) == acknowledged
