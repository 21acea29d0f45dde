"""What is left in a SQLite file of events that were blanked, if it is not written anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event
from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines import open_store
from gatherlog.engines.sqlite import freed_space
from gatherlog.engines.sqlite.engine import SqliteStore
from gatherlog.engines.sqlite.file import connect

SIZES = [20, 100, 1000, 5000, 30_000]
"""Bytes of data; the longer ones do not fit into one page."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_store(f"sqlite:///{tmp_path}/store.db")
    assert isinstance(store, SqliteStore)
    yield store
    await store.close()


async def written(store: SqliteStore) -> int:
    """Append events of all sizes, each with a mark; how many."""
    for number in range(120):
        data = b'"Lovelace%s"' % (b"." * SIZES[number % len(SIZES)])
        event = Event(f"e{number}", "tests.said", 1, 1, data, meta=b'{"actor":"Lovelace"}')
        await store.commit(Commit(appends=[Append(f"card-{number % 3}", [event])]))
    return 120


def holding(store: SqliteStore, text: bytes) -> list[str]:
    """The files of the store in which the text stands."""
    folder = Path(store.engine.path).parent
    return sorted(path.name for path in folder.iterdir() if text in path.read_bytes())


async def test_blank_events_are_overwritten_in_the_file_as_it_is(store: SqliteStore) -> None:
    count = await written(store)
    assert holding(store, b"Lovelace") != []

    await store.blank(0, range(1, count + 1))
    await store.overwrite_freed(documents=False)

    assert holding(store, b"Lovelace") == []


async def test_a_reader_who_needs_an_earlier_state_is_named_as_the_reason(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = await written(store)
    reader = connect(store.engine.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchall()
    await store.blank(0, range(1, count + 1))
    monkeypatch.setattr(freed_space, "READERS_SECONDS", 0.1)

    with pytest.raises(Busy, match="others have read"):
        await store.overwrite_freed(documents=False)

    reader.close()
    await store.overwrite_freed(documents=False)
    assert holding(store, b"Lovelace") == []
