"""Opening a file: what is left of another store, several makers at once, and WAL mode."""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import open_store
from tests.contracts.commits import commit, whole_stream
from tests.contracts.engines import Place
from tests.engines.child import children

WAL = b"\x02\x02"
"""Bytes 18 and 19 of the header of a file that is in WAL mode."""


def mode_of(path: Path) -> bytes:
    return path.read_bytes()[18:20]


async def lose_the_file(place: Place) -> bytes:
    """Delete the file of a store, and leave its write-ahead log; the bytes of that."""
    store = await place.open()
    for number in range(20):
        await store.commit(commit(f"card-{number}"))
    wal = place.path.with_name("store.db-wal")
    waiting = wal.read_bytes()
    await store.close()
    place.path.unlink()
    wal.write_bytes(waiting)
    return waiting


@pytest.mark.parametrize("how", ["gone", "empty"])
async def test_a_write_ahead_log_without_its_file_is_refused_by_name_and_untouched(
    place: Place, how: str
) -> None:
    waiting = await lose_the_file(place)
    if how == "empty":
        place.path.touch()

    with pytest.raises(NotAStore, match=r"store\.db-wal is left of a store that is gone"):
        await place.open()

    assert place.path.with_name("store.db-wal").read_bytes() == waiting
    assert place.path.exists() == (how == "empty")
    assert how == "gone" or place.path.stat().st_size == 0


async def test_an_empty_write_ahead_log_without_its_file_does_no_harm(place: Place) -> None:
    place.path.with_name("store.db-wal").touch()

    assert await (await place.open()).heads() == (0,)


async def test_processes_that_make_one_store_over_an_empty_file_make_one(place: Place) -> None:
    times, count = 100, 3
    for number in range(times):
        place.path.with_name(f"store.db.{number}").touch()

    async with children(count, "open_for_each_line", place.path, times=times) as started:
        made = []
        for _ in range(times):
            for child in started:
                child.go()
            made.append([await child.line() for child in started])

    found = []
    for number in range(times):
        store = await open_store(f"{place.url}.{number}", create=False)
        found.append(([store.id] * count, await store.heads()))
        await store.close()
    assert found == [(ids, (count,)) for ids in made]


async def test_opening_and_closing_from_four_processes_never_fails(place: Place) -> None:
    async with children(4, "open_and_close", place.path, seconds=2.0) as started:
        for child in started:
            child.go()
        results = await asyncio.gather(*[child.results() for child in started])

    [*times] = [number for [number] in results]
    store = await place.open()
    assert min(times) > 0
    assert len(await whole_stream(store, "card-1")) == sum(times)


async def test_a_journal_mode_that_was_changed_is_set_again_at_open(place: Place) -> None:
    await (await place.open()).close()
    with sqlite3.connect(place.path) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    other.close()
    assert mode_of(place.path) != WAL

    store = await place.open()

    assert mode_of(place.path) == WAL
    await store.commit(commit("card-1", events=500))
    outcomes = await asyncio.gather(
        *[store.read_feed(0, after=0, limit=10_000) for _ in range(20)],
        *[store.commit(commit("card-2")) for _ in range(20)],
        return_exceptions=True,
    )
    assert Counter(isinstance(outcome, Exception) for outcome in outcomes) == {False: 40}


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:///"])
async def test_a_store_without_a_file_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NotAStore, match="a file is named as"):
        await open_store(url)

    assert list(tmp_path.iterdir()) == []
