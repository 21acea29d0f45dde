"""The commands of retention, as an operator types them."""

import json
from pathlib import Path

from tests.entrypoints.conftest import Terminal

SET = ("retention", "set", "short", "--log", "users", "--days")


def test_a_rule_is_set_listed_and_removed(party: Terminal) -> None:
    assert party(*SET, "30", "--type", "signup") == (
        0,
        "Rule short: events of users of type signup expire after 30 days.\n",
        "",
    )

    listed = json.loads(party("retention", "list", "--json").out)
    assert [(one["name"], one["log"], one["days"], one["expired"]) for one in listed] == [
        ("short", "users", 30, 0)
    ]
    assert "events of users of type signup" in party("retention", "list").out
    assert party("retention", "remove", "short") == (0, "Rule short is removed.\n", "")
    assert "Nothing expires" in party("retention", "list").err


def test_a_trial_and_a_round_tell_what_expires(party: Terminal) -> None:
    party("append", "users-1", "signup", '{"name": "Ada"}')

    assert party(*SET, "1", "--dry-run") == (0, "Nothing would expire now.\n", "")
    assert json.loads(party(*SET, "1", "--dry-run", "--json").out) == {
        "matching": 0,
        "oldest": None,
        "newest": None,
    }
    party(*SET, "1")
    assert party("retention", "run") == (0, "0 events have expired.\n", "")


def test_what_may_not_expire_is_refused_in_one_line(party: Terminal) -> None:
    refused = [
        party(*SET, "0"),
        party("retention", "set", "Upper", "--log", "users", "--days", "1"),
        party("retention", "set", "short", "--log", "gathering", "--days", "1"),
        party("retention", "remove", "none"),
    ]

    assert [(one.status, one.out, one.err.count("\n")) for one in refused] == [
        (2, "", 1),
        (2, "", 1),
        (1, "", 1),
        (1, "", 1),
    ]
    words = ("--days", "NAME", "'gathering'", "no rule of retention")
    assert all(word in one.err for word, one in zip(words, refused, strict=True))


def test_an_entity_is_erased_and_the_file_does_not_hold_it_any_more(
    party: Terminal, here: Path
) -> None:
    party("append", "doors-e7", "opened", '{"by": "Quibblefax"}')
    asked = party("erase", "entity", "e7")
    assert (asked.status, asked.out) == (2, "")
    assert "--yes" in asked.err

    erased = party("erase", "entity", "e7", "--yes")

    assert erased == (0, "The entity e7 is erased: 1 event is blank now.\n", "")
    assert "(expired)" in party("read", "doors-e7").out
    assert not any(b"Quibblefax" in one.read_bytes() for one in here.iterdir() if one.is_file())
    assert "was erased before" in party("erase", "entity", "e7", "--yes").out


def test_whom_nobody_knows_is_refused_in_one_line(party: Terminal) -> None:
    refused = [
        party("erase", "guest", "0198f3c2-7a10-7000-8000-00000000dead", "--yes"),
        party("erase", "nobody", "x", "--yes"),
    ]

    assert [(one.status, one.out, one.err.count("\n")) for one in refused] == [
        (1, "", 1),
        (2, "", 1),
    ]
