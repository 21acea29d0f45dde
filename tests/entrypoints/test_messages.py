"""The commands about conversations: made, listed, read, scanned, deleted and made again."""

import json
import re
from pathlib import Path

from tests.entrypoints.conftest import Terminal


def seeded(terminal: Terminal, *arguments: str) -> str:
    """The id of a conversation of Ada and Bob."""
    made = terminal("messages", "seed", *arguments)
    found = re.fullmatch(r"([\d,]+) messages? in the conversation (\S+)\.\n", made.out)
    assert found is not None, made
    return found[2]


def test_two_members_write_a_hundred_lines_into_one_conversation(terminal: Terminal) -> None:
    first = seeded(terminal)
    second = seeded(terminal, "bob", "ada", "--messages", "4")

    [line] = json.loads(terminal("messages", "list-conversations", "BOB", "--json").out)
    assert (first, line["uuid"]) == (second, first)
    assert (line["display_name"], line["unread"]) == ("Ada", 52)


def test_a_conversation_is_read_by_its_members_and_stays_unread(terminal: Terminal) -> None:
    uuid = seeded(terminal, "--messages", "3")
    command = ("messages", "get-conversation", uuid, "--as")

    shown = terminal(*command, "ada").out.splitlines()
    seeded(terminal, "cyd", "dee")
    stranger = terminal(*command, "cyd")

    assert len(shown) == 3
    assert re.match(r"\d{4}-\S+\+00:00  Ada: Have you thought of ", shown[0])
    assert [one["user_uuid"] for one in json.loads(terminal(*command, "ada", "--json").out)]
    assert (stranger.status, stranger.err.startswith("gatherlog: there is no conversation")) == (
        1,
        True,
    )
    [line] = json.loads(terminal("messages", "list-conversations", "bob", "--json").out)
    assert line["unread"] == 2


def test_tables_are_listed_scanned_deleted_and_made_again(terminal: Terminal) -> None:
    seeded(terminal, "--messages", "5")
    tables = json.loads(terminal("messages", "list-tables", "--json").out)
    assert {one["table"]: one["documents"] for one in tables if one["documents"]} == {
        "conversation": 1,
        "conversation_pair": 1,
        "message": 5,
        "membership": 2,
        "inbox": 2,
    }
    lines = terminal("messages", "scan", "message", "--limit", "3").out.splitlines()
    assert [json.loads(line)["body"]["author"] for line in lines]
    before = terminal("messages", "list-conversations", "ada", "--json").out

    assert terminal("messages", "drop", "--yes").out == (
        "11 documents deleted. Make them again: gatherlog rebuild\n"
    )
    assert json.loads(terminal("messages", "list-conversations", "ada", "--json").out) == []
    assert terminal("rebuild").status == 0
    assert terminal("messages", "list-conversations", "ada", "--json").out == before
    assert terminal("verify").status == 0


def test_nothing_is_deleted_without_a_confirmation(terminal: Terminal) -> None:
    seeded(terminal, "--messages", "1")

    refused = terminal("messages", "drop")

    assert (refused.status, "confirm with --yes" in refused.err) == (2, True)
    assert len(json.loads(terminal("messages", "list-conversations", "ada", "--json").out)) == 1


def test_mistakes_are_named_in_one_line(terminal: Terminal, here: Path) -> None:
    assert terminal("messages", "drop", "--yes").status == 1
    assert list(here.iterdir()) == []
    seeded(terminal, "--messages", "1")
    for wrong, says in {
        ("seed", "ada", "ADA"): "are the same member",
        ("seed", "--messages", "0"): "write 1 to 100,000",
        ("seed", "a b"): "a b is no handle",
        ("list-conversations", "nobody"): "Nobody has this handle",
        ("get-conversation", "x", "--as", "ada"): "there is no conversation",
        ("scan", "guest"): "there is no table guest",
    }.items():
        refused = terminal("messages", *wrong)
        assert refused.status > 0, wrong
        assert (says in refused.err, refused.err.count("\n")) == (True, 1), refused.err
