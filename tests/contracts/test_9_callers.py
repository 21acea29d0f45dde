"""Promise 9: callers who leave, too many callers, closing, closed loops, and a full disk."""

import asyncio
import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import Committed, Recalled, Store
from gatherlog.core.eventstore.errors import Busy, StoreClosed
from tests.contracts.child import ROOT
from tests.contracts.commits import CARDS, cards, commit, streams_of, whole_stream
from tests.contracts.engines import Place


async def recalled_soon(store: Store, key: str) -> Recalled:
    """What the key stands for, as soon as its commit is through."""
    deadline = time.monotonic() + 5
    while (recalled := await store.recall(key)) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)
    return recalled


@pytest.mark.parametrize("turns", range(6))
async def test_cancelling_a_caller_does_not_cancel_its_commit(store: Store, turns: int) -> None:
    asked = msgspec.structs.replace(commit("card-1", key="k"), answer=b"done")
    caller = asyncio.create_task(store.commit(asked))
    for _ in range(1 + turns):
        await asyncio.sleep(0)

    caller.cancel()

    assert (await recalled_soon(store, "k")).answer == b"done"
    assert await store.commit(asked) == Committed(repeated=True, answer=b"done")
    assert len(await whole_stream(store, "card-1")) == 1
    await asyncio.wait([caller])


async def test_cancelled_callers_do_not_affect_others(store: Store) -> None:
    callers = [
        asyncio.create_task(store.commit(commit(f"card-{i}", key=f"k{i}"))) for i in range(60)
    ]
    await asyncio.sleep(0)
    for caller in callers[::3]:
        caller.cancel()

    done = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 5)

    stayed = [d for i, d in enumerate(done) if i % 3]
    assert [type(d) for d in stayed] == [Committed] * 40
    for i in range(60):
        await recalled_soon(store, f"k{i}")
    assert len(await streams_of(store, "card")) == 60


async def test_after_a_timeout_the_key_tells_whether_the_commit_happened(store: Store) -> None:
    asked = commit("card-1", key="k")
    try:
        await asyncio.wait_for(store.commit(asked), 0.000_001)
    except TimeoutError:
        await recalled_soon(store, "k")

    assert (await store.commit(asked)).repeated


async def test_callers_get_busy_when_the_queue_is_full(durable: Place) -> None:
    store = await durable.open()
    callers = [store.commit(commit("card-1")) for _ in range(20_000)]

    done = await asyncio.gather(*callers, return_exceptions=True)

    outcomes = Counter(map(type, done))
    assert set(outcomes) == {Committed, Busy}
    [head] = await streams_of(store, "card")
    assert head.version == outcomes[Committed]
    assert (await store.commit(commit("card-1"))).streams == {"card-1": head.version + 1}


async def test_closing_finishes_the_commits_that_were_accepted(durable: Place) -> None:
    store = await durable.open()
    callers = [asyncio.create_task(store.commit(commit(f"card-{i}"))) for i in range(40)]
    await asyncio.sleep(0)

    await store.close()

    done = await asyncio.wait_for(asyncio.gather(*callers), 5)
    assert [d.streams for d in done] == [{f"card-{i}": 1} for i in range(40)]
    again = await durable.open()
    assert len(await streams_of(again, "card")) == 40


async def test_a_closed_store_refuses_everything(store: Store) -> None:
    await store.commit(commit("card-1"))
    await store.close()
    await store.close()

    for asked in (
        store.commit(commit("card-1")),
        store.recall("k"),
        store.forget("k"),
        store.blank(0, [1]),
        store.read_stream("card-1"),
        store.read_stream("card-1", limit=1),
        store.read_feed(0, after=0, limit=10),
        store.heads(),
        store.wait((0,) * store.limits.partitions, 1),
        cards(store, ["a"]),
        store.query(CARDS.query("by_name", "all")),
        store.streams("card"),
        store.scan("card"),
    ):
        with pytest.raises(StoreClosed):
            await asyncio.wait_for(asked, 5)


async def test_closing_raises_an_error_for_those_who_wait(store: Store) -> None:
    heads = await store.heads()
    waiting = [asyncio.create_task(store.wait(heads, 30.0)) for _ in range(3)]
    await asyncio.sleep(0.02)

    await store.close()

    done = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 2)
    assert [type(d) for d in done] == [StoreClosed] * 3


async def test_closing_twice_at_the_same_time_is_allowed(store: Store) -> None:
    await store.commit(commit("card-1"))

    await asyncio.wait_for(asyncio.gather(store.close(), store.close()), 5)


@pytest.mark.parametrize("asked", ["commit", "heads", "close"])
def test_a_store_whose_event_loop_has_ended_raises_an_error(durable: Place, asked: str) -> None:
    async def abandon() -> Store:
        store = await durable.open()
        abandoned = [asyncio.create_task(store.commit(commit(f"card-{i}"))) for i in range(10)]
        await asyncio.sleep(0)
        assert len(abandoned) == 10
        durable.forget()
        return store

    store = asyncio.run(abandon())

    async def use() -> None:
        if asked == "commit":
            await store.commit(commit("card-1"))
        elif asked == "heads":
            await store.heads()
        else:
            await store.close()

    with pytest.raises(RuntimeError, match="loop"):
        asyncio.run(asyncio.wait_for(use(), 5))


async def test_a_store_whose_event_loop_has_ended_does_not_lock_out_others(shared: Place) -> None:
    def abandon() -> None:
        async def leave() -> None:
            store = await shared.open()
            abandoned = asyncio.create_task(store.commit(commit("card-1")))
            await asyncio.sleep(0)
            assert not abandoned.cancelled()
            shared.forget()

        asyncio.run(leave())

    await asyncio.to_thread(abandon)

    store = await shared.open()
    done = await asyncio.wait_for(store.commit(commit("card-2")), 10)
    assert done.streams == {"card-2": 1}


# A full disk: a small file system of its own, in a namespace of its own.

MIB = 1024 * 1024
MOUNT = 'mount -t tmpfs -o size=3m tmpfs "$1" && shift && exec "$@"'


async def run_on_a_small_disk(place: Place, folder: Path) -> dict[str, object]:
    """Run `small_disk` in a child whose folder is a file system of 3 MiB; what it found."""
    folder.mkdir()
    small = Place(place.engine, folder)
    command = ["unshare", "-Urm", "sh", "-c", MOUNT, "sh", str(folder), sys.executable]
    process = await asyncio.create_subprocess_exec(
        *command,
        "-m",
        "tests.contracts.small_disk",
        *small.arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return msgspec.json.decode(out, type=dict[str, object])


def can_mount(folder: Path) -> bool:
    """Whether this machine lets us have a file system of our own."""
    if shutil.which("unshare") is None:
        return False
    return (
        os.spawnlp(
            os.P_WAIT, "unshare", "unshare", "-Urm", "sh", "-c", MOUNT, "sh", str(folder), "true"
        )
        == 0
    )


async def test_a_full_disk_makes_whole_commits_fail_and_the_store_works_again_once_there_is_room(
    one_file: Place, tmp_path: Path
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here: needs Linux with user namespaces")

    found = await run_on_a_small_disk(one_file, tmp_path / "small")

    assert found == {
        "refused as": ["DiskFull"],
        "everyone in the group was told": True,
        "acknowledged and there": True,
        "refused and not there": True,
        "still full": "DiskFull",
        "readable while full": True,
        "writable once there is room": True,
        "whole when opened again": True,
    }
