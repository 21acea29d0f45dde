"""A store that the last release made: read as it is, upgraded ahead, or while it is served."""

import asyncio
import json
import lzma
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import DiskFull
from gatherlog.engines.sqlite.file import FileLock
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal
from tests.stores import eventually

MADE = Path(__file__).parents[1] / "last_release" / "store.db.xz"
STORE = Path("gatherlog.db")
UNBUILT = "Not built: gathering, guest; `gatherlog upgrade` builds them."
READING: Sequence[str] = (
    *("verify", "read gathering-default", "subscriptions list", "subscriptions show logs"),
    *("key list", "gathering list", "queues list", "dead-letters list"),
    *("rules list", "retention list", "things list", "messages list-tables"),
)


@pytest.fixture
def old(here: Path) -> Path:
    """The store of the last release, in the working directory."""
    STORE.write_bytes(lzma.decompress(MADE.read_bytes()))
    return here / STORE


def change(sql: str) -> None:
    with closing(sqlite3.connect(STORE)) as store, store:
        store.execute(sql)


@pytest.mark.parametrize("command", READING)
def test_a_command_that_only_reads_writes_nothing(
    old: Path, terminal: Terminal, command: str
) -> None:
    before = old.read_bytes()

    result = terminal(*command.split())

    assert "Traceback" not in result.err
    assert old.read_bytes() == before
    assert {one.name for one in old.parent.iterdir()} == {STORE.name}


