"""The commands append, fake, rules, subscriptions, dead-letters and work."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatherlog.bootstrap import VIEWS
from gatherlog.core.subscriptions.subscription import PROJECTION
from gatherlog.engines import open_store
from tests.core.subscriptions.followers import give_up
from tests.entrypoints.conftest import Terminal
from tests.entrypoints.terminal import Running, running

SIGNUPS = '{"type": ["signup"]}'


@pytest.fixture
def working(party: Terminal, here: Path) -> Iterator[Running]:
    """A worker beside the terminal, in a process of its own."""
    with running("work", cwd=here) as worker:
        worker.read_until("Working for")
        yield worker
        assert worker.stop(signal.SIGTERM) == 0


def until(look: Callable[[], str], wanted: str) -> str:
    """What `look` prints, once the wanted text is in it."""
    end = time.monotonic() + 15
    while wanted not in (printed := look()):
        assert time.monotonic() < end, printed
        time.sleep(0.05)
    return printed


def test_an_event_is_appended_and_read(party: Terminal) -> None:
    assert party("append", "users-1", "signup", '{"name": "Ada"}') == (
        0,
        "users-1 is at version 1.\n",
        "",
    )
    added = party("append", "users-1", "seen", "-", "--json", "--subject", "x", stdin=b'{"n": 1}')

    assert json.loads(added.out) == {"stream": "users-1", "version": 2}
    assert '{"n": 1}' in party("read", "users-1").out


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["users-1", "signup", "{"], 2, "not JSON"),
        (["gathering-default", "forged"], 2, "written by Gatherlog alone"),
        (["users", "signup"], 2, "category-id"),
        (["users-1", "signup", "--expected", "3"], 1, "at version 0, not 3"),
        (["users-1", "signup", "--expected", "-1"], 2, "0 or more"),
    ],
)
def test_an_invalid_append_is_refused_in_one_line(
    party: Terminal, arguments: list[str], status: int, word: str
) -> None:
    refused = party("append", *arguments)

    assert (refused.status, refused.out, refused.err.count("\n")) == (status, "", 1)
    assert word in refused.err


def test_an_append_to_a_stream_that_should_be_new_says_that_it_has_events(party: Terminal) -> None:
    party("append", "users-1", "signup")

    new = party("append", "users-1", "signup", "--expected", "0")
    later = party("append", "users-1", "signup", "--expected", "7")

    assert (new.status, later.status) == (1, 1)
    assert new.err == "gatherlog: stream 'users-1' already has events (version 1)\n"
    assert later.err == "gatherlog: stream 'users-1' is at version 1, not 7\n"


def test_made_up_users_are_the_same_for_the_same_seed(party: Terminal) -> None:
    first = party("fake", "--users", "3", "--seed", "7").out
    party("append", "users-x", "signup")
    tried = party("rules", "try", "--pattern", SIGNUPS, "--json")

    assert first.endswith(" events of 3 made-up users.\n")
    assert len(tried.out.splitlines()) == 4
    assert party("fake", "--users", "0").status == 2
    assert party("fake", "users", "--count", "500", "--seed", "7").out.endswith(" made-up users.\n")
    assert party("fake", "users", "--count", "0").status == 2


def test_a_rule_is_created_listed_disabled_enabled_and_removed(party: Terminal) -> None:
    url = "https://hooks.example/secret-path?token=x"
    made = party("rules", "add", "hook", "--pattern", SIGNUPS, "--webhook", url)
    listed = party("rules", "list").out

    assert made.out == "Rule hook takes events from now on.\n"
    assert "webhook https://hooks.example" in listed
    assert "secret-path" not in listed
    assert party("rules", "disable", "hook").out == "Rule hook takes no more events.\n"
    assert json.loads(party("rules", "show", "hook").out)["enabled"] is False
    assert party("rules", "enable", "hook").status == 0
    assert party("rules", "remove", "hook").out == "Rule hook is removed.\n"
    assert party("rules", "show", "hook").status == 1


def test_a_secret_is_shown_and_rotated(party: Terminal) -> None:
    party("rules", "add", "hook", "--pattern", SIGNUPS, "--webhook", "https://hooks.example/")
    first = party("rules", "secret", "hook").out
    second = party("rules", "secret", "hook", "--rotate").out

    assert first.startswith("whsec_")
    assert first != second == party("rules", "secret", "hook").out


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--pattern", "{", "--append", "a-1"], "not JSON"),
        (["--pattern", "[]", "--append", "a-1"], "a JSON object"),
        (["--pattern", '{"type": "x"}', "--append", "a-1"], "--pattern: type: "),
        (["--pattern", SIGNUPS], "name one target"),
        (["--pattern", SIGNUPS, "--append", "a-1", "--queue", "q"], "name one target"),
        (["--pattern", SIGNUPS, "--mail", "a@example.org"], "--subject"),
        (["--pattern", SIGNUPS, "--webhook", "ftp://x"], "--webhook begins with neither"),
        (["--pattern", SIGNUPS, "--append", "key-1"], "--append: streams of"),
        (["--pattern", SIGNUPS, "--append", "a-1", "--path", "x=$.y"], "--template"),
        (["--pattern", SIGNUPS, "--append", "a-1", "--template", "<x>"], "--template: <x>"),
    ],
)
def test_an_invalid_rule_is_refused_in_one_line(
    party: Terminal, options: list[str], word: str
) -> None:
    refused = party("rules", "add", "r", *options)

    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert word in refused.err
    assert party("rules", "list").out == ""


@pytest.mark.usefixtures("working")
def test_a_worker_delivers_pauses_and_resumes_as_commanded(party: Terminal) -> None:
    party("rules", "add", "copy", "--pattern", SIGNUPS, "--append", "copies-1")
    party("append", "users-1", "signup", '{"name": "Ada"}')

    until(lambda: party("read", "copies-1").out, '"name": "Ada"')
    until(lambda: " ".join(party("subscriptions", "list").out.split()), "bus 0 ")
    told = "bus will be paused by the process that reads it.\n"
    assert party("subscriptions", "pause", "bus").out == told
    until(lambda: party("subscriptions", "list").out, "paused")
    paused = "bus is paused; `gatherlog subscriptions resume bus` lets it continue\n"
    assert party("subscriptions", "show", "bus").out.startswith(paused)
    party("append", "users-2", "signup")
    assert party("subscriptions", "resume", "bus").status == 0
    until(lambda: party("read", "copies-1").out, " copies-1 2  signup")


@pytest.mark.usefixtures("working")
def test_dead_letters_are_listed_redriven_and_discarded(
    party: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator takes an allowed network back after a rule was saved."""
    here = ["--webhook", "http://127.0.0.1:9/", "--attempts", "1"]
    with monkeypatch.context() as before:
        before.setenv("GATHERLOG_WEBHOOK_ALLOW", "127.0.0.1")
        assert party("rules", "add", "hook", "--pattern", SIGNUPS, *here).status == 0
    for number in range(3):
        party("append", f"users-{number}", "signup")
    until(lambda: party("dead-letters", "list").out, "users-2")
    dead_letters = json.loads(party("dead-letters", "list", "--json").out)

    shown = json.loads(party("dead-letters", "show", dead_letters[0]["id"]).out)
    assert (shown["kind"], shown["destination"]) == ("address_refused", "hook/target")
    assert "GATHERLOG_WEBHOOK_ALLOW" in shown["detail"]
    assert party("dead-letters", "redrive", "--all", "--destination", "hook/target").out == (
        "3 will be tried again.\n"
    )
    until(lambda: party("dead-letters", "list").out, "users-2")
    away = ["--reason", "nobody is there"]
    assert party("dead-letters", "discard", dead_letters[0]["id"], *away).out == "1 discarded.\n"
    until(lambda: party("dead-letters", "list", "--state", "discarded").out, dead_letters[0]["id"])
    assert party("dead-letters", "discard", *away).status == 2
    assert party("dead-letters", "redrive", "no-such-letter").status == 1


