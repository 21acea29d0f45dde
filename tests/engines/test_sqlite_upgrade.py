"""A file of the previous layout is upgraded when it is opened, also if it is open elsewhere."""

import gzip
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from gatherlog.core import Document, Recorded, Store
from gatherlog.core.eventstore.errors import LimitExceeded, NotAStore
from gatherlog.core.eventstore.store import KeepsIndexRows
from gatherlog.engines import open_store
from tests.contracts.commits import CARDS, card, commit, documents_of, streams_of, whole_feed
from tests.entrypoints.terminal import gatherlog

LAYOUT_1 = Path(__file__).parent / "files" / "layout-1.db.gz"
"""Five events, four cards with counters, two of them with long index keys, and a key."""
LONG = "x" * 450


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A store that the previous release has made."""
    path = tmp_path / "old.db"
    path.write_bytes(gzip.decompress(LAYOUT_1.read_bytes()))
    return path


async def opened(path: Path) -> Store:
    return await open_store(f"sqlite:///{path}", views=[CARDS], create=False)


def layout(path: Path) -> int:
    connection = apsw.Connection(str(path))
    version = int(connection.execute("PRAGMA user_version").get)
    connection.close()
    return version


def layout_in_the_header(path: Path) -> int:
    """Read in a process of its own, because closing the file would drop the store's locks."""
    program = "import sys; print(open(sys.argv[1], 'rb').read(64)[60:64].hex())"
    command = [sys.executable, "-c", program, str(path)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout, 16)


async def ids(store: Store, table: str) -> list[str]:
    page = await store.query(CARDS.query("by_table", table))
    return [document.id for document in page.documents]


async def test_reading_only_leaves_it_as_it_is(old_file: Path) -> None:
    before = old_file.read_bytes()

    with pytest.raises(NotAStore, match=r"layout of an earlier release; .* gatherlog upgrade"):
        await open_store(f"sqlite:///{old_file}", views=[CARDS], read_only=True)

    assert old_file.read_bytes() == before
    await (await opened(old_file)).close()
    store = await open_store(f"sqlite:///{old_file}", views=[CARDS], read_only=True)
    assert len(await whole_feed(store)) == 5
    with pytest.raises(RuntimeError):
        await store.declare([CARDS])
    await store.close()


async def test_everything_is_still_there(old_file: Path) -> None:
    assert layout(old_file) == 1

    store = await opened(old_file)

    events: list[Recorded] = await whole_feed(store)
    found: list[Document] = await documents_of(store, "card")
    recalled = await store.recall("a key")
    names = [head.stream for head in await streams_of(store, "card")]
    await store.close()
    assert [event.id for event in events] == [f"event-{n}" for n in range(1, 6)]
    assert [(one.id, one.counters) for one in found] == [
        (id, {"seen": 1}) for id in ("d" * 255, "long-a", "long-b", "short")
    ]
    assert names == ["card-1", "card-" + "é" * 250]
    assert recalled is None or recalled.answer == b"kept"
    assert layout(old_file) == 2


async def test_indexes_list_what_had_long_keys(old_file: Path) -> None:
    store = await opened(old_file)

    assert isinstance(store, KeepsIndexRows)
    assert await store.misindexed("card") == ([], None)
    assert [await ids(store, table) for table in ("t", LONG, LONG + "b")] == [
        ["short", "d" * 255],
        ["long-a"],
        ["long-b"],
    ]
    await store.close()


async def test_it_takes_commits_as_any_other(old_file: Path) -> None:
    store = await opened(old_file)

    done = await store.commit(commit("card-1"))
    again = await opened(old_file)

    assert (done.positions, (await again.heads())) == ({0: 6}, (6,))
    assert await card(again, "short") == await card(store, "short")
    await again.close()
    await store.close()


async def test_a_process_of_the_older_release_fails_on_lists_and_does_not_spoil_them(
    old_file: Path,
) -> None:
    older = apsw.Connection(str(old_file))
    moves = "INSERT OR IGNORE INTO document_index VALUES ('card', 'by_table', ?, 'Ben', 'long-b')"
    lists = "SELECT id FROM document_index WHERE view = 'card' AND name = 'by_table'"
    assert len(older.execute(lists).fetchall()) == 4
    store = await opened(old_file)

    with pytest.raises(apsw.SQLError, match="no such table"):
        older.execute(moves, (LONG + "b",))
    with pytest.raises(apsw.SQLError, match="no such table"):
        older.execute(lists)

    older.close()
    assert isinstance(store, KeepsIndexRows)
    assert await store.misindexed("card") == ([], None)
    assert await ids(store, LONG + "b") == ["long-b"]
    await store.close()


async def test_the_older_release_sees_the_layout_in_the_header_at_once(old_file: Path) -> None:
    store = await opened(old_file)

    assert layout_in_the_header(old_file) == 2
    await store.close()


async def test_a_newer_layout_that_is_only_in_the_write_ahead_log_is_refused(
    old_file: Path,
) -> None:
    newer = apsw.Connection(str(old_file))
    newer.execute("PRAGMA wal_autocheckpoint = 0")
    newer.execute("PRAGMA user_version = 3")
    assert layout_in_the_header(old_file) == 1

    with pytest.raises(NotAStore, match=r"newer version of Gatherlog .*: use that"):
        await opened(old_file)
    newer.close()


async def test_a_newer_layout_is_refused(old_file: Path) -> None:
    connection = apsw.Connection(str(old_file))
    connection.execute("PRAGMA user_version = 3")
    connection.close()

    with pytest.raises(NotAStore, match=r"newer version of Gatherlog .*: use that"):
        await opened(old_file)


async def test_a_stream_with_a_longer_name_stays_readable_but_takes_no_more_events(
    old_file: Path,
) -> None:
    name = "card-" + "é" * 250
    store = await opened(old_file)

    with pytest.raises(LimitExceeded, match="stream") as refusal:
        await store.commit(commit(name))

    assert (refusal.value.allowed, refusal.value.found) == (400, 505)
    assert [event.stream for event in await store.read_stream(name)] == [name]
    await store.close()


def test_the_command_upgrades_the_file_and_those_that_only_read_do_not(old_file: Path) -> None:
    folder, copy, store = old_file.parent, old_file.with_name("copy.db"), "sqlite:///old.db"

    assert gatherlog("backup", "copy.db", "--store", store, cwd=folder).status == 0
    assert (layout(old_file), layout(copy)) == (1, 1)
    assert "gatherlog upgrade" in gatherlog("read", "card-1", "--store", store, cwd=folder).err
    assert (layout(old_file), layout(copy)) == (1, 1)
    assert gatherlog("upgrade", "--store", store, cwd=folder).status == 0
    assert gatherlog("read", "card-1", "--store", store, cwd=folder).status == 0
    assert (layout(old_file), layout(copy)) == (2, 1)
