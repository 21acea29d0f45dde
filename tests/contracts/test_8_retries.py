"""Promise 8: what only collided is tried again until a deadline; then Busy, never Conflict."""

import asyncio
import os
import signal
import time

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Busy
from tests.contracts.child import Child, children, work_together
from tests.contracts.commits import card, commit, count, document, whole_stream, writing
from tests.contracts.engines import Place


async def test_commits_that_demand_nothing_never_conflict(store: Store) -> None:
    done = await asyncio.gather(*[store.commit(commit("card-1")) for _ in range(64)])

    assert sorted(d.streams["card-1"] for d in done) == list(range(1, 65))


async def test_adds_without_bounds_never_conflict(store: Store) -> None:
    await asyncio.gather(*[store.commit(writing(count("a", n=1))) for _ in range(64)])

    assert await card(store, "a") == document("a", None, version=0, counted=64, n=64)


async def test_commits_to_different_streams_never_conflict(store: Store) -> None:
    for version in range(4):
        commits = [commit(f"card-{i}", expected=version) for i in range(16)]

        done = await asyncio.gather(*map(store.commit, commits))

        assert [d.streams for d in done] == [{f"card-{i}": version + 1} for i in range(16)]


async def test_commits_of_several_processes_that_demand_nothing_never_conflict(
    shared: Place,
) -> None:
    store = await shared.open()

    said = await work_together(shared, 4, "append_anywhere", times=40, streams=2)

    written = [
        id for results in said for outcome, *ids in results if outcome == "written" for id in ids
    ]
    found = [e.id for name in ("card-0", "card-1") for e in await whole_stream(store, name)]
    assert sorted(found) == sorted(written)


async def test_two_processes_on_one_store_both_make_progress(shared: Place) -> None:
    await (await shared.open()).close()

    [[[first, wait]], [[second, other_wait]]] = await work_together(
        shared, 2, "keep_appending", seconds=2.0
    )

    assert min(first, second) > 0.2 * max(first, second)
    assert max(wait, other_wait) < 1


async def test_others_get_busy_while_a_writing_process_is_stopped_and_succeed_afterwards(
    one_writer: Place,
) -> None:
    store = await one_writer.open()
    async with children(one_writer, 1, "keep_appending", seconds=60.0) as [child]:
        child.go()
        busy_after = await _stop_while_it_writes(child, store)
        os.kill(child.process.pid, signal.SIGCONT)

        assert 4 < busy_after < 7
        await _until_it_works(store)


async def test_a_process_that_dies_while_it_writes_delays_others_only_briefly(
    shared: Place,
) -> None:
    store = await shared.open()
    async with children(shared, 1, "keep_appending", seconds=60.0) as [child]:
        child.go()
        await asyncio.sleep(0.3)
        os.kill(child.process.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(store.commit(commit("card-9")))
        await asyncio.sleep(0.2)
        await child.kill()

    assert (await asyncio.wait_for(waiting, 3)).streams == {"card-9": 1}


async def _stop_while_it_writes(child: Child, store: Store) -> float:
    """Stop the child again and again until it holds the store; how long it took to be refused."""
    for _ in range(50):
        await asyncio.sleep(0.05)
        os.kill(child.process.pid, signal.SIGSTOP)
        started = time.monotonic()
        try:
            await store.commit(commit("card-9"))
        except Busy:
            return time.monotonic() - started
        os.kill(child.process.pid, signal.SIGCONT)
    pytest.fail("the child never held the store when it was stopped")


async def _until_it_works(store: Store) -> None:
    """A store that was busy works again by itself, soon after the other process goes on."""
    deadline = time.monotonic() + 5
    while True:
        try:
            await store.commit(commit("card-9"))
        except Busy:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            return
