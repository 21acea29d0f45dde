"""What a process has cached of the file is never older than what another has committed."""

import asyncio
import time

import pytest

from gatherlog.core import Commit, Event, Store
from gatherlog.core.eventstore.errors import Conflict, DiskFull
from gatherlog.engines.sqlite import SqliteStore
from tests.contracts.commits import NOON, append, card, cards, document, put, streams_of, writing
from tests.contracts.engines import Place
from tests.engines.child import children


async def fail_for_want_of_room(store: Store) -> None:
    """Let one commit of the store fail while it writes, because its file may not grow."""
    assert isinstance(store, SqliteStore)
    pages = store.engine._connection.execute("PRAGMA page_count").get
    # The limit belongs to the writer's connection, which is made anew after a failure.
    store.engine._writer.open().execute(f"PRAGMA max_page_count = {pages}")
    large = Event("large", "tests.happened", NOON, NOON, bytes(100_000))
    with pytest.raises(DiskFull):
        await store.commit(Commit(appends=[append("card-9", large)]))


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_after_a_failed_group_what_another_process_commits_next_is_known(
    place: Place, failures: int
) -> None:
    async with children(1, "put_for_each_line", place.path, times=2) as [other]:
        other.go()
        assert await other.line() == 1
        store = await place.open()
        for _ in range(failures):
            await fail_for_want_of_room(store)
        assert await card(store, "a") == document("a", b"1", version=1)

        other.go()
        assert await other.line() == 2

        with pytest.raises(Conflict) as refusal:
            await store.commit(writing(put("a", b"decided upon 1", expects=1)))
    assert refusal.value.actual == 2
    assert await card(store, "a") == document("a", b"2", version=2)


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_after_a_failed_group_streams_go_on_where_another_process_left_them(
    place: Place, failures: int
) -> None:
    store = await place.open()
    await store.commit(writing(put("b", b"0", stream="card-1")))
    async with children(1, "put_for_each_line", place.path, times=1) as [other]:
        for _ in range(failures):
            await fail_for_want_of_room(store)
        other.go()
        assert await other.line() == 2

        done = await store.commit(writing(put("b", b"1", stream="card-1")))

    assert (done.streams, done.positions) == ({"card-1": 3}, {0: 3})


async def test_a_failed_group_leaves_nothing_of_itself_in_the_cache(place: Place) -> None:
    store = await place.open()
    await store.commit(writing(put("a", b"1")))

    await fail_for_want_of_room(store)

    assert await streams_of(store, "card") == await streams_of(await place.open(), "card")
    assert (await store.commit(writing(put("a", b"2", expects=1)))).positions == {0: 2}


async def test_while_the_loop_is_busy_commits_of_another_process_are_seen_at_once(
    place: Place,
) -> None:
    store = await place.open()
    await store.commit(writing(put("mine", b"0", stream="card-2")))
    over = False

    async def keep_busy() -> None:
        while not over:
            await cards(store, ["a", "mine"])
            await asyncio.sleep(0)

    async with children(1, "put_for_each_line", place.path, times=60) as [other]:
        busy = [asyncio.create_task(keep_busy()) for _ in range(20)]
        seen = []
        for version in range(1, 61):
            other.go()
            assert await other.line() == version
            seen.append(await card(store, "a"))
        over = True
        await asyncio.gather(*busy)

    assert seen == [document("a", b"%d" % n, version=n) for n in range(1, 61)]


async def test_what_is_cached_is_as_new_as_what_is_read_from_the_file_beside_it(
    place: Place,
) -> None:
    store = await place.open()
    async with children(1, "put_for_each_line", place.path, times=2) as [other]:
        other.go()
        assert await other.line() == 1
        assert await card(store, "a") == document("a", b"1", version=1)
        other.go()
        assert await other.line() == 2

        found = await cards(store, ["a", "never read"])

    assert found == [document("a", b"2", version=2), None]
    await store.commit(writing(put("b", b"1", stream="card-2")))
    assert await cards(store, ["b", "another", "a"]) == [
        document("b", b"1", stream="card-2", version=1),
        None,
        document("a", b"2", version=2),
    ]


async def test_a_caller_that_asks_again_and_again_sees_what_another_process_commits(
    place: Place,
) -> None:
    store = await place.open()
    await store.commit(writing(put("mine", b"0", stream="card-2")))
    async with children(1, "put_for_each_line", place.path, times=2) as [other]:
        other.go()
        assert await other.line() == 1
        assert await card(store, "a") == document("a", b"1", version=1)
        other.go()
        await other.stdin.drain()
        deadline = time.monotonic() + 3

        while await card(store, "a") != document("a", b"2", version=2):
            assert time.monotonic() < deadline, "never seen"


async def test_what_is_cached_is_as_new_as_what_is_read_beside_it(place: Place) -> None:
    store = await place.open()
    async with children(1, "put_for_each_line", place.path, times=3) as [other]:
        for version in (1, 2, 3):
            other.go()
            assert await other.line() == version

            found = await store.get([("card", "a"), ("card", f"none{version}"), ("card", "a")])

            now = document("a", b"%d" % version, version=version)
            assert found == [now, None, now]
            assert await card(store, "a") == now
