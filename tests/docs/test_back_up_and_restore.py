"""The how-to on backups, followed line by line on a store that is in use."""

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.entrypoints.terminal import gatherlog, running

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "back-up-and-restore.md"
BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
STORE = ("--store", "sqlite:///gatherlog.db")


def blocks() -> list[str]:
    """Its shell lines, block by block."""
    return [dedent(block) for _, block in BLOCK.findall(DOCUMENT.read_text())]


def type_in(block: str, folder: Path) -> str:
    """Run a block in a shell in which `gatherlog` is on the PATH; what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", block],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def invite(names: str, folder: Path) -> None:
    (folder / "guests.csv").write_text(f"first_name,last_name\n{names}")
    done = gatherlog("import", "guests.csv", "--yes", *STORE, cwd=folder)
    assert done.status == 0, done.err


def everything(folder: Path) -> tuple[str, str]:
    """The gathering's events, and the guest list."""
    log = gatherlog("read", "gathering-default", *STORE, cwd=folder)
    return log.out, gatherlog("export", *STORE, cwd=folder).out


def test_the_document_backs_up_looks_restores_and_starts() -> None:
    assert [block.split()[:2] for block in blocks()] == [
        ["gatherlog", "backup"],
        ["gatherlog", "read"],
        ["test", "!"],
        ["rm", "-f"],
        ["gatherlog", "serve"],
    ]


def test_its_lines_restore_what_was_there_when_they_backed_up(tmp_path: Path) -> None:
    back_up, look, keep_key, restore, start = blocks()
    with running("serve", "--port", "0", *STORE, cwd=tmp_path) as serving:
        serving.read_until("http://")
        invite("Ada,Winter\nZoë,Li\n", tmp_path)
        then = everything(tmp_path)
        assert "copied to copy.db" in type_in(back_up, tmp_path)
        gatherlog("signin", "ada@example.org", *STORE, cwd=tmp_path)
        key = (tmp_path / "gatherlog.db.key").read_bytes()
        type_in(keep_key, tmp_path)
        invite("Too,Late\n", tmp_path)
        assert everything(tmp_path) != then
        serving.stop(signal.SIGKILL)
    assert (tmp_path / "gatherlog.db-wal").stat().st_size > 0

    assert type_in(look, tmp_path).splitlines() == then[0].splitlines()[-1:]
    (tmp_path / "gatherlog.db.key").unlink()  # as on a new machine
    type_in(restore, tmp_path)

    assert everything(tmp_path) == then
    assert (tmp_path / "gatherlog.db.key").read_bytes() == key
    assert stat.S_IMODE((tmp_path / "gatherlog.db.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "gatherlog.db").stat().st_mode) == 0o600
    _, *arguments = start.split()
    with running(*arguments, "--port", "0", cwd=tmp_path) as serving:
        serving.read_until("http://")
        invite("In,Time\n", tmp_path)
        assert serving.stop(signal.SIGTERM) == 0
    log, guests = everything(tmp_path)
    assert log.startswith(then[0])
    assert ("Too" in guests, "In" in guests) == (False, True)
