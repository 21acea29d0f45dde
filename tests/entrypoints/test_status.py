"""The command status: each trouble is found by it alone; and commands that ask a running site."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import gatherlog, running
from tests.entrypoints.test_routing import SIGNUPS, until

LONG = "https://hooks.invalid/" + "very-long-secret/" * 12


def test_that_nobody_reads_is_found(party: Terminal) -> None:
    told = party("status")

    assert (told.status, told.err) == (1, "")
    assert told.out.startswith("1 trouble:\nnobody_reads: Nobody reads the subscriptions: ")
    assert "Start gatherlog serve or gatherlog work" in told.out


def test_an_index_that_is_not_built_is_found_with_what_to_do(party: Terminal, here: Path) -> None:
    with closing(sqlite3.connect(here / "gatherlog.db")) as file, file:
        file.execute("UPDATE view SET version = version - 1 WHERE name = 'gathering'")

    told = party("status")

    assert told.status == 1
    assert "view_unbuilt (gathering): " in told.out
    assert "if none runs: gatherlog upgrade\n" in told.out


def test_a_receiver_that_is_dead_is_found_and_what_waits_is_told_to_programs(
    party: Terminal, here: Path
) -> None:
    """Its name is one that is reserved for names that do not exist."""
    made = party("rules", "add", "down", "--pattern", SIGNUPS, "--webhook", LONG)
    other = party("rules", "add", "off", "--pattern", SIGNUPS, "--webhook", f"{LONG}x")
    for n in range(5):
        party("append", f"users-{n}", "signup", "{}")
    with running("work", cwd=here) as worker:
        worker.read_until("Working for")
        told = until(
            lambda: party("status").out, "destination_fails: All deliveries to down/target"
        )
        status = json.loads(party("status", "--json").out)
        shown = party("subscriptions", "show", "bus").out
    rules = party("rules", "list").out

    assert "hooks.invalid has no address" in made.err + other.err
    assert "Mend the receiver" in told
    [down] = [one for one in status["destinations"] if one["rule"] == "down"]
    assert (down["subscription"], down["rule"], down["held"]) == ("bus", "down", True)
    assert down["oldest_seconds"] > 0
    assert {one["code"] for one in status["troubles"]} == {"destination_fails"}
    assert "…" not in shown  # a reason is whole in a pipe
    marks = re.findall(r"https://hooks\.invalid/…([0-9a-f]{4})", rules)
    assert (len(set(marks)), "secret" in rules) == (2, False)


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("gone.db", "there is no store at sqlite:///gone.db"),
        ("text.db", "text.db is not a Gatherlog store"),
        ("newer.db", "made or upgraded by a newer version of Gatherlog"),
    ],
)
def test_the_status_of_a_store_that_cannot_be_opened_is_one_clear_line(
    party: Terminal, here: Path, store: str, said: str
) -> None:
    (here / "text.db").write_text("hello")
    (here / "newer.db").write_bytes((here / "gatherlog.db").read_bytes())
    with closing(sqlite3.connect(here / "newer.db")) as file:
        file.execute("PRAGMA user_version = 99")

    told = party("status", "--store", f"sqlite:///{store}")

    assert (told.status, told.out, told.err.count("\n")) == (1, "", 1)
    assert said in told.err


def test_the_status_of_a_locked_store_is_one_clear_line(party: Terminal, here: Path) -> None:
    with closing(sqlite3.connect(here / "gatherlog.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = exclusive")
        other.execute("BEGIN EXCLUSIVE")
        told = gatherlog("status", cwd=here)

    assert (told.status, told.out) == (1, "")
    assert told.err == "gatherlog: the store is locked by another process; try again in a moment\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["su"], "subscriptions"),
        (["subscriptions", "pa"], "pause"),
        (["status", "--u"], "--url"),
    ],
)
def test_a_shell_completes_commands_and_options(
    terminal: Terminal, here: Path, typed: list[str], completed: str
) -> None:
    (here / "complete").write_text(terminal("completion", "bash").out)
    script = f"""source complete
        COMP_WORDS=(gatherlog {" ".join(typed)}); COMP_CWORD={len(typed)}
        _gatherlog gatherlog; echo "${{COMPREPLY[@]}}" """

    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == f"{completed}\n"


def test_a_comparison_tells_programs_how_much_was_compared(party: Terminal) -> None:
    told = json.loads(party("verify", "--json").out)["counts"]

    assert (told["streams"], told["documents"], told["differences"]) == (1, 1, 0)
    assert told["streams_of_others"] == {}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A running server's address, and the key of its operator."""
    folder = tmp_path_factory.mktemp("site")
    assert gatherlog("init", cwd=folder).status == 0
    made = gatherlog("key", "create", "--role", "operator", "--json", cwd=folder)
    key = str(json.loads(made.out)["secret"])
    with running("serve", "--port", "0", cwd=folder, GATHERLOG_RATE_LIMITS="off") as server:
        found = re.search(r"http://[0-9.:]+", server.read_until("http://"))
        assert found is not None
        yield found[0], key


