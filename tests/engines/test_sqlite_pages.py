"""Pages from a file: as full as count and bytes allow, at the same cost wherever they begin."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import apsw
import msgspec
import pytest

from gatherlog.core.eventstore import giving_way
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import bytes_of_events
from gatherlog.core.eventstore.store import Append, Commit, Limits, Page, Store, Write
from gatherlog.engines import open_store
from gatherlog.engines.sqlite import SqliteStore
from tests.contracts.commits import CARDS, append, commit, event, put, writing

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


async def with_cards(folder: Path, count: int) -> SqliteStore:
    """A store with cards whose names are numbers."""
    store = await open_store(f"sqlite:///{folder}/store.db", views=[CARDS])
    assert isinstance(store, SqliteStore)
    for start in range(0, count, 100):
        await store.commit(writing(*[card(number) for number in range(start, start + 100)]))
    return store


def card(number: int, table: str = "all") -> Write:
    id = f"{number:04}"
    return put(id, b"{}", index_keys={"by_name": (table, id)})


@pytest.mark.parametrize("is_backwards", [False, True])
async def test_the_last_page_of_a_list_costs_no_more_than_the_first(
    tmp_path: Path, is_backwards: bool
) -> None:
    store = await with_cards(tmp_path, 2000)
    query, steps = CARDS.query("by_name", "all", backwards=is_backwards, limit=50), 0

    def counting() -> bool:
        """SQLite calls it after so many instructions of its machine."""
        nonlocal steps
        steps += 1
        return False

    store.engine._reads.connection.set_progress_handler(counting, 10)
    costs = []
    while True:
        steps = 0
        page = await store.query(query)
        costs.append(steps)
        if page.cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.cursor)

    assert len(costs) == 40
    assert 0 < max(costs) < 1.5 * costs[0]
    await store.close()


async def test_a_long_page_is_one_snapshot_and_the_next_one_sees_what_came_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the next one is asked for while the first is read."""
    monkeypatch.setattr(giving_way, "STEP", 0.0)
    store = await with_cards(tmp_path, 500)
    query, given, turn = CARDS.query("by_name", "all", limit=1000), 0, giving_way._Turns.next
    later: list[asyncio.Task[Page]] = []

    async def counted(turns: giving_way._Turns) -> None:
        nonlocal given
        given += 1
        if given == 3:
            await store.commit(writing(card(0, "none"), card(499, "none")))
            later.append(asyncio.ensure_future(store.query(query)))
        await turn(turns)

    monkeypatch.setattr(giving_way._Turns, "next", counted)
    first = await store.query(query)
    [second] = [await one for one in later]

    assert [one.id for one in first.documents] == [f"{number:04}" for number in range(500)]
    assert [one.id for one in second.documents] == [f"{number:04}" for number in range(1, 499)]
    await store.close()


async def test_a_store_closes_once_a_long_page_that_was_broken_off_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_way, "STEP", 0.0)
    store = await with_cards(tmp_path, 500)
    reads = [
        asyncio.ensure_future(store.query(CARDS.query("by_name", "all", limit=1000)))
        for _ in range(3)
    ]
    while store.engine._lists is None:
        await asyncio.sleep(0)
    reads[0].cancel()
    await store.close()

    assert [type(one) for one in await asyncio.gather(*reads, return_exceptions=True)] == [
        asyncio.CancelledError,
        Page,
        Page,
    ]


async def test_long_reads_in_a_row_do_not_hold_the_loop(tmp_path: Path) -> None:
    store, turns = await with_cards(tmp_path, 3), 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    for _ in range(20):
        await store.query(CARDS.query("by_name", "all", limit=1000))
    waiting.cancel()

    assert turns >= 20
    await store.close()
