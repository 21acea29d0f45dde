"""Every failure is one line on stderr that says what to do, and a status; never a traceback."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gatherlog.core.eventstore.errors import Busy, DiskFull
from gatherlog.entrypoints.cli.failures import describe
from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import COMMAND, environment, gatherlog

USAGE = [
    (["read"], "gatherlog read --help"),
    (["dance"], "gatherlog --help"),
    (["read", "x", "--limit", "many"], "gatherlog read --help"),
    *[
        (["read", "x", "--limit", number], f"--limit: {number!r} is not a whole number")
        for number in ("1.5", "1.0", "1_0", "0x10", "\N{ARABIC-INDIC DIGIT THREE}", "9" * 5_000)
    ],
    (["serve", "--port", "80.5"], "--port: '80.5' is not a whole number"),
    (["fake", "users", "--count", "1.5"], "--count: '1.5' is not a whole number"),
    (["retention", "set", "r", "--log", "l", "--days", "1.5"], "'1.5' is not a whole number"),
    (["erase", "account", "a@example.org"], "`gatherlog account a@example.org` prints it"),
    (["intake", "file", "--queue", "orders"], "name either a FILE or a queue"),
    (["read", "x", "--limit", "0"], "--limit is 0: write 1 or more"),
    (["read", "x", "--after", "-1"], "--after is -1: a version is a number from 0 to"),
    (["read", "x", "--after", str(2**63)], f"--after is {2**63}: a version is a number from 0"),
    (["read", "x\udcff"], "'x\\udcff' is not valid UTF-8"),
    (["export", "--gathering", "x\udcff"], "'x\\udcff' is not valid UTF-8"),
    (["key", "revoke", "x\udcff"], "'x\\udcff' is not valid UTF-8"),
    (["tail", "--after", "soon"], "--after is 'soon': write a position, a whole number like 42"),
    (["tail", "--after", ""], "--after is '': write a position"),
    (["tail", "--after", "-1"], "--after is '-1': write a position"),
    (["tail", "--after", "1_0"], "--after is '1_0': write a position"),
    (
        ["tail", "--after", "1,2"],
        "--after is '1,2': write one position; this store has one partition",
    ),
    (["tail", "--after", "99"], "--after is 99; the log ends at 1"),
    (["link"], "name the guests, by id or e-mail address, or write --all"),
    (["link", "x", "--all"], "name the guests, by id or e-mail address, or write --all"),
    (["link", "--all"], "nobody is here to ask; confirm with --yes"),
    (
        ["gathering", "--capacity", "many"],
        "--capacity is 'many'; write a number of people, or none",
    ),
    (["gathering", "--deadline", "soon"], "nothing was changed: --deadline should be a date like"),
    (["gathering", "--zone", "Mars"], "--zone is not an IANA time zone"),
    (["gathering", "--name", " "], "--name is missing or blank"),
    (["tail", "--after", "1", "--from-start"], "exclude each other"),
    (["serve", "--port", "70000"], "port: 70000 is not between 0 and 65535"),
    (["serve", "--port", "http"], "gatherlog serve --help"),
    (
        ["read", "x", "--store", "mysql://host"],
        "use sqlite:///file.db, postgresql://user@host/database, dynamodb://table",
    ),
    (["key", "create"], "--role"),
    (["key", "create", "--role", "king"], "gatherlog key create --help"),
    (["key", "create", "--role", "host"], "--gathering ID"),
    (["key", "create", "--role", "operator", "--gathering", "default"], "--role host"),
    (["backup", "nowhere/copy.db"], "no directory nowhere"),
    (["backup", "copy.db", "--store", "memory:"], "name a file"),
    (["backup", "sqlite:///copy.db"], "write a path, not the address of a store"),
    (["gathering", "dance"], 'unknown command "dance"'),
    (["init", "twice"], 'unexpected argument "twice"'),
    (["read", "x", "y"], 'unexpected argument "y"'),
    (["subscriptions", "reset", "bus", "--to", "99"], "--to is 99; the log ends at 1"),
    (["subscriptions", "reset", "bus", "--to", "1,2"], "--to is '1,2': write one position"),
    (["rules", "try", "--pattern", "{}"], "gatherlog: --pattern: Empty objects"),
    (["rules", "try", "--pattern", '{"type": ["x"]}', "--last", "0"], "gatherlog: --last: from 1"),
    (["tail", "--pattern", '{"type": "x"}'], "gatherlog: --pattern: type: "),
    (["append", "users", "t"], "gatherlog: STREAM: 'users' is not a stream"),
    (["append", "users-1", ""], "gatherlog: TYPE: an event's type is empty"),
    (["append", "users-1", "t", "--subject", "\0"], "gatherlog: --subject: an event's subject has"),
    (["read", "x", "--store", "hostile:x"], "named by a whole number, as in hostile:7"),
    (["key", "create", "--role", "operator", "--store", "memory:"], "name a file"),
    (["import", "list.csv", "--store", "memory:"], "name a file"),
]


@pytest.mark.parametrize(("arguments", "advice"), USAGE)
def test_wrong_usage_ends_with_2_and_one_line(
    party: Terminal, here: Path, arguments: list[str], advice: str
) -> None:
    (here / "list.csv").write_text("Name\nAda Lovelace\n")

    status, out, err = party(*arguments)

    assert (status, out, err.count("\n"), err.startswith("gatherlog: ")) == (2, "", 1, True)
    assert advice in err


FAILURES = [
    (["read", "nix"], "there is no stream 'nix'"),
    (
        ["read", "x", "--store", "sqlite:///none.db"],
        "make a store: gatherlog init --store sqlite:///none.db",
    ),
    (
        ["tail", "--store", "sqlite:///none.db"],
        "make a store: gatherlog init --store sqlite:///none.db",
    ),
    (["export", "--store", "sqlite:///none.db"], "there is no store"),
    (["import", "list.csv", "--store", "sqlite:///none.db"], "gatherlog init --store"),
    (["key", "list", "--store", "sqlite:///none.db"], "gatherlog init --store"),
    (["link", "x", "--store", "sqlite:///none.db"], "gatherlog init --store"),
    (["link", "x"], "there is no guest 'x' in the gathering 'default'; no link was made"),
    (["gathering", "--store", "sqlite:///none.db"], "gatherlog init --store"),
    (["gathering", "--gathering", "none"], "none"),
    (["import", "none.csv"], "none.csv: no such file or directory"),
    (["import", "."], ".: is a directory"),
    (["import", "list.csv", "--gathering", "none"], "none"),
    (["export", "--gathering", "none"], "none"),
    (["key", "revoke", "none"], "there is no key 'none'"),
    (["key", "create", "--role", "host", "--gathering", "none"], "none"),
    (["init", "--store", "sqlite:///list.csv"], "is not a Gatherlog store"),
    (["serve", "--store", "sqlite:///list.csv", "--port", "0"], "is not a Gatherlog store"),
    (["init", "--store", "sqlite:///no/where.db"], "there is no directory no"),
    (["export", "list.csv"], "list.csv: file exists"),
]


@pytest.mark.parametrize(("arguments", "reason"), FAILURES)
def test_a_failure_ends_with_1_and_one_line(
    party: Terminal, here: Path, arguments: list[str], reason: str
) -> None:
    (here / "list.csv").write_text("Name\nAda Lovelace\n")

    status, out, err = party(*arguments)

    assert (status, out, err.count("\n"), err.startswith("gatherlog: ")) == (1, "", 1, True)
    assert reason in err
    assert (here / "list.csv").read_text() == "Name\nAda Lovelace\n"


def as_mere_owner() -> list[str]:
    """The words before a command so that permissions hold for it, even if root runs the tests."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("nothing is forbidden to root, and setpriv is not there to change that")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["import", "list.csv"], "list.csv: permission denied"),
        (["init", "--store", "sqlite:///closed/x.db"], "closed/x.db: permission denied"),
        (["demo"], ".demo/lock: permission denied"),
    ],
)
def test_missing_permissions_are_reported(
    party: Terminal, here: Path, arguments: list[str], shown: str
) -> None:
    (here / "list.csv").touch(mode=0o000)
    (here / "closed").mkdir(mode=0o500)
    (here / ".demo").mkdir(mode=0o500)
    done = subprocess.run(
        [*as_mere_owner(), *COMMAND, *arguments],
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    advice = "run it as the owner, or name another place"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.lower() == f"gatherlog: {shown}; {advice}\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_under_the_output_is_a_failure(party: Terminal, here: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "read", "gathering-default"],
            cwd=here,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (
        1,
        "gatherlog: no space left on device; free some space and run the command again\n",
    )


def test_a_closed_pipe_is_no_failure(party: Terminal, here: Path) -> None:
    guests = "".join(f"Guest Number{n:04}\n" for n in range(2000))
    party("import", "-", "--yes", stdin=f"Name\n{guests}".encode())
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run(
        [*COMMAND, "read", "gathering-default"],
        cwd=here,
        env=environment(),
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert reader.stdin is not None
    reader.stdin.close()

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_mistake_in_an_environment_variable_is_named(here: Path) -> None:
    status, out, err = gatherlog("init", cwd=here, GATHERLOG_STORE="postgres://")

    assert (status, out) == (2, "")
    assert "'postgres://'" in err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DiskFull("no room is left"), "no room is left; free some space and run the command again"),
        (Busy("the store is locked"), "the store is locked; try again in a moment"),
        (OSError(errno.EIO, "Input/output error", "x.db"), "x.db: input/output error"),
    ],
)
def test_errors_of_the_store_come_with_advice(error: Exception, line: str) -> None:
    assert describe(error) == (line, 1)


def test_an_unexpected_error_is_not_hidden() -> None:
    assert describe(TypeError("oops")) is None