@pytest.fixture
def remote(terminal: Terminal, site: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The terminal in a directory without a store; the environment names the site."""
    monkeypatch.setenv("GATHERLOG_URL", site[0])
    monkeypatch.setenv("GATHERLOG_KEY", site[1])
    return terminal


def test_a_running_site_is_asked_and_steered_from_elsewhere(remote: Terminal) -> None:
    until(lambda: remote("status").out, "Nothing is wrong.")
    add = ["rules", "add", "a/b", "--pattern", SIGNUPS, "--append", "copies-1", "--json"]
    wrong = remote(*add)
    add[2] = "copy"
    made = json.loads(remote(*add).out)

    assert (wrong.status, wrong.err.startswith("gatherlog: NAME")) == (2, True)
    assert json.loads(remote("rules", "list", "--json").out) == [made]
    assert json.loads(remote("rules", "show", "copy").out) == made
    assert made["created_at"].endswith("Z")
    assert remote("rules", "disable", "copy").status == 0
    assert "copy  off    append copies-1" in remote("rules", "list").out
    assert remote("subscriptions", "pause", "bus").status == 0
    until(lambda: remote("subscriptions", "show", "bus").out, "bus is paused")
    until(lambda: remote("status").out, "paused: bus is paused")
    assert remote("subscriptions", "resume", "bus").status == 0
    assert remote("subscriptions", "reset", "logs", "--to", "7").status == 2
    assert remote("queues", "list", "--json").out == "[]\n"
    assert remote("dead-letters", "list", "--json").out == "[]\n"
    assert remote("rules", "remove", "copy").out == "Rule copy is removed.\n"
    assert remote("rules", "show", "copy").err == "gatherlog: there is no rule 'copy'\n"


def test_a_store_and_a_site_give_programs_the_same_shape(remote: Terminal, here: Path) -> None:
    assert remote("init", "--store", "sqlite:///own.db").status == 0

    for command in (["subscriptions", "list"], ["status"], ["subscriptions", "show", "bus"]):
        there = json.loads(remote(*command, "--json").out)
        own = json.loads(remote(*command, "--json", "--store", "sqlite:///own.db").out)
        if isinstance(there, list):
            there, own = there[0], own[0]
        assert (here / "own.db").exists()
        assert there.keys() == own.keys()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["status", "--key", "wrong"], 1, "does not know this key"),
        (["status", "--url", "ftp://x"], 2, "is not the address of a site"),
        (["status", "--url", "http://u:p@x"], 2, "is not the address of a site"),
        (["status", "--url", "http://[::1"], 2, "is not the address of a site"),
        (["status", "--url", "http://x:99999"], 2, "is not the address of a site"),
        (["status", "--url", "http://x:abc"], 2, "is not the address of a site"),
        (["status", "--url", "http://x", "--key", "a\nb"], 2, "characters that no key has"),
        (["status", "--url", "http://x", "--key", "k\u00e9"], 2, "characters that no key has"),
        (["status", "--url", "http://127.0.0.1:9"], 1, "cannot be reached: "),
        (["status", "--url", "http://x", "--store", "sqlite:///x.db"], 2, "exclude each other"),
        (["read", "gathering-default"], 2, "this command opens a store and cannot ask a site"),
        (["work"], 2, "this command opens a store and cannot ask a site"),
        (["rules", "show", "nothing"], 1, "there is no rule 'nothing'"),
    ],
)
def test_what_cannot_be_asked_of_a_site_is_one_clear_line(
    remote: Terminal, arguments: list[str], status: int, said: str
) -> None:
    told = remote(*arguments)

    assert (told.status, told.out, told.err.count("\n")) == (status, "", 1)
    assert said in told.err


def test_a_site_and_a_store_that_are_both_named_are_refused(
    remote: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_STORE", "sqlite:///gatherlog.db")

    assert remote("status").err.startswith("gatherlog: GATHERLOG_URL and GATHERLOG_STORE are both")
    monkeypatch.delenv("GATHERLOG_KEY")
    assert "--key or GATHERLOG_KEY" in remote("status", "--url", "http://x").err