def test_discarding_what_a_projection_could_not_fold_says_what_its_totals_lack(
    party: Terminal, here: Path
) -> None:
    async def one_given_up() -> str:
        store = await open_store(f"sqlite:///{here}/gatherlog.db", views=VIEWS)
        id = await give_up(store, "logs", PROJECTION)
        await store.close()
        return id

    id = asyncio.run(one_given_up())

    assert party("dead-letters", "discard", id, "--reason", "a test").out == (
        "1 discarded.\n"
        "The documents of logs, and the totals in them, lack what was discarded until you run:"
        " gatherlog subscriptions reset logs --to start\n"
    )
    refused = party("dead-letters", "redrive", id)
    assert (refused.status, "reset logs" in refused.err) == (1, True)


def test_a_subscription_that_nobody_reads_is_not_called_read_or_paused(party: Terminal) -> None:
    def states() -> dict[str, str]:
        listed = json.loads(party("subscriptions", "list", "--json").out)
        return {one["name"]: one["state"] for one in listed}

    names = ("bus", "intake", "logs", "message_members", "message_spreading", "things", "trail")
    unread = dict.fromkeys(names, "never read")
    assert states() == unread
    party("subscriptions", "pause", "bus")
    assert states() == {**unread, "bus": "pausing"}
    assert "pausing" in party("subscriptions", "list").out
    party("subscriptions", "resume", "bus")
    assert states()["bus"] == "never read"


