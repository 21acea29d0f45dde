"""The files of a backup: who may read them, and what is left when the backup fails."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.sqlite import backup
from tests.contracts.child import ROOT
from tests.contracts.engines import Place
from tests.engines.conftest import FILLING


class Watch:
    """A thread that notes the names and modes of the copy's files until it is stopped.

    With `forestall`, it makes a file under the name of the copy before the copy is complete.
    """

    def __init__(self, goal: Path, *, forestall: bool = False) -> None:
        self.seen: set[tuple[str, int]] = set()
        self._goal = goal
        self._forestall = forestall
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            for path in self._goal.parent.glob("copy.db*"):
                try:
                    mode = stat.S_IMODE(path.stat().st_mode)
                except FileNotFoundError:
                    continue
                self.seen.add((path.suffix, mode))
                if self._forestall and path.suffix == ".part" and not self._goal.exists():
                    self._goal.write_bytes(b"mine")


@contextmanager
def watching(goal: Path, *, forestall: bool = False) -> Iterator[Watch]:
    watch = Watch(goal, forestall=forestall)
    try:
        yield watch
    finally:
        watch.stop()


async def test_only_the_owner_may_read_a_backup_at_any_moment(large: Place) -> None:
    goal = large.path.with_name("copy.db")
    usual = os.umask(0)
    try:
        with watching(goal) as watch:
            backup(str(large.path), str(goal))
    finally:
        os.umask(usual)

    assert stat.S_IMODE(goal.stat().st_mode) == 0o600
    assert {mode for _, mode in watch.seen} == {0o600}
    assert ".part" in {suffix for suffix, _ in watch.seen}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_overwrites_nothing_that_appears_meanwhile(large: Place) -> None:
    goal = large.path.with_name("copy.db")
    before = names(goal.parent)

    with watching(goal, forestall=True), pytest.raises(FileExistsError):
        backup(str(large.path), str(goal))

    assert goal.read_bytes() == b"mine"
    assert names(goal.parent) == ["copy.db", *before]


async def test_a_backup_of_what_is_no_store_leaves_nothing(place: Place) -> None:
    goal = place.path.with_name("copy.db")
    with pytest.raises(NotAStore):
        backup(str(place.path), str(goal))
    assert names(goal.parent) == []
    place.path.write_text("Dear diary")
    with pytest.raises(NotAStore):
        backup(str(place.path), str(goal))
    assert names(goal.parent) == ["store.db"]


async def test_a_backup_that_finds_no_room_leaves_nothing(large: Place) -> None:
    """The copying process may write files of four megabytes only."""
    goal = large.path.with_name("copy.db")
    before = names(goal.parent)
    code = "import sys; from gatherlog.engines.sqlite import backup; backup(*sys.argv[1:])"
    command = [sys.executable, "-c", code, str(large.path), str(goal)]

    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 8000 && exec "$@"', "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert "gatherlog.core.eventstore.errors." in done.stderr.splitlines()[-1]
    assert names(goal.parent) == before
    store = await large.open()
    assert await store.heads() == (FILLING,)
