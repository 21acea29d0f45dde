"""Processes that are killed, and several that search one store."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatherlog.core import Store
from gatherlog.engines import open_store
from tests.search.shop import THINGS, VIEWS, ids, searching
from tests.stores import eventually, scanned


async def test_an_index_of_a_killed_process_is_complete_when_it_is_used_again(
    tmp_path: Path,
) -> None:
    url, folder = f"sqlite:///{tmp_path}/shop.db", tmp_path / "search"
    dice = random.Random(11)
    for _ in range(4):
        with changing(url, folder) as process:
            assert line_of(process)
            time.sleep(dice.uniform(0, 0.3))

        await assert_complete(url, folder)

    assert [file.name for file in folder.iterdir() if file.is_dir()] == ["0"]


async def test_two_processes_that_search_one_store_do_not_disturb_each_other(
    tmp_path: Path,
) -> None:
    url, folder = f"sqlite:///{tmp_path}/shop.db", tmp_path / "search"
    with changing(url, folder) as process:
        assert line_of(process)
        store = await open_store(url, views=VIEWS)
        failures: list[Exception] = []
        search = searching(store, folder, failures)
        await eventually(lambda: has_some(search), True)
        assert line_of(process)

    await eventually(lambda: ids(search), await present(store))
    await search.stop()
    await store.close()
    assert failures == []
    assert sorted(file.name for file in folder.iterdir() if file.is_dir()) == ["0", "1"]


@contextmanager
def changing(url: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that changes and searches a store; killed in the end."""
    command = [sys.executable, "-m", "tests.search.child", url, str(folder)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line that a process prints: something that it has changed was found."""
    assert process.stdout is not None
    return process.stdout.readline()


async def assert_complete(url: str, folder: Path) -> None:
    """Assert that a search in this folder soon finds what the store has, and nothing else."""
    store = await open_store(url, views=VIEWS)
    failures: list[Exception] = []
    search = searching(store, folder, failures)
    await eventually(lambda: ids(search), await present(store))
    await search.stop()
    await store.close()
    assert failures == []


async def has_some(search: object) -> bool:
    found = await ids(search)  # type: ignore[arg-type]
    return isinstance(found, list) and bool(found)


async def present(store: Store) -> list[str]:
    """The ids of all things that the store has."""
    return [one.id for one in await scanned(store, "thing") if THINGS.read(one) is not None]