@pytest.mark.usefixtures("working")
def test_a_receiver_that_is_down_is_shown_with_what_to_do(party: Terminal) -> None:
    """Its name is one that is reserved for names that do not exist."""
    party("rules", "add", "down", "--pattern", SIGNUPS, "--webhook", "https://nobody.invalid/hook")
    for n in range(5):
        party("append", f"users-{n}", "signup", "{}")

    shown = until(
        lambda: party("subscriptions", "show", "bus").out, "all deliveries have failed since"
    )
    assert "down/target is held" in shown
    assert "Mend the receiver, or change or remove the rule" in shown
    listed = json.loads(party("subscriptions", "list", "--json").out)
    assert [one["failing"] for one in listed if one["name"] == "bus"] == [1]


def test_a_projection_can_only_be_reset_to_the_start(party: Terminal) -> None:
    assert party("subscriptions", "reset", "logs", "--to", "end").status == 2
    assert party("subscriptions", "reset", "logs", "--to", "start").status == 0
    assert party("subscriptions", "reset", "bus", "--to", "nowhere").status == 2
    assert party("subscriptions", "show", "nobody").status == 1


def test_a_field_that_no_event_has_is_warned_of(party: Terminal, here: Path) -> None:
    mistyped = '{"typ": ["signup"], "$or": [{"data": {"any": [1]}}, {"lgo": ["users"]}]}'
    tried = party("rules", "try", "--pattern", mistyped)
    fine = party("rules", "try", "--pattern", SIGNUPS)

    warned = [line for line in tried.err.splitlines() if "no event has" in line]
    assert [line.split(";")[0] for line in warned] == [
        'gatherlog: --pattern: no event has the field "lgo"',
        'gatherlog: --pattern: no event has the field "typ"',
    ]
    assert fine.err == "0 of the last 1 events\n"
    with running("tail", "--pattern", '{"typ": ["x"]}', cwd=here) as following:
        following.read_until('no event has the field "typ"')


def test_tail_prints_events_that_match_a_pattern(party: Terminal, here: Path) -> None:
    party("append", "users-1", "other")
    with running("tail", "--from-start", "--pattern", SIGNUPS, cwd=here) as following:
        party("append", "users-1", "signup")
        following.read_until("signup")

    assert len(following.lines) == 1
