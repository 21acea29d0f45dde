"""Pages of events from a file: as full as count and bytes allow, wherever they are read."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import apsw
import msgspec
import pytest

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import bytes_of_events
from gatherlog.core.eventstore.store import Append, Commit, Limits, Store
from gatherlog.engines import open_store
from gatherlog.engines.sqlite import SqliteStore
from tests.contracts.commits import CARDS, append, commit, event, put

KIB = 1024
Read = Callable[[Store, int, int], Awaitable[list[Recorded]]]
"""A page after so many events, of up to so many."""


async def from_stream(store: Store, after: int, limit: int) -> list[Recorded]:
    return await store.read_stream("card-1", after=after, limit=limit)


async def from_feed(store: Store, after: int, limit: int) -> list[Recorded]:
    return await store.read_feed(0, after=after, limit=limit)


async def backwards(store: Store, after: int, limit: int) -> list[Recorded]:
    [head] = (await store.streams("card")).streams
    before = head.version + 1 - after
    return await store.read_stream("card-1", before=before, limit=limit, backwards=True)


async def filled(folder: Path, sizes: Sequence[int], page_bytes: int) -> Store:
    limits = Limits(page_bytes=page_bytes)
    store = await open_store(f"sqlite:///{folder}/store.db", limits=limits)
    for size in sizes:
        await store.commit(Commit(appends=[Append("card-1", [event(data=b"x" * size, meta=b"")])]))
    return store


@pytest.mark.parametrize("read", [from_stream, from_feed, backwards])
@pytest.mark.parametrize("page_bytes", [10_000, 300 * KIB, 2048 * KIB])
@pytest.mark.parametrize(
    "sizes",
    [
        [10] * 150,
        [5 * KIB] * 120,
        [60 * KIB] * 60,
        [1024 * KIB] * 6,
        [10] * 70 + [400 * KIB] * 6 + [10] * 70,
    ],
)
async def test_a_page_is_as_full_as_count_and_bytes_allow(
    tmp_path: Path, sizes: list[int], page_bytes: int, read: Read
) -> None:
    store = await filled(tmp_path, sizes, page_bytes)
    expected = sizes[::-1] if read is backwards else sizes
    for limit in (1, 64, 100, 1000):
        after = 0
        found: list[int] = []
        while page := await read(store, after, limit):
            had = len(page)
            assert had <= limit
            assert had == 1 or bytes_of_events(page) <= page_bytes
            following = expected[after + had : after + had + 1]
            assert (
                had == limit or not following or sum([*map(_size, page), *following]) > page_bytes
            )
            found += map(_size, page)
            after += had
        assert found == expected
    await store.close()


def _size(event: Recorded) -> int:
    return len(event.data)


async def test_no_statement_is_compiled_again_for_other_values(tmp_path: Path) -> None:
    store = await filled(tmp_path, [10] * 5, 10_000)
    assert isinstance(store, SqliteStore)
    compiled = 0

    def compiling(*_: object) -> int:
        """SQLite asks several times whether it may, for each statement that it compiles."""
        nonlocal compiled
        compiled += 1
        return apsw.SQLITE_OK

    store.engine._connection.authorizer = compiling
    await store.read_stream("card-1", limit=1)
    await store.read_feed(0, after=0, limit=1)
    first, compiled = compiled, 0

    for number in (2, 3, 4):
        await store.read_stream("card-1", after=number, limit=number)
        await store.read_feed(0, after=number, limit=number)

    assert (first > 0, compiled) == (True, 0)
    await store.close()


async def test_a_read_that_broke_off_leaves_later_reads_as_fresh_as_ever(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = await open_store(url, views=[CARDS])
    assert isinstance(store, SqliteStore)
    cards = [put(id, b"{}", index_keys={"by_name": ("all", id)}) for id in ("a", "b", "c")]
    await store.commit(Commit(appends=[append("card-1")], writes=cards))
    damaging = apsw.Connection(f"{tmp_path}/store.db")
    damaging.execute("UPDATE document SET index_keys = CAST('no JSON' AS BLOB) WHERE id = 'a'")
    damaging.close()

    with pytest.raises(msgspec.DecodeError) as broken_off:
        await store.misindexed("card")
    await store.commit(commit("card-2"))
    found = await store.streams("card", limit=1000)

    assert [head.stream for head in found.streams] == ["card-1", "card-2"]
    assert broken_off.tb is not None  # which keeps what the read was about
    await store.close()
