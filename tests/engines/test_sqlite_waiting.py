"""Waiting: while reads fail, and while a process that has been stopped holds the lock."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines.sqlite import SqliteStore
from gatherlog.engines.sqlite.wakeups import Wakeups
from tests.contracts.commits import commit
from tests.contracts.engines import SQLITE, Place
from tests.engines.child import children
from tests.stores import eventually


def let_reads_fail(store: Store, fail: bool) -> None:
    """Let the driver interrupt every read on the loop from now on, or none."""
    assert isinstance(store, SqliteStore)
    store.engine._connection.set_progress_handler((lambda: True) if fail else None, 1)


@pytest.mark.parametrize("folder", ["told", "x" * 90], ids=["told", "polling"])
async def test_after_reads_of_the_file_have_failed_waiters_are_still_woken(
    tmp_path: Path, folder: str
) -> None:
    """The path of a long folder leaves no room for a socket, so that waiters only poll."""
    (tmp_path / folder).mkdir()
    place = Place(SQLITE, tmp_path / folder)
    store, other = await place.open(), await place.open()
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
    waiting = asyncio.create_task(store.wait((1,), 20.0))
    await asyncio.sleep(0.02)
    let_reads_fail(store, True)
    await other.commit(commit("card-1"))
    await asyncio.sleep(0.3)  # several polls, all of which fail
    let_reads_fail(store, False)

    await other.commit(commit("card-1"))

    assert await asyncio.wait_for(waiting, 5) == (2,)
    assert complaints == []
    await place.close()


@pytest.fixture
def near() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def test_a_waiter_is_told_the_position_that_another_store_has_reached(near: Path) -> None:
    place = Place(SQLITE, near)
    store, other = await place.open(), await place.open()
    waiting = asyncio.create_task(store.wait((1,), 20.0))
    await asyncio.sleep(0)
    let_reads_fail(store, True)

    await other.commit(commit("card-1"))
    await other.commit(commit("card-1"))

    assert await asyncio.wait_for(waiting, 5) == (2,)
    let_reads_fail(store, False)
    await place.close()


async def test_the_wake_up_of_an_older_release_tells_no_position(near: Path) -> None:
    path, said = str(near / "store.db"), list[int | None]()
    loop = asyncio.get_running_loop()
    listening, sending = Wakeups(path), Wakeups(path)
    listening.listen(loop, said.append)

    async def heard() -> list[int | None]:
        return said

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as older:
        [address] = Path(f"{path}.wake").iterdir()
        older.sendto(b"\0", str(address))
    sending.send(2**40)

    await eventually(heard, [None, 2**40])
    sending.close(loop)
    listening.close(loop)


def kept(folder: Path) -> set[str]:
    """The threads of stores in this process, and its open files in a folder."""
    threads = [t for t in threading.enumerate() if t.name.startswith("gatherlog")]
    links = Path("/proc/self/fd").iterdir()
    files = [os.readlink(link) for link in links if link.is_symlink()]
    return {f"{t.name} {t.ident}" for t in threads} | {
        file for file in files if file.startswith(str(folder))
    }


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def give_up_and_close(place: Place) -> None:
    """Commit, be refused because another process holds the store, and close."""
    store = await place.open()
    with pytest.raises(Busy):
        await store.commit(commit("card-1"))
    await asyncio.wait_for(store.close(), 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are seen in /proc")
@pytest.mark.parametrize("loop", ["goes on", "has ended"])
async def test_a_store_given_up_and_closed_leaves_no_lock_no_thread_and_no_open_file(
    place: Place, loop: str
) -> None:
    await (await place.open()).close()
    before = kept(place.path.parent)
    async with children(1, "hold", place.path) as [holder]:
        holder.go()
        assert await holder.line() == "held"
        os.kill(holder.process.pid, signal.SIGSTOP)
        if loop == "goes on":
            await give_up_and_close(place)
        else:
            await asyncio.to_thread(lambda: asyncio.run(give_up_and_close(place)))
        assert kept(place.path.parent) - before != set()

    await until(lambda: kept(place.path.parent) <= before)
    done = await asyncio.wait_for((await place.open()).commit(commit("card-1")), 2)
    assert done.streams == {"card-1": 1}
