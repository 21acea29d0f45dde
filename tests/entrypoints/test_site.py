"""init, backup, version, and help."""

import json
from pathlib import Path

import pytest

from gatherlog import __version__
from tests.entrypoints.conftest import Terminal


def test_init_makes_a_store_once_and_leaves_it_as_it_is_afterwards(
    terminal: Terminal, here: Path
) -> None:
    assert terminal("init") == (0, "sqlite:///gatherlog.db is ready.\n", "")
    before = terminal("read", "gathering-default").out

    assert terminal("init") == (0, "sqlite:///gatherlog.db was a store already.\n", "")
    assert terminal("read", "gathering-default").out == before


def test_init_makes_a_store_of_an_empty_file(terminal: Terminal, here: Path) -> None:
    (here / "gatherlog.db").touch()

    assert terminal("init") == (0, "sqlite:///gatherlog.db is ready.\n", "")


EXISTING = (
    *("read x-1", "tail", "verify", "rebuild", "backup copy.db", "signin ada@example.org", "work"),
    *("append x-1 t", "link --all --yes", "import list.csv", "export", "gathering", "key list"),
    *(
        "gathering list",
        "gathering create --name Ball",
        "rules list",
        "rules show r",
        "key revoke k",
    ),
    *("subscriptions list", "subscriptions pause bus", "dead-letters list"),
    *("things list", "things show t", "things approve t --as ada@example.org"),
    *(
        "things reject t --as ada@example.org --reason No",
        "things withdraw t --as ada@example.org --reason No",
    ),
)


@pytest.mark.parametrize("command", EXISTING)
def test_a_command_that_needs_a_store_makes_none(
    terminal: Terminal, here: Path, command: str
) -> None:
    (here / "empty.db").touch()
    (here / "list.csv").write_text("Name\nAda Lovelace\n")
    before = sorted(here.iterdir())

    for name, what in (("none", "no store"), ("empty", "an empty file")):
        url = f"sqlite:///{name}.db"
        reason = f"there is {what} at {url}; make a store: gatherlog init --store {url}"
        assert terminal(*command.split(), "--store", url) == (1, "", f"gatherlog: {reason}\n")
    assert sorted(here.iterdir()) == before


def test_a_flag_wins_over_the_environment(
    terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATHERLOG_STORE", "sqlite:///environment.db")

    terminal("init")
    terminal("init", "--store", "sqlite:///flag.db")

    assert sorted(path.name for path in here.glob("*.db")) == ["environment.db", "flag.db"]


def test_a_store_in_memory_cannot_be_made_by_init(terminal: Terminal) -> None:
    assert terminal("init", "--store", "memory:") == (
        2,
        "",
        "gatherlog: memory: ends with its process; name a file: --store sqlite:///file.db\n",
    )


def test_a_backup_is_a_store_with_the_same_log(party: Terminal) -> None:
    assert party("backup", "copy.db").status == 0

    original = party("read", "gathering-default", "--json")
    assert party("read", "gathering-default", "--json", "--store", "sqlite:///copy.db") == original


def test_a_backup_overwrites_nothing(party: Terminal, here: Path) -> None:
    (here / "copy.db").write_text("precious")

    assert party("backup", "copy.db") == (
        1,
        "",
        "gatherlog: copy.db exists; a backup overwrites nothing\n",
    )
    assert (here / "copy.db").read_text() == "precious"


def test_the_version_is_printed_as_text_and_as_json(terminal: Terminal) -> None:
    assert terminal("version").out.splitlines()[0] == f"gatherlog {__version__}"
    assert terminal("--version").out == f"{__version__}\n"
    output = json.loads(terminal("version", "--json").out)
    assert (sorted(output), output["gatherlog"]) == (["gatherlog", "python", "sqlite"], __version__)


def test_help_names_every_command(terminal: Terminal) -> None:
    listed = {line[1:13].strip("│ ") for line in terminal("--help").out.splitlines()}
    commands = "backup demo export import init key read serve tail version"

    assert set(commands.split()) - listed == set()
