"""An index beside a store that was restored from an older copy is built anew."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.engines import open_store
from gatherlog.search import IndexedSearch
from tests.search.shop import VIEWS, Desk, Things, ids, searching
from tests.stores import eventually


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[Store, Desk]]:
    store = await open_store(f"sqlite:///{file}", views=VIEWS)
    yield store, Desk(store)
    await store.close()


async def found(store: Store, folder: Path, expected: list[str]) -> tuple[IndexedSearch, Things]:
    """A search that finds what is expected, and its source."""
    source = Things(store)
    search = searching(store, folder, [], source)
    await eventually(lambda: ids(search), expected)
    return search, source


@pytest.mark.parametrize("later", [0, 1, 5], ids=["shorter", "as long", "longer"])
async def test_what_was_lost_is_not_found_and_what_came_instead_is(
    tmp_path: Path, later: int
) -> None:
    file, folder = tmp_path / "shop.db", tmp_path / "shop.search"
    async with opened(file) as (_, desk):
        await desk.thing("one", "piano")
    shutil.copy(file, tmp_path / "copy.db")
    async with opened(file) as (store, desk):
        await desk.thing("lost", "violin")
        search, _ = await found(store, folder, ["lost", "one"])
        await search.stop()
    shutil.copy(tmp_path / "copy.db", file)

    async with opened(file) as (store, desk):
        for number in range(later):
            await desk.thing(f"new {number}", "flute")
        expected = [*(f"new {number}" for number in range(later)), "one"]
        search, source = await found(store, folder, expected)
        await search.stop()

    assert source.builds == 1


async def test_a_copy_that_has_everything_needs_no_new_index(tmp_path: Path) -> None:
    file, folder = tmp_path / "shop.db", tmp_path / "shop.search"
    async with opened(file) as (store, desk):
        await desk.thing("one", "piano")
        search, _ = await found(store, folder, ["one"])
        await search.stop()
    shutil.copy(file, tmp_path / "copy.db")

    async with opened(tmp_path / "copy.db") as (store, desk):
        await desk.thing("two", "violin")
        search, source = await found(store, folder, ["one", "two"])
        await search.stop()

    assert source.builds == 0
