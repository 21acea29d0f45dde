"""The script of the timer copies a store in use and keeps the newest; the how-to restores it."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatherlog.apps.people.rsa_key import RsaKey
from tests.deploy.proxied import DEPLOY
from tests.entrypoints.terminal import environment, gatherlog, running

PROGRAM = str(Path(sys.executable).parent / "gatherlog")
HOW_TO = DEPLOY.parent / "docs" / "how-to" / "put-it-on-the-internet.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new store and its key."""
    folder = tmp_path_factory.mktemp("made")
    assert gatherlog("init", "--store", "sqlite:///gatherlog.db", cwd=folder).status == 0
    key = folder / "gatherlog.db.key"
    key.write_bytes(RsaKey.generate().pem())
    key.chmod(0o600)
    return folder


@pytest.fixture
def store(tmp_path: Path, made: Path) -> str:
    """The address of a store of the test's own, beside a folder for copies."""
    shutil.copytree(made, tmp_path / "site")
    (tmp_path / "copies").mkdir()
    return f"sqlite:///{tmp_path}/site/gatherlog.db"


def key_in(folder: Path) -> bytes:
    return (folder / "gatherlog.db.key").read_bytes()


def run(*arguments: str, cwd: Path, **variables: str) -> tuple[int, str]:
    """The status that a shell ends with, and what it complains about."""
    done = subprocess.run(
        ["sh", *arguments],
        cwd=cwd,
        env=environment(GATHERLOG_PROGRAM=PROGRAM, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def backup(folder: Path, store: str, *arguments: str) -> tuple[int, str]:
    return run(str(DEPLOY / "bin" / "backup"), *arguments, cwd=folder, GATHERLOG_STORE=store)


def test_the_newest_copies_are_kept_and_the_key_beside_them(tmp_path: Path, store: str) -> None:
    copies = tmp_path / "copies"
    for day in ("20200101T000000Z", "20200102T000000Z", "20200103T000000Z"):
        (copies / f"gatherlog-{day}.db").touch()

    assert backup(tmp_path, store, str(copies), "2") == (0, "")
    old, new = sorted(copies.glob("gatherlog-*.db"))
    assert (old.name, new.stat().st_size > 0) == ("gatherlog-20200103T000000Z.db", True)
    assert key_in(copies) == key_in(tmp_path / "site")


def test_a_copy_that_fails_removes_no_other_and_says_why(tmp_path: Path, store: str) -> None:
    copies = tmp_path / "copies"
    (copies / "gatherlog-20200101T000000Z.db").touch()
    status, complaint = backup(tmp_path, "sqlite:///missing.db", str(copies), "0")

    assert (status, "missing.db" in complaint) == (1, True)
    assert [file.name for file in copies.iterdir()] == ["gatherlog-20200101T000000Z.db"]


def test_the_how_to_restores_the_newest_copy(tmp_path: Path, store: str) -> None:
    invite = ("import", "-", "--yes", "--store", store)
    with running("serve", "--port", "0", "--store", store, cwd=tmp_path) as server:
        server.read_until("Gatherlog serves")
        gatherlog(*invite, cwd=tmp_path, stdin=b"Name\nAda Winter\n")
        assert backup(tmp_path, store, str(tmp_path / "copies")) == (0, "")
        gatherlog(*invite, cwd=tmp_path, stdin=b"Name\nToo Late\n")
        server.stop(signal.SIGKILL)
    key = key_in(tmp_path / "site")
    (tmp_path / "site" / "gatherlog.db.key").unlink()  # as on a new machine

    assert run("-euc", restoring(tmp_path), cwd=tmp_path) == (0, "")
    guests = gatherlog("export", "--store", store, cwd=tmp_path).out
    assert ("Ada" in guests, "Too" in guests) == (True, False)
    assert key_in(tmp_path / "site") == key


def restoring(folder: Path) -> str:
    """The lines of the how-to, about these folders, and without services and users."""
    blocks = re.findall(r"^```sh\n(.*?)^```", HOW_TO.read_text(), re.M | re.S)
    (lines,) = [block for block in blocks if "newest=" in block]
    assert lines.count("systemctl") == 2
    return (
        re.sub(r"^systemctl .*$", "", lines, flags=re.M)
        .replace("-o gatherlog -g gatherlog ", "")
        .replace("/var/lib/gatherlog", f"{folder}/site")
        .replace("/var/backups/gatherlog", f"{folder}/copies")
    )


def test_the_command_of_the_site_has_its_settings(tmp_path: Path, store: str) -> None:
    settings = tmp_path / "gatherlog.env"
    changed = f'GATHERLOG_STORE="{store}"'
    example = (DEPLOY / "gatherlog.env").read_text()
    settings.write_text(re.sub(r"^GATHERLOG_STORE=.*$", changed, example, flags=re.M))
    runuser = tmp_path / "runuser"  # it becomes another user only on a machine that has that user
    runuser.write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    runuser.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    command = (str(DEPLOY / "bin" / "gatherlog"), "export")

    done = run(*command, cwd=tmp_path, GATHERLOG_SETTINGS=str(settings), PATH=path)
    without = run(*command, cwd=tmp_path, GATHERLOG_SETTINGS=f"{settings}.missing", PATH=path)
    assert done == (0, "")
    assert without == (1, f"gatherlog: {settings}.missing cannot be read; run this with sudo\n")