@pytest.mark.parametrize("command", ["verify", "subscriptions list", "read gathering-default"])
def test_a_file_in_a_folder_that_nobody_may_write_to_can_be_read(
    old: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As root, who runs the tests perhaps, may write anywhere, only the answer is changed."""
    monkeypatch.setattr("os.access", lambda path, mode: mode != 2)
    old.chmod(0o400)

    result = terminal(*command.split())

    assert (result.status, "Traceback" in result.err) == (int(command == "verify"), False)
    assert [one.name for one in old.parent.iterdir()] == [STORE.name]


def test_verify_names_what_is_not_built_and_upgrade_builds_it(
    old: Path, terminal: Terminal
) -> None:
    before = terminal("verify")
    assert before.status == 1
    assert before.err.splitlines()[-1] == UNBUILT

    assert json.loads(terminal("upgrade", "--json").out) == {"built": ["gathering", "guest"]}

    again = terminal("upgrade")
    assert (again.status, again.out) == (
        0,
        "sqlite:///gatherlog.db is at this release. There was nothing to build.\n",
    )
    after = terminal("verify")
    assert (after.status, after.err.splitlines()[0]) == (
        0,
        "3 streams, 12 events, 12 documents: 0 differ",
    )
    assert terminal("export", "out.csv", "--gathering", "default").status == 0
    assert Path("out.csv").read_text().count("@example.org") == 5


def test_documents_of_subscriptions_and_those_that_follow_from_no_event_are_built_too(
    old: Path, terminal: Terminal
) -> None:
    names = ("log", "activity", "checkpoint", "lease", "gathering", "guest")
    change(f"UPDATE view SET version = 0 WHERE name IN {names}")

    assert json.loads(terminal("upgrade", "--json").out) == {"built": sorted(names)}

    assert terminal("verify").status == 0
    assert "events behind: 0\n" in terminal("subscriptions", "show", "logs").out


def test_a_paused_subscription_is_named(old: Path, terminal: Terminal) -> None:
    assert terminal("upgrade").status == 0
    change("UPDATE view SET version = 0 WHERE name = 'log'")
    change(
        "UPDATE document SET body = CAST(replace(CAST(body AS TEXT), '\"paused\":false',"
        " '\"paused\":true') AS BLOB) WHERE view = 'checkpoint' AND id = 'logs/0'"
    )

    result = terminal("upgrade")

    assert result.status == 1
    assert result.err == (
        "gatherlog: the subscription logs is paused, so its views cannot be built; go on with "
        "gatherlog subscriptions resume logs\n"
    )


def test_a_store_with_views_of_another_program_names_them(old: Path, terminal: Terminal) -> None:
    change("INSERT INTO view VALUES ('my_own', 1, x'5b5d')")

    assert "Views of other programs were not compared: my_own." in terminal("verify").err


BAD: Mapping[str, tuple[Callable[[], object], str]] = {
    "gone": (STORE.unlink, "there is no store"),
    "empty": (lambda: STORE.write_bytes(b""), "there is an empty file"),
    "newer layout": (lambda: change("PRAGMA user_version = 99"), "newer version of Gatherlog"),
    "newer view": (
        lambda: change("UPDATE view SET version = 99 WHERE name = 'guest'"),
        "use a newer version of the program",
    ),
}


@pytest.mark.parametrize("command", ["upgrade", "verify", "subscriptions list"])
@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_upgraded_is_said_in_a_line(
    old: Path, terminal: Terminal, command: str, bad: str
) -> None:
    spoil, reason = BAD[bad]
    spoil()

    result = terminal(*command.split())

    assert (result.status, result.out) == (1, "")
    assert re.fullmatch(f"gatherlog: .*{reason}.*\n", result.err)


def test_a_store_that_another_program_holds_is_busy(
    old: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatherlog.engines.sqlite.upkeep.LOCK_SECONDS", 0.1)
    monkeypatch.setattr("gatherlog.engines.sqlite.writer.LOCK_SECONDS", 0.1)
    with closing(FileLock(str(old))) as other:
        other.acquire()

        result = terminal("upgrade")

    assert (result.status, result.out) == (1, "")
    assert re.fullmatch("gatherlog: .*try again in a moment\n", result.err)


@pytest.mark.parametrize(
    ("wrong", "status", "told"),
    [
        (DiskFull("no room"), 1, "no room; free some space and run the command again"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
    ids=["full", "interrupted"],
)
def test_an_upgrade_that_broke_off_is_started_again(
    old: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    wrong: BaseException,
    status: int,
    told: str,
) -> None:
    async def breaks_off(*arguments: object, **options: object) -> list[str]:
        raise wrong

    with monkeypatch.context() as patched:
        patched.setattr("gatherlog.core.subscriptions.view_builder.build_views", breaks_off)
        result = terminal("upgrade")
    assert (result.status, result.err) == (status, f"gatherlog: {told}\n")

    assert json.loads(terminal("upgrade", "--json").out) == {"built": ["gathering", "guest"]}


def test_serve_refuses_to_start_where_it_is_told_so(
    old: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_UNBUILT_VIEWS", "refuse")

    result = terminal("serve", "--port", "0")

    assert (result.status, result.out) == (1, "")
    assert "views of this release are not built (gathering, guest); run gatherlog upgrade" in (
        result.err
    )
    monkeypatch.setenv("GATHERLOG_UNBUILT_VIEWS", "perhaps")
    assert terminal("serve").err == (
        "gatherlog: GATHERLOG_UNBUILT_VIEWS: 'perhaps' is neither build, leave nor refuse\n"
    )


async def test_it_is_upgraded_while_it_serves(old: Path) -> None:
    platform = await start(Settings(store=f"sqlite:///{old}", rate_limits="off"))
    key = await platform.keys.create("operator", None, "", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as api:
        assert "gathering, guest" in (await api.get("/readyz")).json()["detail"]

        async def answer(number: int) -> int:
            name = {"first_name": f"New{number}", "last_name": "Guest"}
            made = await api.post("/guests", json=name)
            yes = {"attending": True, "num_guests": 1}
            return (await api.post(f"/guests/{made.json()['id']}/rsvp", json=yes)).status_code

        async with platform.serving():
            answers = await asyncio.gather(*(answer(number) for number in range(20)))

            async def is_ready() -> int:
                return (await api.get("/readyz")).status_code

            await eventually(is_ready, 200)
        assert set(answers) == {200}
        assert len((await api.get("/guests?limit=100")).json()) == 25
    await platform.stop()
