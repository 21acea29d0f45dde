"""What a process does with the file of an open store leaves the locks of that store alone.

POSIX drops all locks of a process on a file as soon as it closes any handle of that file. Without
them, a SQLite before 3.51 in another process removes the write-ahead log while it is in use.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatherlog.core import View
from gatherlog.core.eventstore.errors import ViewOutdated
from gatherlog.engines import back_up, open_store
from tests.contracts.commits import CARDS, Card, commit
from tests.contracts.engines import Place

OUTSIDE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("SELECT count(*) FROM event").fetchone()[0])
database.close()
"""


async def seen_outside(path: Path) -> int:
    """How many events a program sees that opens and closes the file with its own SQLite."""
    command = [sys.executable, "-c", OUTSIDE, str(path)]
    found = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    return int(found.stdout)


def locks_on(path: Path) -> list[str]:
    """The locks of this process on the file and on the index of its log: kind, and first byte."""
    files = {os.stat(path).st_ino: "file", os.stat(f"{path}-shm").st_ino: "index"}
    found = []
    for line in Path("/proc/locks").read_text().splitlines():
        _, _, _, kind, process, file, first, _ = line.split()[:8]
        name = files.get(int(file.rpartition(":")[2]))
        if name is not None and process == str(os.getpid()):
            found.append(f"{name} {kind} {first}")
    return sorted(found)


async def open_again(place: Place) -> None:
    await (await place.open()).close()


async def open_by_another_name(place: Place) -> None:
    link = place.path.with_name("link.db")
    link.symlink_to(place.path)
    await (await open_store(f"sqlite:///{link}", views=[CARDS])).close()


async def be_refused(place: Place) -> None:
    with pytest.raises(ViewOutdated):
        await place.open(View("card", Card, version=0))


async def copy(place: Place) -> None:
    await asyncio.to_thread(back_up, place.url, place.path.with_name("copy.db"))


WAYS: list[Callable[[Place], Awaitable[None]]] = [
    open_again,
    open_by_another_name,
    be_refused,
    copy,
]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="locks are seen in /proc")
@ways
async def test_the_locks_of_a_store_outlive_what_else_is_done_with_its_file(
    place: Place, way: Callable[[Place], Awaitable[None]]
) -> None:
    store = await place.open()
    await store.commit(commit("card-1"))
    before = locks_on(place.path)

    await way(place)

    assert locks_on(place.path) == before == ["file READ 1073741826", "index READ 128"]


@ways
async def test_what_is_committed_after_it_is_seen_by_an_outside_sqlite(
    place: Place, way: Callable[[Place], Awaitable[None]]
) -> None:
    store = await place.open()
    await store.commit(commit("card-1", events=20))

    await way(place)

    assert await seen_outside(place.path) == 20
    for number in range(30):
        await store.commit(commit(f"card-{number}"))
    assert await seen_outside(place.path) == 50


async def test_two_stores_on_one_file_in_one_process_share_it(place: Place) -> None:
    first, second = await place.open(), await place.open()
    for _ in range(10):
        both = [first.commit(commit("card-1")), second.commit(commit("card-1"))]
        await asyncio.gather(*both)
    await second.close()

    assert await seen_outside(place.path) == 20
    await first.commit(commit("card-1", expected=20))
    assert await seen_outside(place.path) == 21


async def test_stores_that_name_one_file_in_two_ways_take_turns(place: Place) -> None:
    store = await place.open()
    link = place.path.with_name("link.db")
    link.symlink_to(place.path)
    other = await open_store(f"sqlite:///{link}", views=[CARDS])

    async def follow() -> None:
        assert await other.wait((0,), 10.0) == (1,)

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await store.commit(commit("card-1"))
    await following
    await other.close()

    kept = {path.name for path in place.path.parent.iterdir()}
    assert kept & {"link.db.lock", "link.db.wake", "link.db-wal"} == set()
