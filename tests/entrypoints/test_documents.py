"""verify and rebuild: what they compare, what they leave out, and documents that are damaged."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gatherlog.entrypoints.cli.opening import open_platform
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal

LEFT_OUT = (
    "Not compared: log (subscription logs), activity, last_seen (subscription trail), "
    "intake_entry (subscription intake), message_reminder (subscription message_reminders); "
    "`gatherlog subscriptions reset NAME --to start` makes these documents again.\n"
)


def damage(store: Path, view: str) -> None:
    """Make all documents of a view unreadable."""
    connection = sqlite3.connect(store)
    with connection:
        connection.execute("UPDATE document SET body = x'67' WHERE view = ?", (view,))
    connection.close()


def test_what_is_not_compared_is_named(party: Terminal) -> None:
    before = party("verify")
    party("append", "users-1", "signup")
    party("append", "users-1", "signup")
    one = party("verify")
    party("append", "orders-1", "placed")

    read = "1 stream, 1 event, 1 document"
    assert before == (0, "", f"{read}: 0 differ\n{LEFT_OUT}")
    assert one.err.splitlines()[1] == (
        "1 stream of other programs (users) was not compared; they do it with "
        "gatherlog.core.projections.rebuild."
    )
    assert party("rebuild").err.splitlines()[:2] == [
        f"{read}: 0 repaired",
        "2 streams of other programs (orders, users) were not compared; they do it with "
        "gatherlog.core.projections.rebuild.",
    ]


def test_logs_of_records_are_compared(party: Terminal) -> None:
    record = {"Timestamp": 1, "EventType": "A", "ID": "m1", "EmitterId": "g", "EmitterType": "S"}

    async def take() -> None:
        async with open_platform(Settings()) as platform:
            offer = platform.intake.read(json.dumps(record).encode())
            await platform.intake.take("meters", [offer], by="test")

    asyncio.run(take())

    assert party("verify") == (0, "", f"3 streams, 3 events, 3 documents: 0 differ\n{LEFT_OUT}")


DAMAGED = (
    ("guest", "export"),
    ("guest", "link --all --yes"),
    ("guest", "import list.csv --yes"),
    ("gathering", "gathering"),
    ("gathering", "gathering list"),
    ("gathering", "init"),
    ("rule", "rules list"),
    ("rule", "rules show copy"),
)


@pytest.mark.parametrize(("view", "command"), DAMAGED)
def test_a_damaged_document_is_named_in_one_line_and_repaired_by_rebuild(
    party: Terminal, here: Path, view: str, command: str
) -> None:
    (here / "list.csv").write_text("First name,Last name,Email\nAda,Lovelace,ada@example.org\n")
    party("import", "list.csv", "--yes")
    party("rules", "add", "copy", "--pattern", '{"type": ["x"]}', "--append", "copies-1")
    damage(here / "gatherlog.db", view)

    status, out, err = party(*command.split())

    assert (status, out, err.count("\n")) == (1, "", 1)
    named = "rule 'copy' cannot be read" if view == "rule" else f"document {view}/"
    assert err.startswith(f"gatherlog: {named}")
    assert "`gatherlog rebuild` repairs it" in err
    assert party("rebuild").status == 0
    assert party(*command.split()).status == 0


def test_a_rule_whose_pattern_this_release_does_not_know_is_listed_as_set_aside(
    party: Terminal, here: Path
) -> None:
    party("rules", "add", "copy", "--pattern", '{"type": ["x"]}', "--append", "copies-1")
    newer = """
        UPDATE document
        SET body = CAST(replace(CAST(body AS TEXT), '["x"]', '[{"newer":1}]') AS BLOB)
        WHERE view = 'rule'
    """
    with closing(sqlite3.connect(here / "gatherlog.db")) as store, store:
        store.execute(newer)

    assert "copy  set aside  append copies-1" in party("rules", "list").out
